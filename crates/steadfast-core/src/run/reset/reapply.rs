//! What happened after the reset point from outside, and happens again in the new run.

use crate::{
    Event, EventId, EventKind, Transition, WorkflowId, event::WorkflowExecutionUpdateAdmitted,
    input::ReapplyExclude,
};

/// Temporal's `UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY`.
const ORIGIN_REAPPLY: i32 = 1;

impl Transition<'_> {
    /// Applies later events again, in their order: signals, updates, options, and what became of
    /// children that the copied history has (`reapplyEvents`).
    pub(super) fn reapply(&mut self, exclude: &[ReapplyExclude], later: Vec<Event>) {
        let included = |what| !exclude.contains(&what);
        // With everything left out Temporal does not even look (`shouldExcludeAllReapplyEvents`).
        let all = [
            ReapplyExclude::Signal,
            ReapplyExclude::Update,
            ReapplyExclude::Nexus,
            ReapplyExclude::CancelRequest,
        ];
        if all.into_iter().all(|what| exclude.contains(&what)) {
            return;
        }
        for event in later {
            let Event { kind, links, user_metadata, .. } = event;
            if let Some((initiated_event_id, workflow_id)) = child_of(&kind) {
                self.reapply_child(initiated_event_id, &workflow_id, kind);
                continue;
            }
            #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else happens again")]
            match kind {
                EventKind::WorkflowExecutionSignaled(a) if included(ReapplyExclude::Signal) => {
                    self.see(&a.request_id);
                    self.event_with(*a, user_metadata, links);
                }
                EventKind::WorkflowExecutionUpdateAdmitted(a)
                    if included(ReapplyExclude::Update) =>
                {
                    self.event_with(*a, user_metadata, links);
                }
                EventKind::WorkflowExecutionUpdateAccepted(a)
                    if included(ReapplyExclude::Update) =>
                {
                    // Without a request there is an Admitted event, which was applied before.
                    if let Some(request) = a.accepted_request {
                        let origin = ORIGIN_REAPPLY;
                        self.event(WorkflowExecutionUpdateAdmitted { request, origin });
                    }
                }
                EventKind::WorkflowExecutionOptionsUpdated(a) => {
                    self.event_with(*a, user_metadata, links);
                }
                _ => {}
            }
        }
    }

    /// News of a child that is pending here; a start only when none is known.
    fn reapply_child(
        &mut self,
        initiated_event_id: EventId,
        workflow_id: &WorkflowId,
        kind: EventKind,
    ) {
        let child = self.run.children.get(&initiated_event_id);
        let Some(child) = child.filter(|child| child.initiated.workflow_id == *workflow_id) else {
            return;
        };
        let is_start = matches!(kind, EventKind::ChildWorkflowExecutionStarted(_));
        if is_start && child.is_started() {
            return;
        }
        let started_event_id = child.started_event_id;
        self.event(with_start(kind, started_event_id));
    }
}

/// The child whose fate this event tells: its initiated event and its workflow.
fn child_of(kind: &EventKind) -> Option<(EventId, WorkflowId)> {
    use EventKind as E;
    macro_rules! told {
        ($attributes:expr) => {
            ($attributes.initiated_event_id, $attributes.execution.workflow_id.clone())
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is a child's fate")]
    let told = match kind {
        E::StartChildWorkflowExecutionFailed(a) => (a.initiated_event_id, a.workflow_id.clone()),
        E::ChildWorkflowExecutionStarted(a) => told!(a),
        E::ChildWorkflowExecutionCompleted(a) => told!(a),
        E::ChildWorkflowExecutionFailed(a) => told!(a),
        E::ChildWorkflowExecutionCanceled(a) => told!(a),
        E::ChildWorkflowExecutionTimedOut(a) => told!(a),
        E::ChildWorkflowExecutionTerminated(a) => told!(a),
        _ => return None,
    };
    Some(told)
}

/// The child's started event has another number in the new history.
fn with_start(mut kind: EventKind, started_event_id: EventId) -> EventKind {
    use EventKind as E;
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind names a child's start")]
    match &mut kind {
        E::ChildWorkflowExecutionCompleted(a) => a.started_event_id = started_event_id,
        E::ChildWorkflowExecutionFailed(a) => a.started_event_id = started_event_id,
        E::ChildWorkflowExecutionCanceled(a) => a.started_event_id = started_event_id,
        E::ChildWorkflowExecutionTimedOut(a) => a.started_event_id = started_event_id,
        E::ChildWorkflowExecutionTerminated(a) => a.started_event_id = started_event_id,
        _ => {}
    }
    kind
}
