//! One task queue: references by urgency and in order of arrival, polls in order of arrival.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use steadfast_core::{EventId, Span, priority::KEYS};
use tokio::{sync::Notify, time::Instant};

use super::{
    Poller, Reference, TaskName,
    pollers::Pollers,
    rates::{Limit, Rate},
};
use crate::{
    api::{QueueDescription, QueueStats},
    slot::Slot,
    trace::log::log_key,
};

/// A queue that is longer than this is not searched for a withdrawn task.
const WITHDRAW_SEARCH_MAX: usize = 1_024;
/// Lines of references, the most urgent first.
const LINES: usize = 5;
/// A poll that waited this long for its task was idle (`matching.pollerScalingWaitTime`).
const IDLE_POLL: Duration = Duration::from_secs(1);
/// Tasks older than this want more polls (`matching.pollerScalingMinimumBacklog`).
const OLD_BACKLOG: Duration = Duration::from_millis(200);
/// More polls are asked for at most this often, per worker.
const SCALE_UP_EVERY: Duration = Duration::from_millis(100);

/// A bound from here on is none: Go's SDK always sends 100,000.
const LIMIT_MAX: f64 = 10_000.0;

/// One task queue.
#[derive(Default)]
pub(super) struct Queue {
    lines: [VecDeque<Waiting>; LINES],
    pub(super) pollers: Pollers,
    /// Tells that a task came that no poll waited for.
    pub(super) unwanted: Arc<Notify>,
    limit: Option<Limit>,
    added: Rate,
    dispatched: Rate,
    scaled_up: Option<Instant>,
    emptied: Option<Instant>,
}

struct Waiting {
    reference: Reference,
    since: Instant,
}

impl Queue {
    /// Counts a task that is offered.
    pub(super) fn count_added(&mut self) {
        self.added.count(Instant::now());
    }

    /// Adds a reference. A full queue drops its oldest, which is offered again when its run is next
    /// taken over: the bound only keeps a queue that nobody polls from taking all memory.
    pub(super) fn push_task(&mut self, reference: Reference, max: usize) {
        if self.backlog() >= max {
            let least_urgent = self.lines.iter_mut().rev().find(|line| !line.is_empty());
            if let Some(dropped) = least_urgent.and_then(VecDeque::pop_front) {
                let key = dropped.reference.slot.key();
                log_key!(error, key, max, "task queue is full, its oldest task is dropped");
            }
        }
        self.emptied = None;
        let line = reference.line.min(LINES - 1);
        self.lines[line].push_back(Waiting { reference, since: Instant::now() });
    }

    /// Takes the first task of the most urgent line.
    pub(super) fn take_task(&mut self) -> Option<Reference> {
        for line in &mut self.lines {
            while let Some(waiting) = line.pop_front() {
                if !waiting.reference.slot.is_gone() {
                    return Some(waiting.reference);
                }
            }
        }
        None
    }

    /// The first task, if there is one and the limit lets it go.
    pub(super) fn dispatch_task(&mut self) -> Option<Reference> {
        if !self.has_tasks() || !self.may_dispatch() {
            return None;
        }
        let task = self.take_task()?;
        self.dispatched.count(Instant::now());
        Some(task)
    }

    /// The first waiting poll, if there is one and the limit lets a task go to it.
    pub(super) fn dispatch_poller(&mut self) -> Option<Poller> {
        if !self.pollers.any() || !self.may_dispatch() {
            return None;
        }
        let poller = self.pollers.take()?;
        self.dispatched.count(Instant::now());
        Some(poller)
    }

    fn may_dispatch(&mut self) -> bool {
        self.limit.as_mut().is_none_or(|limit| limit.take(Instant::now()))
    }

    /// A worker's word on how many tasks a second may go.
    pub(super) fn limit_to(&mut self, per_second: f64) {
        if !(per_second > 0.0 && per_second < LIMIT_MAX) {
            return;
        }
        let now = Instant::now();
        match &mut self.limit {
            Some(limit) => limit.set(per_second, now),
            None => self.limit = Some(Limit::new(per_second, now)),
        }
    }

    /// How often a waiting poll looks whether the limit lets a task go.
    pub(super) fn pace(&self) -> Option<Duration> {
        self.limit.as_ref().map(Limit::pace)
    }

    pub(super) fn has_tasks(&self) -> bool {
        self.lines.iter().any(|line| !line.is_empty())
    }

    /// Tasks that wait.
    pub(super) fn backlog(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    pub(super) fn withdraw(&mut self, slot: &Arc<Slot>, scheduled: EventId) {
        for line in self.lines.iter_mut().filter(|line| line.len() <= WITHDRAW_SEARCH_MAX) {
            line.retain(|waiting| {
                let same = match &waiting.reference.task {
                    TaskName::Activity { scheduled_event_id, .. } => {
                        *scheduled_event_id == scheduled
                    }
                    TaskName::Workflow { .. } | TaskName::Query { .. } => false,
                };
                !(same && Arc::ptr_eq(&waiting.reference.slot, slot))
            });
        }
    }

    /// Whether the worker should poll more (1), less (-1) or as it does, after a poll that waited.
    pub(super) fn scaling(&mut self, waited: Duration) -> i32 {
        if waited >= IDLE_POLL {
            return -1;
        }
        let now = Instant::now();
        let old = self.lines.iter().filter_map(VecDeque::front);
        if !old.into_iter().any(|waiting| now - waiting.since > OLD_BACKLOG) {
            return 0;
        }
        let every = SCALE_UP_EVERY / u32::try_from(self.pollers.workers()).unwrap_or(1);
        if self.scaled_up.is_some_and(|at| now - at < every) {
            return 0;
        }
        self.scaled_up = Some(now);
        1
    }

    pub(super) fn describe(&mut self) -> QueueDescription {
        let now = Instant::now();
        let age = |line: &VecDeque<Waiting>| {
            line.front().map_or(Duration::ZERO, |waiting| now - waiting.since)
        };
        let stats = QueueStats {
            backlog: self.backlog(),
            oldest_age: Span::from(self.lines.iter().map(age).max().unwrap_or_default()),
            add_rate: self.added.per_second(now),
            dispatch_rate: self.dispatched.per_second(now),
        };
        let by_priority = KEYS.zip(&self.lines).filter(|(_, line)| !line.is_empty());
        let by_priority = by_priority.map(|(key, line)| (key, line.len(), Span::from(age(line))));
        let by_priority = by_priority.collect();
        QueueDescription { pollers: self.pollers.describe(), stats, by_priority }
    }

    pub(super) fn prune(&mut self) {
        for line in &mut self.lines {
            line.retain(|waiting| !waiting.reference.slot.is_gone());
        }
        self.pollers.prune();
    }

    /// Whether anything is in the queue, or was a moment ago.
    pub(super) fn is_used(&mut self, linger: Duration) -> bool {
        if self.has_tasks() || self.pollers.is_used() {
            self.emptied = None;
            return true;
        }
        self.emptied.get_or_insert_with(Instant::now).elapsed() < linger
    }
}
