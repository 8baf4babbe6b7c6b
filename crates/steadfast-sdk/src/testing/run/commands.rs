//! What the world makes of a workflow's commands.

use steadfast_core::{
    Execution, Failure, Payloads, RunId, UpdateId,
    command::{
        CommandKind, ContinueAsNew, RecordMarker, ScheduleActivity, SignalExternalWorkflow,
        StartChildWorkflow,
    },
    event::{
        ActivityTaskCancelRequested, ActivityTaskCanceled, ActivityTaskScheduled, MarkerRecorded,
        RequestCancelExternalWorkflowExecutionInitiated, SignalExternalWorkflowExecutionInitiated,
        StartChildWorkflowExecutionInitiated, TimerCanceled, TimerStarted, UpdateOutcome,
        UpsertWorkflowSearchAttributes, WorkflowExecutionCanceled, WorkflowExecutionCompleted,
        WorkflowExecutionContinuedAsNew, WorkflowExecutionFailed, WorkflowExecutionUpdateAccepted,
        WorkflowExecutionUpdateCompleted, WorkflowPropertiesModified,
    },
    failure::FailureInfo,
};

use super::{Message, TestRun};
use crate::testing::History;

impl TestRun {
    pub(super) fn carry_out(&mut self, command: CommandKind) {
        match command {
            CommandKind::ScheduleActivity(command) => self.schedule(*command),
            CommandKind::RequestCancelActivity { scheduled_event_id } => {
                self.cancel_activity(scheduled_event_id);
            }
            CommandKind::StartTimer { timer_id, start_to_fire_timeout } => {
                let due = self.history.now() + start_to_fire_timeout;
                let started = TimerStarted {
                    timer_id: timer_id.clone(),
                    start_to_fire_timeout,
                    ..Default::default()
                };
                let event_id = self.history.push(started);
                self.timers.push((due, timer_id, event_id));
            }
            CommandKind::CancelTimer { timer_id } => {
                if let Some(at) = self.timers.iter().position(|timer| timer.1 == timer_id) {
                    let (_, timer_id, started_event_id) = self.timers.remove(at);
                    let canceled =
                        TimerCanceled { timer_id, started_event_id, ..Default::default() };
                    self.history.push(canceled);
                }
            }
            CommandKind::StartChildWorkflow(command) => self.start_child(*command),
            CommandKind::SignalExternalWorkflow(command) => self.signal_external(*command),
            CommandKind::RequestCancelExternalWorkflow(command) => {
                self.cancel_external(command.execution);
            }
            CommandKind::CompleteWorkflow { result } => self.complete(result),
            CommandKind::FailWorkflow { failure } => self.fail(*failure),
            CommandKind::CancelWorkflow { details } => self.close_cancelled(details),
            CommandKind::ContinueAsNew(next) => self.continue_as_new(*next),
            CommandKind::RecordMarker(marker) => self.record_marker(*marker),
            CommandKind::UpsertSearchAttributes { search_attributes } => {
                let upsert =
                    UpsertWorkflowSearchAttributes { search_attributes, ..Default::default() };
                self.history.push(upsert);
            }
            CommandKind::ModifyProperties { upserted_memo } => {
                let modified = WorkflowPropertiesModified { upserted_memo, ..Default::default() };
                self.history.push(modified);
            }
            CommandKind::AcceptUpdate(accept) => self.accept_update(&accept.update_id),
            CommandKind::RejectUpdate { update_id, failure } => {
                let outcome = UpdateOutcome::Failure(failure);
                self.update_outcomes.push((update_id.to_string(), outcome));
            }
            CommandKind::CompleteUpdate { update_id, outcome } => {
                self.complete_update(update_id, outcome);
            }
        }
    }

    fn schedule(&mut self, command: ScheduleActivity) {
        let scheduled = self.history.push(ActivityTaskScheduled {
            activity_id: command.activity_id.clone(),
            activity_type: command.activity_type.clone(),
            task_queue: command.task_queue.clone(),
            input: command.input.clone(),
            retry_policy: command.retry_policy.clone(),
            ..Default::default()
        });
        self.activities.push_back((scheduled, command));
    }

