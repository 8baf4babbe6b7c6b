//! Reset: a run ends, or ended, and another one begins with a part of its history.
//!
//! The base run writes what was asked ([`Change::Reset`]), in the same record its termination when it
//! is open, and from then on owes the new run, as it would owe a successor: a crash in between loses
//! nothing, and the new run's id, which stands in the request, keeps it from being made twice. The new
//! run's first record holds the copied events and everything that a reset adds to them. Follows
//! `service/history/api/resetworkflow` and `service/history/ndc/workflow_resetter.go`.

mod opening;
mod point;
mod reapply;

pub(super) use self::opening::open;
pub use self::opening::{ResetStart, check_point};
use super::Run;
use crate::{
    Change, Effect, EventId, EventKind, Rejection, RunId, RunKey, Timestamp, Transition,
    effect::{Outbound, OutboundMessage},
    event::WorkflowExecutionTerminated,
    input::{Reply, Reset},
    record::Fork,
};

/// Who ends a run that is reset, in its history (Temporal's `IdentityResetter`).
pub const RESETTER: &str = "history-resetter";

/// Whether a reset ended the run: its parent hears from the run that takes its place.
pub(crate) fn ended_by_reset(closing: &EventKind) -> bool {
    matches!(closing, EventKind::WorkflowExecutionTerminated(a) if a.identity.as_str() == RESETTER)
}

impl Run {
    /// The run that wrote an event: another one for events that a reset copied.
    pub(crate) fn author_of(&self, event_id: EventId) -> RunKey {
        let forks = self.opened.reset.iter().flat_map(|origin| &origin.forks);
        let mut author = self.key().clone();
        if let Some(fork) = forks.into_iter().find(|fork: &&Fork| event_id <= fork.through) {
            author.run_id = fork.run_id.clone();
        }
        author
    }

    /// The run that has this event after a reset, if there was one.
    pub(crate) fn reset_with(&self, event_id: EventId) -> Option<RunId> {
        let reset = self.reset_to.as_ref()?;
        (event_id < reset.workflow_task_finish_event_id).then(|| reset.new_run_id.clone())
    }

    /// When the first of the runs started whose history this one has.
    pub fn original_start(&self) -> Timestamp {
        self.opened.reset.as_ref().map_or(self.started_at, |origin| origin.original_start)
    }

    /// The run begins at this moment, with a history that is older.
    pub(super) fn begin_again(&mut self, at: Timestamp) {
        self.started_at = at;
        self.last_at = at;
        let timeout = self.started.workflow_execution_timeout.set();
        let mut started = (*self.started).clone();
        started.workflow_execution_expiration = timeout.map(|timeout| at + timeout);
        self.started = started.into();
    }

    pub(super) fn on_rescheduled(&mut self, at: Timestamp) {
        for activity in self.activities.values_mut() {
            let activity = std::sync::Arc::make_mut(activity);
            activity.scheduled_at = at;
            activity.attempt_scheduled_at = at;
        }
    }
}

impl Transition<'_> {
    /// The base run's part. Where the reset may begin is for [`check_point`] to say, before.
    pub(super) fn reset(&mut self, reset: Reset) -> Result<Reply, Rejection> {
        let known = self.run.reset_to.as_ref();
        if known.is_some_and(|known| known.new_run_id == reset.new_run_id) {
            return Ok(Reply::Duplicate);
        }
        check_range(reset.workflow_task_finish_event_id, self.run.next_event_id)?;
        if self.run.deleting {
            return Err(Rejection::Closed);
        }
        self.limits.optional_name("RequestId", reset.request_id.as_str())?;
        self.change(Change::Reset(Box::new(reset.clone())));
        if self.run.status.is_open() {
            let identity = RESETTER.into();
            let reason = reset.reason;
            self.close_run(WorkflowExecutionTerminated { reason, identity, ..Default::default() });
        } else {
            let base = self.run.key().clone();
            let message =
                OutboundMessage::StartReset { base: base.clone(), reset: Box::new(reset) };
            let closing = self.run.close_event.as_ref().map_or(0, |event| event.id);
            let outbound = Outbound { from: base, initiated_event_id: closing, message };
            self.effect(Effect::Send(Box::new(outbound)));
        }
        Ok(Reply::Done)
    }
}

/// A reset leaves out at least the last event, and copies at least the first.
pub(crate) fn check_range(finish: EventId, next: EventId) -> Result<(), Rejection> {
    if finish > 1 && finish < next {
        return Ok(());
    }
    let message = "Workflow task finish ID must be > 1 && <= workflow last event ID.";
    Err(Rejection::Invalid(message.to_owned()))
}

#[cfg(test)]
mod tests;
