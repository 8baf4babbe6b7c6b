//! A run's own beginning, end and properties.

use steadfast_core::{Blanks, event as core};
use steadfast_engine::is_trace_header;
use steadfast_temporal_api::{
    api::{
        common::v1 as common,
        history::v1::{self as proto, history_event::Attributes},
    },
    well_known::Duration,
};

use super::Names;
use crate::{
    context::given,
    convert::{
        clear, enums, execution, failure, payload, priority, reset_point, retry, task_queue, time,
        workflow_type,
    },
};

pub(super) fn started(a: &core::WorkflowExecutionStarted, names: &Names) -> Attributes {
    let parent = a.parent.as_ref();
    let parent_id = parent.map(|parent| names.id_of(&parent.namespace)).unwrap_or_default();
    let timeout = |span, field| time::limit(span, a.blanks.has(field));
    let points = &a.prev_reset_points;
    Attributes::WorkflowExecutionStartedEventAttributes(
        proto::WorkflowExecutionStartedEventAttributes {
            workflow_type: workflow_type(&a.workflow_type),
            workflow_id: a.workflow_id.to_string(),
            parent_workflow_namespace: parent
                .map(|parent| parent.namespace.to_string())
                .unwrap_or_default(),
            parent_workflow_namespace_id: parent_id,
            parent_workflow_execution: parent.map(|parent| execution(&parent.execution)),
            parent_initiated_event_id: parent.map_or(0, |parent| parent.initiated_event_id),
            root_workflow_execution: a.root.as_ref().map(execution),
            task_queue: task_queue(&a.task_queue),
            input: payload::list(&a.input),
            workflow_execution_timeout: timeout(
                a.workflow_execution_timeout,
                Blanks::EXECUTION_TIMEOUT,
            ),
            workflow_run_timeout: timeout(a.workflow_run_timeout, Blanks::RUN_TIMEOUT),
            workflow_task_timeout: time::duration(a.workflow_task_timeout),
            continued_execution_run_id: a.continued_execution_run_id.to_string(),
            initiator: a.initiator as i32,
            continued_failure: a.continued_failure.as_ref().map(failure::to_proto),
            last_completion_result: payload::list(&a.last_completion_result),
            original_execution_run_id: a.original_execution_run_id.to_string(),
            identity: a.identity.to_string(),
            first_execution_run_id: a.first_execution_run_id.to_string(),
            retry_policy: a.retry_policy.as_ref().map(retry::to_proto),
            attempt: a.attempt,
            workflow_execution_expiration_time: a
                .workflow_execution_expiration
                .map(time::timestamp),
            cron_schedule: a.cron_schedule.clone(),
            first_workflow_task_backoff: backoff(a),
            prev_auto_reset_points: (!points.is_empty())
                .then(|| reset_point::to_proto(points, names.retention)),
            memo: payload::memo(&a.memo),
            search_attributes: payload::search_attributes(&a.search_attributes),
            header: header(a),
            completion_callbacks: a.completion_callbacks.iter().filter_map(clear).collect(),
            priority: a.priority.as_ref().map(priority::to_proto),
            eager_execution_accepted: a.eager_execution_accepted,
            ..proto::WorkflowExecutionStartedEventAttributes::default()
        },
    )
}

/// The header without what the engine put there: the trace that the run is part of.
fn header(a: &core::WorkflowExecutionStarted) -> Option<common::Header> {
    let blanks = if a.header.is_empty() { a.blanks } else { Blanks::HEADER };
    let theirs = a.header.iter().filter(|(name, value)| !is_trace_header(name, value));
    payload::header(theirs, blanks)
}

/// The delay of the first task; Temporal leaves it out where a workflow goes on at once.
fn backoff(a: &core::WorkflowExecutionStarted) -> Option<Duration> {
    time::limit(a.first_workflow_task_backoff, a.initiator != core::Initiator::Workflow)
}

pub(super) fn completed(a: &core::WorkflowExecutionCompleted) -> Attributes {
    Attributes::WorkflowExecutionCompletedEventAttributes(
        proto::WorkflowExecutionCompletedEventAttributes {
            result: payload::list(&a.result),
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            new_execution_run_id: a.new_execution_run_id.to_string(),
        },
    )
}

pub(super) fn failed(a: &core::WorkflowExecutionFailed) -> Attributes {
    Attributes::WorkflowExecutionFailedEventAttributes(
        proto::WorkflowExecutionFailedEventAttributes {
            failure: Some(failure::to_proto(&a.failure)),
            retry_state: enums::retry_state(a.retry_state).into(),
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            new_execution_run_id: a.new_execution_run_id.to_string(),
        },
    )
}

pub(super) fn timed_out(a: &core::WorkflowExecutionTimedOut) -> Attributes {
    Attributes::WorkflowExecutionTimedOutEventAttributes(
        proto::WorkflowExecutionTimedOutEventAttributes {
            retry_state: enums::retry_state(a.retry_state).into(),
            new_execution_run_id: a.new_execution_run_id.to_string(),
        },
    )
}

