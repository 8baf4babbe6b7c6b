//! What the code asked for against what the history says it asked for, in order.

use steadfast_core::{
    Event, EventKind, PayloadMap,
    command::CommandKind,
    event::{Initiator, MarkerRecorded, WorkflowExecutionUpdateAccepted},
};

use super::{
    local, marker,
    state::{Origin, State},
};

/// The search attribute that lists a run's patches: written beside a patch's marker, but only when the
/// code first runs, so it may be missing where an older SDK ran it.
pub(crate) const CHANGE_VERSION: &str = "TemporalChangeVersion";

impl State {
    /// The history says that the code asked for this.
    pub(crate) fn match_command(&mut self, event: &Event) {
        let Some(front) = self.outgoing.front_kind() else {
            if !is_optional(&event.kind) {
                let code = "asked for nothing more".to_owned();
                self.differs(event.id, code, describe_event(&event.kind));
            }
            return;
        };
        if !fits(front, &event.kind) {
            if !is_optional(&event.kind) {
                let code = format!("asked for {}", describe_command(front));
                self.differs(event.id, code, describe_event(&event.kind));
            }
            return;
        }
        let Some(issued) = self.outgoing.pop() else {
            return;
        };
        match issued.origin {
            Origin::Activity(number) => self.bind_activity(number, event.id),
            Origin::Timer(number) => {
                self.timers.bind(number, event.id);
                if let Some(timer) = self.timers.get_mut(number) {
                    timer.event_id = Some(event.id);
                }
            }
            Origin::Child(number) => self.bind_child(number, event.id),
            Origin::External(number) => self.bind_external(number, event.id),
            Origin::Other => {}
        }
    }

    /// The workflow task's commands are all seen: nothing may be left over.
    pub(crate) fn match_rest(&mut self, next_event: &Event) {
        if let Some(front) = self.outgoing.front_kind() {
            let code = format!("asked for {}", describe_command(front));
            let history = format!("nothing more came of it before {}", next_event.kind.name());
            self.differs(next_event.id, code, history);
        }
    }
}

/// Whether an event may stand in a history although the code does not ask for it.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other events need their command")]
fn is_optional(kind: &EventKind) -> bool {
    match kind {
        EventKind::MarkerRecorded(marker) => {
            marker.marker_name == marker::PATCH
                && marker::patch_data(&marker.details).is_some_and(|data| data.deprecated)
        }
        EventKind::UpsertWorkflowSearchAttributes(upsert) => {
            tells_patches(&upsert.search_attributes)
        }
        _ => false,
    }
}

fn tells_patches(search_attributes: &PayloadMap) -> bool {
    search_attributes.keys().all(|name| name == CHANGE_VERSION)
}

/// Whether the command is the one that became the event.
fn fits(command: &CommandKind, event: &EventKind) -> bool {
    match (command, event) {
        (CommandKind::ScheduleActivity(c), EventKind::ActivityTaskScheduled(e)) => {
            c.activity_type == e.activity_type && c.activity_id == e.activity_id
        }
        (
            CommandKind::RequestCancelActivity { scheduled_event_id },
            EventKind::ActivityTaskCancelRequested(e),
        ) => *scheduled_event_id == e.scheduled_event_id,
        (CommandKind::StartTimer { timer_id, .. }, EventKind::TimerStarted(e)) => {
            *timer_id == e.timer_id
        }
        (CommandKind::CancelTimer { timer_id }, EventKind::TimerCanceled(e)) => {
            *timer_id == e.timer_id
        }
        (
            CommandKind::StartChildWorkflow(c),
            EventKind::StartChildWorkflowExecutionInitiated(e),
        ) => c.workflow_type == e.workflow_type && c.workflow_id == e.workflow_id,
        (
            CommandKind::SignalExternalWorkflow(c),
            EventKind::SignalExternalWorkflowExecutionInitiated(e),
        ) => c.signal_name == e.signal_name && c.execution == e.execution,
        (
            CommandKind::RequestCancelExternalWorkflow(c),
            EventKind::RequestCancelExternalWorkflowExecutionInitiated(e),
        ) => c.execution.workflow_id == e.execution.workflow_id,
        (CommandKind::RecordMarker(c), EventKind::MarkerRecorded(e)) => {
            c.marker_name == e.marker_name && same_marker(c, e)
        }
        (CommandKind::AcceptUpdate(c), EventKind::WorkflowExecutionUpdateAccepted(e)) => {
            *accepted_id(e) == *c.update_id.as_str()
        }
        (
            CommandKind::CompleteUpdate { update_id, .. },
            EventKind::WorkflowExecutionUpdateCompleted(e),
        ) => *update_id == e.update_id,
        (
            CommandKind::CompleteWorkflow { .. } | CommandKind::FailWorkflow { .. },
            EventKind::WorkflowExecutionContinuedAsNew(e),
        ) => e.initiator != Initiator::Workflow,
        (
            CommandKind::UpsertSearchAttributes { search_attributes },
            EventKind::UpsertWorkflowSearchAttributes(e),
        ) => tells_patches(search_attributes) == tells_patches(&e.search_attributes),
        (CommandKind::ModifyProperties { .. }, EventKind::WorkflowPropertiesModified(_))
        | (CommandKind::CompleteWorkflow { .. }, EventKind::WorkflowExecutionCompleted(_))
        | (CommandKind::FailWorkflow { .. }, EventKind::WorkflowExecutionFailed(_))
        | (CommandKind::CancelWorkflow { .. }, EventKind::WorkflowExecutionCanceled(_))
        | (CommandKind::ContinueAsNew(_), EventKind::WorkflowExecutionContinuedAsNew(_)) => true,
        _ => false,
    }
}

