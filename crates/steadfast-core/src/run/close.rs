//! How a run ends, and what it owes others then: its parent, its children, its successor.

use std::sync::Arc;

use bytes::Bytes;

use super::{Run, Status};
use crate::{
    Effect, Event, EventKind, Transition,
    effect::{Outbound, OutboundMessage},
    event::UserMetadata,
    input::{ChildFate, ChildReport},
};

impl Transition<'_> {
    /// Writes the closing event and everything that follows from it.
    pub(crate) fn close_run(&mut self, kind: impl Into<EventKind>) {
        self.close_run_with(kind, None, Vec::new());
    }

    /// The same, with what the user says of it and its links.
    pub(crate) fn close_run_with(
        &mut self,
        kind: impl Into<EventKind>,
        user_metadata: Option<Box<UserMetadata>>,
        links: Vec<Bytes>,
    ) {
        self.force_close_task();
        self.flush_buffered();
        self.abort_updates();
        self.event_with(kind, user_metadata, links);
        self.withdraw_child_starts();
        let owed = self.run.owed_when_closed();
        if owed.is_empty() {
            // Else the next tick does, once the messages are answered for: what follows this run comes
            // first.
            self.call_back();
        }
        for message in owed {
            self.effect(Effect::Send(Box::new(message)));
        }
        self.effect(Effect::Closed);
    }
}

impl Run {
    pub(super) fn on_closed(&mut self, event: &Event) {
        use EventKind as E;
        #[expect(clippy::wildcard_enum_match_arm, reason = "evolve sends only closing events")]
        let status = match &event.kind {
            E::WorkflowExecutionCompleted(_) => Status::Completed,
            E::WorkflowExecutionFailed(_) => Status::Failed,
            E::WorkflowExecutionTimedOut(_) => Status::TimedOut,
            E::WorkflowExecutionTerminated(_) => Status::Terminated,
            E::WorkflowExecutionCanceled(_) => Status::Canceled,
            E::WorkflowExecutionContinuedAsNew(_) => Status::ContinuedAsNew,
            _ => return,
        };
        self.status = status;
        self.closed_at = Some(event.at);
        self.close_event = Some(Arc::new(event.clone()));
        self.workflow_task = None;
        self.first_task_not_before = None;
        self.activities.clear();
        self.activity_ids.clear();
        self.timers.clear();
        self.external.clear();
        self.session = super::Session::default();
        self.on_closed_for_callbacks(event);
    }

    /// The messages that a closed run owes: derived from its state, so a takeover sends them again.
    pub fn owed_when_closed(&self) -> Vec<Outbound> {
        let Some(close) = self.close_event.as_ref().filter(|_| !self.nothing_owed) else {
            return Vec::new();
        };
        let outbound =
            |message| Outbound { from: self.key().clone(), initiated_event_id: close.id, message };
        if let Some(reset) = &self.reset_to {
            // Its children go on under the run that takes its place, and its parent waits for that.
            let (base, reset) = (self.key().clone(), Box::new((**reset).clone()));
            return vec![outbound(OutboundMessage::StartReset { base, reset })];
        }
        let mut owed = super::child::outbound_on_close(self);
        if let Some((key, start)) = super::successor::successor_of(self) {
            owed.push(outbound(OutboundMessage::StartSuccessor { key, start: Box::new(start) }));
        } else if let Some(parent) = &self.started.parent
            && let Some(fate) = fate(&close.kind)
            && !super::reset::ended_by_reset(&close.kind)
        {
            let to = crate::RunKey {
                namespace: parent.namespace.clone(),
                workflow_id: parent.execution.workflow_id.clone(),
                run_id: parent.execution.run_id.clone(),
            };
            let report = Box::new(ChildReport {
                initiated_event_id: parent.initiated_event_id,
                child: self.key().execution(),
                fate,
            });
            owed.push(outbound(OutboundMessage::ReportToParent { to, report }));
        }
        owed
    }
}

/// What a parent hears of its child's closing event; a run that goes on as another has no fate yet.
fn fate(kind: &EventKind) -> Option<ChildFate> {
    use EventKind as E;
    #[expect(clippy::wildcard_enum_match_arm, reason = "only closing events are a fate")]
    match kind {
        E::WorkflowExecutionCompleted(a) => Some(ChildFate::Completed(a.result.clone())),
        E::WorkflowExecutionFailed(a) => {
            Some(ChildFate::Failed(Box::new(a.failure.clone()), a.retry_state))
        }
        E::WorkflowExecutionTimedOut(a) => Some(ChildFate::TimedOut(a.retry_state)),
        E::WorkflowExecutionTerminated(_) => Some(ChildFate::Terminated),
        E::WorkflowExecutionCanceled(a) => Some(ChildFate::Canceled(a.details.clone())),
        _ => None,
    }
}
