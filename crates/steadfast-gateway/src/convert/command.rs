//! A worker's commands. One that lacks what it needs fails the workflow task, with Temporal's cause.

use steadfast_core::{
    Blanks, Command, Span, TaskQueue,
    command::{self as core, CommandKind},
    event::WorkflowTaskFailedCause as Cause,
};
use steadfast_temporal_api::api::{
    command::v1 as proto, common::v1 as common, enums::v1 as enums, taskqueue::v1 as taskqueue,
};

use self::proto::command::Attributes;
use super::{
    core_command_metadata, core_execution, enums as map, failure, message::Messages, payload,
    priority, retry, start, time,
};

/// A command that cannot be what its worker meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadCommand {
    /// What Temporal calls it.
    pub(crate) cause: Cause,
    /// What was wrong.
    pub(crate) message: String,
}

impl BadCommand {
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into() }
    }
}

/// All commands of a completion, with the protocol messages that belong to them, in order.
pub(crate) fn from_proto(
    commands: Vec<proto::Command>,
    messages: &mut Messages,
) -> Result<Vec<Command>, BadCommand> {
    let mut ordered = Vec::with_capacity(commands.len());
    for command in commands {
        if let Some(command) = one(command, messages)? {
            ordered.push(command);
        }
    }
    // Messages without a command are refusals, which leave no event: they come before anything that
    // may close the run.
    let mut all: Vec<Command> = messages.rest()?.into_iter().map(Command::from).collect();
    all.append(&mut ordered);
    Ok(all)
}

fn one(command: proto::Command, messages: &mut Messages) -> Result<Option<Command>, BadCommand> {
    let user_metadata =
        core_command_metadata(command.user_metadata, &command.event_group_markers).map(Box::new);
    let number = command.command_type;
    let attributes = command.attributes.ok_or_else(|| without_attributes(number))?;
    let kind = match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(a) => {
            CommandKind::ScheduleActivity(Box::new(schedule_activity(a)?))
        }
        Attributes::StartTimerCommandAttributes(a) => start_timer(a)?,
        Attributes::CompleteWorkflowExecutionCommandAttributes(a) => {
            CommandKind::CompleteWorkflow { result: payload::core_list(a.result) }
        }
        Attributes::FailWorkflowExecutionCommandAttributes(a) => {
            let cause = Cause::BadFailWorkflowExecutionAttributes;
            let failure = a.failure.ok_or_else(|| {
                BadCommand::new(cause, "Failure is not set on FailWorkflowExecutionCommand.")
            })?;
            CommandKind::FailWorkflow { failure: Box::new(failure::from_proto(failure)) }
        }
        Attributes::RequestCancelActivityTaskCommandAttributes(a) => {
            CommandKind::RequestCancelActivity { scheduled_event_id: a.scheduled_event_id }
        }
        Attributes::CancelTimerCommandAttributes(a) => {
            CommandKind::CancelTimer { timer_id: a.timer_id.into() }
        }
        Attributes::CancelWorkflowExecutionCommandAttributes(a) => {
            CommandKind::CancelWorkflow { details: payload::core_list(a.details) }
        }
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a) => {
            CommandKind::RequestCancelExternalWorkflow(Box::new(cancel_external(a)))
        }
        Attributes::RecordMarkerCommandAttributes(a) => {
            CommandKind::RecordMarker(Box::new(marker(a)))
        }
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(a) => {
            CommandKind::ContinueAsNew(Box::new(continue_as_new(a)?))
        }
        Attributes::StartChildWorkflowExecutionCommandAttributes(a) => {
            CommandKind::StartChildWorkflow(Box::new(start_child(a)?))
        }
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(a) => {
            CommandKind::SignalExternalWorkflow(Box::new(signal_external(a)))
        }
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(a) => {
            CommandKind::UpsertSearchAttributes {
                search_attributes: payload::core_search_attributes(a.search_attributes),
            }
        }
        Attributes::ModifyWorkflowPropertiesCommandAttributes(a) => {
            CommandKind::ModifyProperties { upserted_memo: payload::core_memo(a.upserted_memo) }
        }
        Attributes::ProtocolMessageCommandAttributes(a) => match messages.take(&a.message_id)? {
            Some(kind) => kind,
            None => return Ok(None),
        },
        Attributes::ScheduleNexusOperationCommandAttributes(_)
        | Attributes::RequestCancelNexusOperationCommandAttributes(_) => {
            let message = "Nexus operations are not built yet";
            return Err(BadCommand::new(Cause::FeatureDisabled, message));
        }
    };
    Ok(Some(Command { kind, user_metadata }))
}

