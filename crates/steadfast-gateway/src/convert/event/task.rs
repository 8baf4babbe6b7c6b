//! Workflow tasks, timers and markers.

use steadfast_core::{Blanks, event as core};
use steadfast_temporal_api::api::{
    common::v1 as common,
    history::v1::{self as proto, history_event::Attributes},
};

use super::Names;
use crate::convert::{clear, enums, failure, payload, sticky_queue, task_queue, time, worker};

pub(super) fn scheduled(a: &core::WorkflowTaskScheduled, names: &Names) -> Attributes {
    let queue = if a.sticky {
        sticky_queue(&a.task_queue, &names.task_queue)
    } else {
        task_queue(&a.task_queue)
    };
    Attributes::WorkflowTaskScheduledEventAttributes(proto::WorkflowTaskScheduledEventAttributes {
        task_queue: queue,
        start_to_close_timeout: time::duration(a.start_to_close_timeout),
        attempt: a.attempt,
    })
}

pub(super) fn started(a: &core::WorkflowTaskStarted) -> Attributes {
    Attributes::WorkflowTaskStartedEventAttributes(proto::WorkflowTaskStartedEventAttributes {
        scheduled_event_id: a.scheduled_event_id,
        identity: a.identity.to_string(),
        request_id: a.request_id.to_string(),
        suggest_continue_as_new: a.suggest_continue_as_new,
        history_size_bytes: i64::try_from(a.history_size_bytes).unwrap_or(i64::MAX),
        ..proto::WorkflowTaskStartedEventAttributes::default()
    })
}

#[expect(deprecated, reason = "older clients read the legacy fields")]
pub(super) fn completed(a: &core::WorkflowTaskCompleted) -> Attributes {
    Attributes::WorkflowTaskCompletedEventAttributes(proto::WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        identity: a.identity.to_string(),
        binary_checksum: a.binary_checksum.clone(),
        worker_version: a
            .worker
            .as_ref()
            .map(worker)
            .or_else(|| a.worker_version.as_ref().and_then(clear)),
        sdk_metadata: a.sdk_metadata.as_ref().and_then(clear),
        metering_metadata: a.metering_metadata.as_ref().and_then(clear),
        ..proto::WorkflowTaskCompletedEventAttributes::default()
    })
}

pub(super) fn timed_out(a: &core::WorkflowTaskTimedOut) -> Attributes {
    Attributes::WorkflowTaskTimedOutEventAttributes(proto::WorkflowTaskTimedOutEventAttributes {
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        timeout_type: enums::timeout(a.timeout_type).into(),
    })
}

pub(super) fn failed(a: &core::WorkflowTaskFailed) -> Attributes {
    Attributes::WorkflowTaskFailedEventAttributes(proto::WorkflowTaskFailedEventAttributes {
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        cause: a.cause as i32,
        failure: a.failure.as_ref().map(failure::to_proto),
        identity: a.identity.to_string(),
        base_run_id: a.base_run_id.to_string(),
        new_run_id: a.new_run_id.to_string(),
        fork_event_version: a.fork_event_version,
        ..proto::WorkflowTaskFailedEventAttributes::default()
    })
}

pub(super) fn timer_started(a: &core::TimerStarted) -> Attributes {
    Attributes::TimerStartedEventAttributes(proto::TimerStartedEventAttributes {
        timer_id: a.timer_id.to_string(),
        start_to_fire_timeout: time::duration(a.start_to_fire_timeout),
        workflow_task_completed_event_id: a.workflow_task_completed_event_id,
    })
}

pub(super) fn timer_fired(a: &core::TimerFired) -> Attributes {
    Attributes::TimerFiredEventAttributes(proto::TimerFiredEventAttributes {
        timer_id: a.timer_id.to_string(),
        started_event_id: a.started_event_id,
    })
}

pub(super) fn timer_canceled(a: &core::TimerCanceled) -> Attributes {
    Attributes::TimerCanceledEventAttributes(proto::TimerCanceledEventAttributes {
        timer_id: a.timer_id.to_string(),
        started_event_id: a.started_event_id,
        workflow_task_completed_event_id: a.workflow_task_completed_event_id,
        identity: a.identity.to_string(),
    })
}

pub(super) fn marker(a: &core::MarkerRecorded) -> Attributes {
    let details = a.details.iter().map(|(name, values)| {
        let payloads = values.iter().map(payload::to_proto).collect();
        (name.clone(), common::Payloads { payloads })
    });
    Attributes::MarkerRecordedEventAttributes(proto::MarkerRecordedEventAttributes {
        marker_name: a.marker_name.clone(),
        details: details.collect(),
        workflow_task_completed_event_id: a.workflow_task_completed_event_id,
        header: payload::header(&a.header, Blanks::default()),
        failure: a.failure.as_ref().map(failure::to_proto),
    })
}
