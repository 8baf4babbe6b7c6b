//! Child workflows, seen from the parent.

use steadfast_core::{Blanks, event as core};
use steadfast_temporal_api::api::history::v1::{self as proto, history_event::Attributes};

use super::Names;
use crate::convert::{
    enums, execution, failure, payload, priority, retry, task_queue, text, time, workflow_type,
};

#[expect(deprecated, reason = "Temporal fills the legacy fields")]
pub(super) fn initiated(
    a: &core::StartChildWorkflowExecutionInitiated,
    names: &Names,
) -> Attributes {
    Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(
        proto::StartChildWorkflowExecutionInitiatedEventAttributes {
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_id: a.workflow_id.to_string(),
            workflow_type: workflow_type(&a.workflow_type),
            task_queue: task_queue(&a.task_queue),
            input: payload::list(&a.input),
            workflow_execution_timeout: time::limit(
                a.workflow_execution_timeout,
                a.blanks.has(Blanks::EXECUTION_TIMEOUT),
            ),
            workflow_run_timeout: time::duration(a.workflow_run_timeout),
            workflow_task_timeout: time::duration(a.workflow_task_timeout),
            parent_close_policy: enums::parent_close(a.parent_close_policy).into(),
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            workflow_id_reuse_policy: enums::reuse(a.workflow_id_reuse_policy).into(),
            retry_policy: a.retry_policy.as_ref().map(retry::to_proto),
            cron_schedule: a.cron_schedule.clone(),
            header: payload::header(&a.header, a.blanks),
            memo: payload::memo(&a.memo),
            search_attributes: payload::search_attributes(&a.search_attributes),
            priority: a.priority.as_ref().map(priority::to_proto),
            inherit_build_id: a.inherit_build_id,
            ..proto::StartChildWorkflowExecutionInitiatedEventAttributes::default()
        },
    )
}

pub(super) fn start_failed(
    a: &core::StartChildWorkflowExecutionFailed,
    names: &Names,
) -> Attributes {
    Attributes::StartChildWorkflowExecutionFailedEventAttributes(
        proto::StartChildWorkflowExecutionFailedEventAttributes {
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_id: a.workflow_id.to_string(),
            workflow_type: workflow_type(&a.workflow_type),
            cause: a.cause as i32,
            initiated_event_id: a.initiated_event_id,
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            ..proto::StartChildWorkflowExecutionFailedEventAttributes::default()
        },
    )
}

pub(super) fn started(a: &core::ChildWorkflowExecutionStarted, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionStartedEventAttributes(
        proto::ChildWorkflowExecutionStartedEventAttributes {
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            initiated_event_id: a.initiated_event_id,
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            header: payload::header(&a.header, a.blanks),
        },
    )
}

pub(super) fn completed(a: &core::ChildWorkflowExecutionCompleted, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionCompletedEventAttributes(
        proto::ChildWorkflowExecutionCompletedEventAttributes {
            result: payload::list(&a.result),
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            initiated_event_id: a.initiated_event_id,
            started_event_id: a.started_event_id,
        },
    )
}

pub(super) fn failed(a: &core::ChildWorkflowExecutionFailed, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionFailedEventAttributes(
        proto::ChildWorkflowExecutionFailedEventAttributes {
            failure: Some(failure::to_proto(&a.failure)),
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            initiated_event_id: a.initiated_event_id,
            started_event_id: a.started_event_id,
            retry_state: enums::retry_state(a.retry_state).into(),
        },
    )
}

pub(super) fn canceled(a: &core::ChildWorkflowExecutionCanceled, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionCanceledEventAttributes(
        proto::ChildWorkflowExecutionCanceledEventAttributes {
            details: payload::list(&a.details),
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            initiated_event_id: a.initiated_event_id,
            started_event_id: a.started_event_id,
        },
    )
}

pub(super) fn timed_out(a: &core::ChildWorkflowExecutionTimedOut, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionTimedOutEventAttributes(
        proto::ChildWorkflowExecutionTimedOutEventAttributes {
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            initiated_event_id: a.initiated_event_id,
            started_event_id: a.started_event_id,
            retry_state: enums::retry_state(a.retry_state).into(),
        },
    )
}

pub(super) fn terminated(a: &core::ChildWorkflowExecutionTerminated, names: &Names) -> Attributes {
    Attributes::ChildWorkflowExecutionTerminatedEventAttributes(
        proto::ChildWorkflowExecutionTerminatedEventAttributes {
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            workflow_type: workflow_type(&a.workflow_type),
            initiated_event_id: a.initiated_event_id,
            started_event_id: a.started_event_id,
        },
    )
}
