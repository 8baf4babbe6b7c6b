//! One task queue: references in order of arrival, polls in order of arrival.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use steadfast_core::EventId;
use tokio::time::Instant;

use super::{Poller, Reference, TaskName};
use crate::slot::Slot;

/// A queue that is longer than this is not searched for a withdrawn task.
const WITHDRAW_SEARCH_MAX: usize = 1_024;

/// One task queue.
#[derive(Default)]
pub(super) struct Queue {
    tasks: VecDeque<Reference>,
    pollers: VecDeque<Poller>,
    pub(super) last_poll: Option<Instant>,
    emptied: Option<Instant>,
}

impl Queue {
    /// Adds a reference. A full queue drops its oldest, which is offered again when its run is next
    /// taken over: the bound only keeps a queue that nobody polls from taking all memory.
    pub(super) fn push_task(&mut self, reference: Reference, max: usize) {
        if self.tasks.len() >= max {
            let dropped = self.tasks.pop_front();
            if let Some(dropped) = dropped {
                let run = dropped.slot.key();
                tracing::error!(%run, max, "task queue is full, its oldest task is dropped");
            }
        }
        self.emptied = None;
        self.tasks.push_back(reference);
    }

    pub(super) fn take_task(&mut self) -> Option<Reference> {
        while let Some(reference) = self.tasks.pop_front() {
            if !reference.slot.is_gone() {
                return Some(reference);
            }
        }
        None
    }

    pub(super) fn push_poller(&mut self, poller: Poller, max: usize) -> Result<(), ()> {
        if self.pollers.len() >= max {
            self.pollers.retain(|poller| !poller.hand.is_closed());
        }
        if self.pollers.len() >= max {
            return Err(());
        }
        self.emptied = None;
        self.pollers.push_back(poller);
        Ok(())
    }

    pub(super) fn push_poller_first(&mut self, poller: Poller) {
        self.emptied = None;
        self.pollers.push_front(poller);
    }

    pub(super) fn take_poller(&mut self) -> Option<Poller> {
        while let Some(poller) = self.pollers.pop_front() {
            if !poller.hand.is_closed() {
                return Some(poller);
            }
        }
        None
    }

    pub(super) fn has_tasks(&self) -> bool {
        !self.tasks.is_empty()
    }

    pub(super) fn has_pollers(&mut self) -> bool {
        while self.pollers.front().is_some_and(|poller| poller.hand.is_closed()) {
            self.pollers.pop_front();
        }
        !self.pollers.is_empty()
    }

    pub(super) fn withdraw(&mut self, slot: &Arc<Slot>, scheduled: EventId) {
        if self.tasks.len() > WITHDRAW_SEARCH_MAX {
            return;
        }
        self.tasks.retain(|reference| {
            let same = match &reference.task {
                TaskName::Activity { scheduled_event_id, .. } => *scheduled_event_id == scheduled,
                TaskName::Workflow { .. } | TaskName::Query { .. } => false,
            };
            !(same && Arc::ptr_eq(&reference.slot, slot))
        });
    }

    pub(super) fn prune(&mut self) {
        self.tasks.retain(|reference| !reference.slot.is_gone());
        self.pollers.retain(|poller| !poller.hand.is_closed());
    }

    /// Whether anything is in the queue, or was a moment ago.
    pub(super) fn is_used(&mut self, linger: Duration) -> bool {
        if !self.tasks.is_empty() || !self.pollers.is_empty() {
            return true;
        }
        self.emptied.get_or_insert_with(Instant::now).elapsed() < linger
    }
}