/// A command that says nothing but its kind.
fn without_attributes(number: i32) -> BadCommand {
    use enums::CommandType as T;
    let Ok(kind) = T::try_from(number) else {
        return BadCommand::new(Cause::UnhandledCommand, format!("unknown command type: {number}"));
    };
    let (cause, name) = match kind {
        T::ScheduleActivityTask => (Cause::BadScheduleActivityAttributes, "ScheduleActivityTask"),
        T::RequestCancelActivityTask => {
            (Cause::BadRequestCancelActivityAttributes, "RequestCancelActivityTask")
        }
        T::StartTimer => (Cause::BadStartTimerAttributes, "StartTimer"),
        T::CompleteWorkflowExecution => {
            (Cause::BadCompleteWorkflowExecutionAttributes, "CompleteWorkflowExecution")
        }
        T::FailWorkflowExecution => {
            (Cause::BadFailWorkflowExecutionAttributes, "FailWorkflowExecution")
        }
        T::CancelTimer => (Cause::BadCancelTimerAttributes, "CancelTimer"),
        T::CancelWorkflowExecution => {
            (Cause::BadCancelWorkflowExecutionAttributes, "CancelWorkflowExecution")
        }
        T::RequestCancelExternalWorkflowExecution => {
            (Cause::BadRequestCancelExternalAttributes, "RequestCancelExternalWorkflowExecution")
        }
        T::RecordMarker => (Cause::BadRecordMarkerAttributes, "RecordMarker"),
        T::ContinueAsNewWorkflowExecution => {
            (Cause::BadContinueAsNewAttributes, "ContinueAsNewWorkflowExecution")
        }
        T::StartChildWorkflowExecution => {
            (Cause::BadStartChildExecutionAttributes, "StartChildWorkflowExecution")
        }
        T::SignalExternalWorkflowExecution => {
            (Cause::BadSignalWorkflowExecutionAttributes, "SignalExternalWorkflowExecution")
        }
        T::UpsertWorkflowSearchAttributes => {
            (Cause::BadSearchAttributes, "UpsertWorkflowSearchAttributes")
        }
        T::ModifyWorkflowProperties => {
            (Cause::BadModifyWorkflowPropertiesAttributes, "ModifyWorkflowProperties")
        }
        T::Unspecified
        | T::ProtocolMessage
        | T::ScheduleNexusOperation
        | T::RequestCancelNexusOperation => {
            let message = format!("command of type {number} has no attributes");
            return BadCommand::new(Cause::UnhandledCommand, message);
        }
    };
    BadCommand::new(cause, format!("{name}CommandAttributes is not set on {name}Command."))
}

/// A length of time that a command names.
fn span(
    cause: Cause,
    name: &str,
    duration: Option<steadfast_temporal_api::well_known::Duration>,
) -> Result<Span, BadCommand> {
    time::span(name, duration).map_err(|fault| BadCommand::new(cause, fault.message))
}

fn policy(
    cause: Cause,
    policy: Option<common::RetryPolicy>,
) -> Result<Option<steadfast_core::RetryPolicy>, BadCommand> {
    retry::from_proto(policy).map_err(|fault| BadCommand::new(cause, fault.message))
}

fn queue(queue: Option<taskqueue::TaskQueue>) -> TaskQueue {
    queue.unwrap_or_default().name.into()
}

/// An activity's queue must be named, other than a child's or a successor's.
fn activity_queue(queue: Option<taskqueue::TaskQueue>) -> Result<TaskQueue, BadCommand> {
    start::queue(queue)
        .map_err(|fault| BadCommand::new(Cause::BadScheduleActivityAttributes, fault.message))
}

fn schedule_activity(
    a: proto::ScheduleActivityTaskCommandAttributes,
) -> Result<core::ScheduleActivity, BadCommand> {
    let cause = Cause::BadScheduleActivityAttributes;
    Ok(core::ScheduleActivity {
        activity_id: a.activity_id.into(),
        activity_type: a.activity_type.unwrap_or_default().name.into(),
        task_queue: activity_queue(a.task_queue)?,
        blanks: Blanks::of([payload::blank_header(a.header.as_ref())]),
        header: payload::core_header(a.header),
        input: payload::core_list(a.input),
        schedule_to_close_timeout: span(
            cause,
            "ScheduleToCloseTimeout",
            a.schedule_to_close_timeout,
        )?,
        schedule_to_start_timeout: span(
            cause,
            "ScheduleToStartTimeout",
            a.schedule_to_start_timeout,
        )?,
        start_to_close_timeout: span(cause, "StartToCloseTimeout", a.start_to_close_timeout)?,
        heartbeat_timeout: span(cause, "HeartbeatTimeout", a.heartbeat_timeout)?,
        retry_policy: policy(cause, a.retry_policy)?,
        request_eager_execution: a.request_eager_execution,
        priority: a.priority.map(priority::from_proto),
        use_workflow_build_id: a.use_workflow_build_id,
    })
}