pub(super) fn canceled(a: &core::WorkflowExecutionCanceled) -> Attributes {
    Attributes::WorkflowExecutionCanceledEventAttributes(
        proto::WorkflowExecutionCanceledEventAttributes {
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            details: payload::list(&a.details),
        },
    )
}

pub(super) fn terminated(a: &core::WorkflowExecutionTerminated) -> Attributes {
    Attributes::WorkflowExecutionTerminatedEventAttributes(
        proto::WorkflowExecutionTerminatedEventAttributes {
            reason: a.reason.clone(),
            details: payload::list(&a.details),
            identity: a.identity.to_string(),
        },
    )
}

#[expect(deprecated, reason = "Temporal fills the legacy fields")]
pub(super) fn continued(a: &core::WorkflowExecutionContinuedAsNew) -> Attributes {
    Attributes::WorkflowExecutionContinuedAsNewEventAttributes(
        proto::WorkflowExecutionContinuedAsNewEventAttributes {
            new_execution_run_id: a.new_execution_run_id.to_string(),
            workflow_type: workflow_type(&a.workflow_type),
            task_queue: task_queue(&a.task_queue),
            input: payload::list(&a.input),
            workflow_run_timeout: time::duration(a.workflow_run_timeout),
            workflow_task_timeout: time::duration(a.workflow_task_timeout),
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            backoff_start_interval: time::limit(a.backoff_start_interval, false),
            inherit_build_id: a.inherit_build_id,
            initiator: a.initiator as i32,
            last_completion_result: payload::list(&a.last_completion_result),
            header: payload::header(&a.header, Blanks::default()),
            memo: payload::memo(&a.memo),
            search_attributes: payload::search_attributes(&a.search_attributes),
            ..proto::WorkflowExecutionContinuedAsNewEventAttributes::default()
        },
    )
}

pub(super) fn cancel_requested(a: &core::WorkflowExecutionCancelRequested) -> Attributes {
    Attributes::WorkflowExecutionCancelRequestedEventAttributes(
        proto::WorkflowExecutionCancelRequestedEventAttributes {
            cause: a.cause.clone(),
            external_initiated_event_id: a.external_initiated_event_id,
            external_workflow_execution: a.external_workflow_execution.as_ref().map(execution),
            identity: a.identity.to_string(),
        },
    )
}

pub(super) fn signaled(a: &core::WorkflowExecutionSignaled) -> Attributes {
    Attributes::WorkflowExecutionSignaledEventAttributes(
        proto::WorkflowExecutionSignaledEventAttributes {
            signal_name: a.signal_name.clone(),
            input: payload::list(&a.input),
            identity: a.identity.to_string(),
            header: payload::header(&a.header, Blanks::default()),
            external_workflow_execution: a.external_workflow_execution.as_ref().map(execution),
            request_id: given(&a.request_id),
            ..proto::WorkflowExecutionSignaledEventAttributes::default()
        },
    )
}

pub(super) fn upserted(a: &core::UpsertWorkflowSearchAttributes) -> Attributes {
    Attributes::UpsertWorkflowSearchAttributesEventAttributes(
        proto::UpsertWorkflowSearchAttributesEventAttributes {
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            search_attributes: payload::search_attributes(&a.search_attributes),
        },
    )
}

pub(super) fn modified(a: &core::WorkflowPropertiesModified) -> Attributes {
    Attributes::WorkflowPropertiesModifiedEventAttributes(
        proto::WorkflowPropertiesModifiedEventAttributes {
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            upserted_memo: payload::memo(&a.upserted_memo),
        },
    )
}

pub(super) fn options_updated(a: &core::WorkflowExecutionOptionsUpdated) -> Attributes {
    let options: proto::WorkflowExecutionOptionsUpdatedEventAttributes =
        clear(&a.options).unwrap_or_default();
    Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(
        proto::WorkflowExecutionOptionsUpdatedEventAttributes {
            attached_request_id: a.attached_request_id.to_string(),
            attached_completion_callbacks: a
                .attached_completion_callbacks
                .iter()
                .filter_map(clear)
                .collect(),
            identity: a.identity.to_string(),
            ..options
        },
    )
}

pub(super) fn paused(a: &core::WorkflowExecutionPaused) -> Attributes {
    Attributes::WorkflowExecutionPausedEventAttributes(
        proto::WorkflowExecutionPausedEventAttributes {
            identity: a.identity.to_string(),
            reason: a.reason.clone(),
            request_id: a.request_id.to_string(),
        },
    )
}

pub(super) fn unpaused(a: &core::WorkflowExecutionUnpaused) -> Attributes {
    Attributes::WorkflowExecutionUnpausedEventAttributes(
        proto::WorkflowExecutionUnpausedEventAttributes {
            identity: a.identity.to_string(),
            reason: a.reason.clone(),
            request_id: a.request_id.to_string(),
        },
    )
}