/// The id of the update that an event accepts.
pub(crate) fn accepted_id(event: &WorkflowExecutionUpdateAccepted) -> &str {
    match &event.accepted_request {
        Some(request) => request.update_id.as_str(),
        None => &event.protocol_instance_id,
    }
}

fn same_marker(command: &steadfast_core::command::RecordMarker, event: &MarkerRecorded) -> bool {
    match command.marker_name.as_str() {
        marker::PATCH => {
            let id = |details| marker::patch_data(details).map(|data| data.id);
            id(&command.details) == id(&event.details)
        }
        marker::SIDE_EFFECT => {
            command.details.get("side-effect-id") == event.details.get("side-effect-id")
        }
        local::MARKER => {
            let as_event =
                MarkerRecorded { details: command.details.clone(), ..MarkerRecorded::default() };
            local::marker_number(&as_event) == local::marker_number(event)
        }
        _ => true,
    }
}

/// Names a command, with what tells it from others of its kind.
fn describe_command(command: &CommandKind) -> String {
    match command {
        CommandKind::ScheduleActivity(c) => {
            format!("activity {:?} (id {:?})", c.activity_type, c.activity_id)
        }
        CommandKind::RequestCancelActivity { scheduled_event_id } => {
            format!("cancelling the activity of event {scheduled_event_id}")
        }
        CommandKind::StartTimer { timer_id, start_to_fire_timeout } => {
            format!("timer {timer_id:?} of {start_to_fire_timeout:?}")
        }
        CommandKind::CancelTimer { timer_id } => format!("cancelling timer {timer_id:?}"),
        CommandKind::CompleteWorkflow { .. } => "completing the workflow".to_owned(),
        CommandKind::FailWorkflow { failure } => {
            format!("failing the workflow ({})", failure.message)
        }
        CommandKind::CancelWorkflow { .. } => "closing the workflow as cancelled".to_owned(),
        CommandKind::ContinueAsNew(_) => "continuing as new".to_owned(),
        CommandKind::StartChildWorkflow(c) => {
            format!("child workflow {:?} (id {:?})", c.workflow_type, c.workflow_id)
        }
        CommandKind::SignalExternalWorkflow(c) => {
            format!("signal {:?} to workflow {:?}", c.signal_name, c.execution.workflow_id)
        }
        CommandKind::RequestCancelExternalWorkflow(c) => {
            format!("cancelling workflow {:?}", c.execution.workflow_id)
        }
        CommandKind::RecordMarker(c) => {
            format!("marker {:?}{}", c.marker_name, patch_suffix(marker::patch_data(&c.details)))
        }
        CommandKind::UpsertSearchAttributes { .. } => "upserting search attributes".to_owned(),
        CommandKind::ModifyProperties { .. } => "upserting memo fields".to_owned(),
        CommandKind::AcceptUpdate(c) => format!("accepting update {:?}", c.update_id),
        CommandKind::RejectUpdate { update_id, .. } => format!("rejecting update {update_id:?}"),
        CommandKind::CompleteUpdate { update_id, .. } => format!("completing update {update_id:?}"),
    }
}

fn patch_suffix(data: Option<marker::PatchData>) -> String {
    data.map(|data| format!(" of patch {:?}", data.id)).unwrap_or_default()
}

/// Names an event, with what tells it from others of its kind.
#[expect(clippy::wildcard_enum_match_arm, reason = "the name says enough")]
fn describe_event(kind: &EventKind) -> String {
    let detail = match kind {
        EventKind::ActivityTaskScheduled(e) => {
            format!(" {:?} (id {:?})", e.activity_type, e.activity_id)
        }
        EventKind::ActivityTaskCancelRequested(e) => {
            format!(" of the activity of event {}", e.scheduled_event_id)
        }
        EventKind::TimerStarted(e) => {
            format!(" {:?} of {:?}", e.timer_id, e.start_to_fire_timeout)
        }
        EventKind::TimerCanceled(e) => format!(" {:?}", e.timer_id),
        EventKind::StartChildWorkflowExecutionInitiated(e) => {
            format!(" {:?} (id {:?})", e.workflow_type, e.workflow_id)
        }
        EventKind::SignalExternalWorkflowExecutionInitiated(e) => {
            format!(" {:?} to workflow {:?}", e.signal_name, e.execution.workflow_id)
        }
        EventKind::RequestCancelExternalWorkflowExecutionInitiated(e) => {
            format!(" of workflow {:?}", e.execution.workflow_id)
        }
        EventKind::MarkerRecorded(e) => {
            format!(" {:?}{}", e.marker_name, patch_suffix(marker::patch_data(&e.details)))
        }
        EventKind::WorkflowExecutionUpdateAccepted(e) => format!(" {:?}", accepted_id(e)),
        EventKind::WorkflowExecutionUpdateCompleted(e) => format!(" {:?}", e.update_id),
        _ => String::new(),
    };
    format!("{}{detail}", kind.name())
}