fn start_timer(a: proto::StartTimerCommandAttributes) -> Result<CommandKind, BadCommand> {
    let cause = Cause::BadStartTimerAttributes;
    let start_to_fire_timeout = span(cause, "StartToFireTimeout", a.start_to_fire_timeout)?;
    Ok(CommandKind::StartTimer { timer_id: a.timer_id.into(), start_to_fire_timeout })
}

#[expect(deprecated, reason = "older SDKs name the namespace")]
fn cancel_external(
    a: proto::RequestCancelExternalWorkflowExecutionCommandAttributes,
) -> core::RequestCancelExternalWorkflow {
    core::RequestCancelExternalWorkflow {
        namespace: a.namespace.into(),
        execution: steadfast_core::Execution {
            workflow_id: a.workflow_id.into(),
            run_id: a.run_id.into(),
        },
        child_workflow_only: a.child_workflow_only,
        reason: a.reason,
    }
}

fn marker(a: proto::RecordMarkerCommandAttributes) -> core::RecordMarker {
    let details = a.details.into_iter();
    core::RecordMarker {
        marker_name: a.marker_name,
        details: details.map(|(name, values)| (name, payload::core_list(Some(values)))).collect(),
        header: payload::core_header(a.header),
        failure: failure::maybe_from_proto(a.failure),
    }
}

#[expect(deprecated, reason = "older SDKs say whether the build id is inherited")]
fn continue_as_new(
    a: proto::ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<core::ContinueAsNew, BadCommand> {
    let cause = Cause::BadContinueAsNewAttributes;
    Ok(core::ContinueAsNew {
        workflow_type: a.workflow_type.unwrap_or_default().name.into(),
        task_queue: queue(a.task_queue),
        input: payload::core_list(a.input),
        workflow_run_timeout: span(cause, "WorkflowRunTimeout", a.workflow_run_timeout)?,
        workflow_task_timeout: span(cause, "WorkflowTaskTimeout", a.workflow_task_timeout)?,
        backoff_start_interval: span(cause, "BackoffStartInterval", a.backoff_start_interval)?,
        retry_policy: policy(cause, a.retry_policy)?,
        initiator: map::core_initiator(
            enums::ContinueAsNewInitiator::try_from(a.initiator).unwrap_or_default(),
        ),
        failure: failure::maybe_from_proto(a.failure),
        last_completion_result: payload::core_list(a.last_completion_result),
        cron_schedule: a.cron_schedule,
        header: payload::core_header(a.header),
        memo: payload::core_memo(a.memo),
        search_attributes: payload::core_search_attributes(a.search_attributes),
        inherit_build_id: a.inherit_build_id,
    })
}

#[expect(deprecated, reason = "older SDKs name the namespace")]
fn start_child(
    a: proto::StartChildWorkflowExecutionCommandAttributes,
) -> Result<core::StartChildWorkflow, BadCommand> {
    let cause = Cause::BadStartChildExecutionAttributes;
    let timeout = |name, duration| span(cause, name, duration);
    Ok(core::StartChildWorkflow {
        namespace: a.namespace.into(),
        workflow_id: a.workflow_id.into(),
        workflow_type: a.workflow_type.unwrap_or_default().name.into(),
        task_queue: queue(a.task_queue),
        input: payload::core_list(a.input),
        blanks: Blanks::of([
            payload::blank_header(a.header.as_ref()),
            (Blanks::EXECUTION_TIMEOUT, time::is_blank(a.workflow_execution_timeout.as_ref())),
        ]),
        workflow_execution_timeout: timeout(
            "WorkflowExecutionTimeout",
            a.workflow_execution_timeout,
        )?,
        workflow_run_timeout: timeout("WorkflowRunTimeout", a.workflow_run_timeout)?,
        workflow_task_timeout: timeout("WorkflowTaskTimeout", a.workflow_task_timeout)?,
        parent_close_policy: map::core_parent_close(
            enums::ParentClosePolicy::try_from(a.parent_close_policy).unwrap_or_default(),
        ),
        workflow_id_reuse_policy: map::core_reuse(
            enums::WorkflowIdReusePolicy::try_from(a.workflow_id_reuse_policy).unwrap_or_default(),
        ),
        retry_policy: policy(cause, a.retry_policy)?,
        cron_schedule: a.cron_schedule,
        header: payload::core_header(a.header),
        memo: payload::core_memo(a.memo),
        search_attributes: payload::core_search_attributes(a.search_attributes),
        priority: a.priority.map(priority::from_proto),
        inherit_build_id: a.inherit_build_id,
    })
}

#[expect(deprecated, reason = "older SDKs name the namespace")]
fn signal_external(
    a: proto::SignalExternalWorkflowExecutionCommandAttributes,
) -> core::SignalExternalWorkflow {
    core::SignalExternalWorkflow {
        namespace: a.namespace.into(),
        execution: core_execution(a.execution),
        signal_name: a.signal_name,
        input: payload::core_list(a.input),
        child_workflow_only: a.child_workflow_only,
        header: payload::core_header(a.header),
    }
}
