//! What each event of the history means to the code.

use steadfast_core::{
    Event, EventKind, Failure, Payloads,
    failure::{ActivityFailure, ChildFailure, FailureInfo, TimeoutType},
};

use super::{activity::ActivityEnd, state::State};

impl State {
    /// Takes in one event.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is the engine's affair")]
    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::WorkflowExecutionSignaled(e) => {
                self.deliver_signal(&e.signal_name, e.input.clone());
            }
            EventKind::WorkflowExecutionCancelRequested(e) => {
                self.cancel.requested.get_or_insert_with(|| e.cause.clone());
            }
            EventKind::TimerFired(e) => self.fire_timer(e.started_event_id),
            EventKind::ActivityTaskCompleted(_)
            | EventKind::ActivityTaskFailed(_)
            | EventKind::ActivityTaskTimedOut(_)
            | EventKind::ActivityTaskCanceled(_) => self.apply_activity(&event.kind),
            EventKind::ChildWorkflowExecutionStarted(e) => {
                self.child_started(e.initiated_event_id, &e.execution);
            }
            EventKind::StartChildWorkflowExecutionFailed(_)
            | EventKind::ChildWorkflowExecutionCompleted(_)
            | EventKind::ChildWorkflowExecutionFailed(_)
            | EventKind::ChildWorkflowExecutionCanceled(_)
            | EventKind::ChildWorkflowExecutionTimedOut(_)
            | EventKind::ChildWorkflowExecutionTerminated(_) => self.apply_child(&event.kind),
            EventKind::ExternalWorkflowExecutionSignaled(e) => {
                self.resolve_external(e.initiated_event_id, Ok(()));
            }
            EventKind::ExternalWorkflowExecutionCancelRequested(e) => {
                self.resolve_external(e.initiated_event_id, Ok(()));
            }
            EventKind::SignalExternalWorkflowExecutionFailed(e) => {
                self.resolve_external(e.initiated_event_id, Err(e.cause));
            }
            EventKind::RequestCancelExternalWorkflowExecutionFailed(e) => {
                self.resolve_external(e.initiated_event_id, Err(e.cause));
            }
            EventKind::WorkflowExecutionUpdateAdmitted(e) => {
                self.deliver_update(e.request.clone(), false);
            }
            kind if is_command_event(kind) => self.match_command(event),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller chose the kinds")]
    fn apply_activity(&mut self, kind: &EventKind) {
        match kind {
            EventKind::ActivityTaskCompleted(e) => {
                self.resolve_activity(e.scheduled_event_id, ActivityEnd::Completed(&e.result));
            }
            EventKind::ActivityTaskFailed(e) => {
                let info = ActivityFailure {
                    started_event_id: e.started_event_id,
                    identity: e.identity.clone(),
                    retry_state: e.retry_state,
                    ..ActivityFailure::default()
                };
                self.resolve_activity(e.scheduled_event_id, ActivityEnd::Failed(&e.failure, info));
            }
            EventKind::ActivityTaskTimedOut(e) => {
                let info = ActivityFailure {
                    started_event_id: e.started_event_id,
                    retry_state: e.retry_state,
                    ..ActivityFailure::default()
                };
                self.resolve_activity(e.scheduled_event_id, ActivityEnd::Failed(&e.failure, info));
            }
            EventKind::ActivityTaskCanceled(e) => {
                let info = ActivityFailure {
                    started_event_id: e.started_event_id,
                    identity: e.identity.clone(),
                    ..ActivityFailure::default()
                };
                let end = ActivityEnd::Canceled(&e.details, info);
                self.resolve_activity(e.scheduled_event_id, end);
            }
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller chose the kinds")]
    fn apply_child(&mut self, kind: &EventKind) {
        let (initiated, started, failure, retry_state) = match kind {
            EventKind::ChildWorkflowExecutionCompleted(e) => {
                return self.resolve_child(e.initiated_event_id, Ok(&e.result));
            }
            EventKind::StartChildWorkflowExecutionFailed(e) => {
                let message = format!("failed to start: {:?}", e.cause);
                let failure = Failure::application("ChildStartFailed", message);
                (e.initiated_event_id, 0, failure, Default::default())
            }
            EventKind::ChildWorkflowExecutionFailed(e) => {
                (e.initiated_event_id, e.started_event_id, e.failure.clone(), e.retry_state)
            }
            EventKind::ChildWorkflowExecutionCanceled(e) => {
                let info = FailureInfo::Canceled {
                    details: e.details.clone(),
                    identity: Default::default(),
                };
                let failure = bare("child workflow was cancelled", info);
                (e.initiated_event_id, e.started_event_id, failure, Default::default())
            }
            EventKind::ChildWorkflowExecutionTimedOut(e) => {
                let info = FailureInfo::Timeout {
                    timeout: TimeoutType::StartToClose,
                    last_heartbeat_details: Payloads::new(),
                };
                let failure = bare("child workflow timed out", info);
                (e.initiated_event_id, e.started_event_id, failure, e.retry_state)
            }
            EventKind::ChildWorkflowExecutionTerminated(e) => {
                let info = FailureInfo::Terminated { identity: Default::default() };
                let failure = bare("child workflow was terminated", info);
                (e.initiated_event_id, e.started_event_id, failure, Default::default())
            }
            _ => return,
        };
        let info =
            ChildFailure { started_event_id: started, retry_state, ..ChildFailure::default() };
        self.resolve_child(initiated, Err((failure, info)));
    }
}

fn bare(message: &str, info: FailureInfo) -> Failure {
    Failure { message: message.to_owned(), info, ..Failure::default() }
}

/// Whether the event came of a command of the code.
pub(crate) fn is_command_event(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::ActivityTaskScheduled(_)
            | EventKind::ActivityTaskCancelRequested(_)
            | EventKind::TimerStarted(_)
            | EventKind::TimerCanceled(_)
            | EventKind::WorkflowExecutionCompleted(_)
            | EventKind::WorkflowExecutionFailed(_)
            | EventKind::WorkflowExecutionCanceled(_)
            | EventKind::WorkflowExecutionContinuedAsNew(_)
            | EventKind::StartChildWorkflowExecutionInitiated(_)
            | EventKind::SignalExternalWorkflowExecutionInitiated(_)
            | EventKind::RequestCancelExternalWorkflowExecutionInitiated(_)
            | EventKind::MarkerRecorded(_)
            | EventKind::UpsertWorkflowSearchAttributes(_)
            | EventKind::WorkflowPropertiesModified(_)
            | EventKind::WorkflowExecutionUpdateAccepted(_)
            | EventKind::WorkflowExecutionUpdateCompleted(_)
    )
}