    fn cancel_activity(&mut self, scheduled_event_id: i64) {
        let requested = self
            .history
            .push(ActivityTaskCancelRequested { scheduled_event_id, ..Default::default() });
        if let Some(at) = self.activities.iter().position(|it| it.0 == scheduled_event_id) {
            self.activities.remove(at);
            self.history.push(ActivityTaskCanceled {
                latest_cancel_requested_event_id: requested,
                scheduled_event_id,
                ..Default::default()
            });
            self.news = true;
        }
    }

    fn start_child(&mut self, command: StartChildWorkflow) {
        let initiated = self.history.push(StartChildWorkflowExecutionInitiated {
            workflow_id: command.workflow_id.clone(),
            workflow_type: command.workflow_type.clone(),
            input: command.input.clone(),
            ..Default::default()
        });
        self.children.push_back((initiated, command));
    }

    fn signal_external(&mut self, command: SignalExternalWorkflow) {
        let initiated = self.history.push(SignalExternalWorkflowExecutionInitiated {
            execution: command.execution.clone(),
            signal_name: command.signal_name,
            input: command.input,
            ..Default::default()
        });
        self.messages.push_back((initiated, command.execution, Message::Signal));
    }

    fn accept_update(&mut self, update_id: &UpdateId) {
        let accepted_request = self.accepting.remove(update_id.as_str());
        self.history.push(WorkflowExecutionUpdateAccepted {
            protocol_instance_id: update_id.to_string(),
            accepted_request,
            ..Default::default()
        });
    }

    fn complete_update(&mut self, update_id: UpdateId, outcome: UpdateOutcome) {
        self.update_outcomes.push((update_id.to_string(), outcome.clone()));
        self.history.push(WorkflowExecutionUpdateCompleted {
            update_id,
            outcome,
            ..Default::default()
        });
    }

    fn cancel_external(&mut self, execution: Execution) {
        let initiated = self.history.push(RequestCancelExternalWorkflowExecutionInitiated {
            execution: execution.clone(),
            ..Default::default()
        });
        self.messages.push_back((initiated, execution, Message::Cancel));
    }

    fn record_marker(&mut self, marker: RecordMarker) {
        self.history.push(MarkerRecorded {
            marker_name: marker.marker_name,
            details: marker.details,
            failure: marker.failure,
            ..Default::default()
        });
    }

    fn complete(&mut self, result: Payloads) {
        let completed = WorkflowExecutionCompleted { result: result.clone(), ..Default::default() };
        self.history.push(completed);
        self.outcome = Some(Ok(result));
    }

    fn fail(&mut self, failure: Failure) {
        let failed = WorkflowExecutionFailed { failure: failure.clone(), ..Default::default() };
        self.history.push(failed);
        self.outcome = Some(Err(failure));
    }

    fn close_cancelled(&mut self, details: Payloads) {
        let canceled = WorkflowExecutionCanceled { details: details.clone(), ..Default::default() };
        self.history.push(canceled);
        let info = FailureInfo::Canceled { details, identity: Default::default() };
        let message = "workflow was cancelled".to_owned();
        self.outcome = Some(Err(Failure { message, info, ..Failure::default() }));
    }

    /// The run goes on as a new one, whose history takes the place of the old one's.
    fn continue_as_new(&mut self, next: ContinueAsNew) {
        let mut run = self.history.run();
        run.run_id = RunId::new(format!("{}-next", run.run_id));
        self.history.push(WorkflowExecutionContinuedAsNew {
            new_execution_run_id: run.run_id.clone(),
            workflow_type: next.workflow_type.clone(),
            input: next.input.clone(),
            ..Default::default()
        });
        let input: Payloads = next.input;
        let history = History::started_as(run, next.workflow_type.as_str(), input);
        let world = self.world.clone();
        *self = Self::new(world, history);
    }
}
