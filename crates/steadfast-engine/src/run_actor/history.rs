//! A run's events: the newest in memory, the rest read from the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use steadfast_core::{Event, EventId, Run};

use super::{Arguments, Live};
use crate::{
    api::{HistoryPage, HistoryRequest},
    ports::Stored,
    sync::lock,
    trace::log::log_run,
};

/// The newest events of a run, contiguous.
#[derive(Debug)]
pub(super) struct EventTail {
    /// The id of the first event held, or of the next one when none is.
    first: EventId,
    events: VecDeque<Arc<Event>>,
}

impl EventTail {
    /// Holds nothing; the next event has this id.
    pub(super) fn starting_at(first: EventId) -> Self {
        Self { first, events: VecDeque::new() }
    }

    /// Holds the events of these records; `next` is the id that follows.
    pub(super) fn of(records: &[Stored], next: EventId, max: usize) -> Self {
        let count = records.iter().map(|stored| stored.record.events().count()).sum::<usize>();
        let mut tail = Self::starting_at(next - i64::try_from(count).unwrap_or(0));
        for stored in records {
            tail.extend(stored.record.events(), max);
        }
        tail
    }

    /// Adds events; the oldest go when there are too many.
    pub(super) fn extend<'a>(&mut self, events: impl Iterator<Item = &'a Event>, max: usize) {
        for event in events {
            self.events.push_back(Arc::new(event.clone()));
        }
        while self.events.len() > max.max(1) {
            self.events.pop_front();
            self.first += 1;
        }
    }

    /// Holds these events instead.
    pub(super) fn replace(&mut self, first: EventId, events: Vec<Arc<Event>>) {
        self.first = first;
        self.events = events.into();
    }

    /// The id of the first event held.
    pub(super) fn first(&self) -> EventId {
        self.first
    }

    /// The events from `from` on, if all of them are held.
    pub(super) fn from(&self, from: EventId) -> Option<Vec<Arc<Event>>> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        Some(self.events.iter().skip(skip).cloned().collect())
    }
}

/// Events that were read from the log for one page, for the pages that follow: without them, whoever reads
/// a long history page by page reads all of it for each page. A worker would not be done in time.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Vec<Arc<Event>>>);

impl Ahead {
    /// What is kept of one read, in bytes.
    const BYTES_MAX: u64 = 16 << 20;

    /// Keeps the first of these, instead of what it kept.
    fn keep(&self, events: &[Arc<Event>]) {
        let mut bytes = 0;
        let kept = events.iter().take_while(|event| {
            bytes += event.approximate_bytes();
            bytes <= Self::BYTES_MAX
        });
        *lock(&self.0) = kept.cloned().collect();
    }

    /// These events, if all of them are kept. The last page is the last that is asked for.
    fn range(&self, from: EventId, through: EventId) -> Option<Vec<Arc<Event>>> {
        let mut kept = lock(&self.0);
        let (first, last) = (kept.first()?.id, kept.last()?.id);
        if from < first || last < through {
            return None;
        }
        let skip = usize::try_from(from - first).ok()?;
        let count = usize::try_from(through - from + 1).ok()?;
        let events = kept.iter().skip(skip).take(count).cloned().collect();
        if through == last {
            *kept = Vec::new();
        }
        Some(events)
    }
}

impl Live {
    /// The events from `from` to `through`; nothing when the log does not answer.
    pub(super) async fn events_through(
        &self,
        ctx: &Arguments,
        from: EventId,
        through: EventId,
    ) -> Option<Vec<Arc<Event>>> {
        let mut events = match self.events.from(from) {
            Some(events) => events,
            None => match self.ahead.range(from, through) {
                Some(events) => events,
                None => self.read_events(ctx, from).await?,
            },
        };
        let wanted = usize::try_from(through - from + 1).unwrap_or(0);
        events.truncate(wanted);
        (events.len() == wanted).then_some(events)
    }

    /// Older events from the log, then the newest from memory.
    async fn read_events(&self, ctx: &Arguments, from: EventId) -> Option<Vec<Arc<Event>>> {
        let records = match ctx.shared.world.log.read(&ctx.slot.address, 0).await {
            Ok(records) => records,
            Err(error) => {
                log_run!(warn, &self.run, %error, "failed to read a history");
                return None;
            }
        };
        let first = self.events.first();
        let older = records.iter().flat_map(|stored| stored.record.events());
        let older = older.filter(|event| (from..first).contains(&event.id));
        let mut events: Vec<_> = older.map(|event| Arc::new(event.clone())).collect();
        events.extend(self.events.from(first.max(from)).unwrap_or_default());
        self.ahead.keep(&events);
        Some(events)
    }

    /// A page of history, as the log has it.
    pub(super) async fn page(
        &self,
        ctx: &Arguments,
        request: &HistoryRequest,
    ) -> Option<HistoryPage> {
        if request.close_event_only {
            return Some(closing_page(&self.run));
        }
        let from = request.from_event_id.max(1);
        let max = request.max_events.clamp(1, ctx.shared.config.history_page_max);
        let last = self.run.next_event_id - 1;
        let through = last.min(from.saturating_add(i64::try_from(max).unwrap_or(i64::MAX) - 1));
        let events =
            if from > last { Vec::new() } else { self.events_through(ctx, from, through).await? };
        Some(page_of(&self.run, from, events))
    }
}

/// A page with these events, and where the next one starts.
pub(super) fn page_of(run: &Run, from: EventId, events: Vec<Arc<Event>>) -> HistoryPage {
    let next = events.last().map_or(from, |event| event.id + 1);
    let is_end = !run.status.is_open() && next >= run.next_event_id;
    HistoryPage {
        run: run.key().clone(),
        task_queue: run.started.task_queue.clone(),
        events,
        next_event_id: (!is_end).then_some(next),
        last_event_id: run.next_event_id - 1,
        status: run.status,
    }
}

/// The closing event, if there is one yet.
pub(super) fn closing_page(run: &Run) -> HistoryPage {
    let events: Vec<_> = run.close_event.iter().cloned().collect();
    let next_event_id = events.is_empty().then_some(run.next_event_id);
    HistoryPage {
        run: run.key().clone(),
        task_queue: run.started.task_queue.clone(),
        events,
        next_event_id,
        last_event_id: run.next_event_id - 1,
        status: run.status,
    }
}
