//! A completed workflow task's commands: one arm per kind, each feature does its own.

use crate::{Command, EventId, Rejection, Transition, command::CommandKind};

/// What the queue of a service activity begins with.
const SERVICE_PREFIX: &str = "nats:";

impl CommandKind {
    /// Whether it changes nothing durable.
    pub(crate) fn leaves_no_event(&self) -> bool {
        matches!(self, Self::RejectUpdate { .. })
    }

    /// Whether it ends the run.
    pub(crate) fn closes(&self) -> bool {
        matches!(
            self,
            Self::CompleteWorkflow { .. }
                | Self::FailWorkflow { .. }
                | Self::CancelWorkflow { .. }
                | Self::ContinueAsNew(_)
        )
    }

    /// Whether the worker wants to run this activity itself, at once.
    pub(crate) fn wants_eager_execution(&self) -> bool {
        match self {
            Self::ScheduleActivity(activity) => {
                let is_service = activity.task_queue.as_str().starts_with(SERVICE_PREFIX);
                activity.request_eager_execution && !is_service
            }
            Self::RequestCancelActivity { .. }
            | Self::StartTimer { .. }
            | Self::CancelTimer { .. }
            | Self::CompleteWorkflow { .. }
            | Self::FailWorkflow { .. }
            | Self::CancelWorkflow { .. }
            | Self::ContinueAsNew(_)
            | Self::StartChildWorkflow(_)
            | Self::SignalExternalWorkflow(_)
            | Self::RequestCancelExternalWorkflow(_)
            | Self::RecordMarker(_)
            | Self::UpsertSearchAttributes { .. }
            | Self::ModifyProperties { .. }
            | Self::AcceptUpdate(_)
            | Self::RejectUpdate { .. }
            | Self::CompleteUpdate { .. } => false,
        }
    }
}

impl Transition<'_> {
    /// Handles one command of the task whose Completed event is `completed`.
    pub(super) fn command(
        &mut self,
        command: Command,
        completed: EventId,
    ) -> Result<(), Rejection> {
        use CommandKind as C;
        let metadata = command.user_metadata;
        match command.kind {
            C::ScheduleActivity(a) => self.command_schedule_activity(*a, completed, metadata),
            C::RequestCancelActivity { scheduled_event_id } => {
                self.command_cancel_activity(scheduled_event_id, completed, metadata)
            }
            C::StartTimer { timer_id, start_to_fire_timeout } => {
                self.command_start_timer(timer_id, start_to_fire_timeout, completed, metadata)
            }
            C::CancelTimer { timer_id } => self.command_cancel_timer(timer_id, completed, metadata),
            C::CompleteWorkflow { result } => self.command_complete(result, completed, metadata),
            C::FailWorkflow { failure } => self.command_fail(*failure, completed, metadata),
            C::CancelWorkflow { details } => self.command_cancel(details, completed, metadata),
            C::ContinueAsNew(a) => self.command_continue_as_new(*a, completed, metadata),
            C::StartChildWorkflow(a) => self.command_start_child(*a, completed, metadata),
            C::SignalExternalWorkflow(a) => self.command_signal_external(*a, completed, metadata),
            C::RequestCancelExternalWorkflow(a) => {
                self.command_cancel_external(*a, completed, metadata)
            }
            C::RecordMarker(a) => self.command_record_marker(*a, completed, metadata),
            C::UpsertSearchAttributes { search_attributes } => {
                self.command_upsert_search_attributes(search_attributes, completed, metadata)
            }
            C::ModifyProperties { upserted_memo } => {
                self.command_modify_properties(upserted_memo, completed, metadata)
            }
            C::AcceptUpdate(a) => self.command_accept_update(*a, completed, metadata),
            C::RejectUpdate { update_id, failure } => {
                self.command_reject_update(update_id, *failure, completed, metadata)
            }
            C::CompleteUpdate { update_id, outcome } => {
                self.command_complete_update(update_id, outcome, completed, metadata)
            }
        }
    }
}

#[cfg(test)]
mod tests;
