//! Activities' events.

use steadfast_core::event as core;
use steadfast_temporal_api::api::history::v1::{self as proto, history_event::Attributes};

use crate::convert::{activity_type, enums, failure, payload, priority, retry, task_queue, time};

#[expect(deprecated, reason = "Temporal fills the legacy fields")]
pub(super) fn scheduled(a: &core::ActivityTaskScheduled) -> Attributes {
    Attributes::ActivityTaskScheduledEventAttributes(proto::ActivityTaskScheduledEventAttributes {
        activity_id: a.activity_id.to_string(),
        activity_type: activity_type(&a.activity_type),
        task_queue: task_queue(&a.task_queue),
        header: payload::header(&a.header, a.blanks),
        input: payload::list(&a.input),
        schedule_to_close_timeout: time::duration(a.schedule_to_close_timeout),
        schedule_to_start_timeout: time::duration(a.schedule_to_start_timeout),
        start_to_close_timeout: time::duration(a.start_to_close_timeout),
        heartbeat_timeout: time::duration(a.heartbeat_timeout),
        workflow_task_completed_event_id: a.workflow_task_completed_event_id,
        retry_policy: a.retry_policy.as_ref().map(retry::to_proto),
        priority: a.priority.as_ref().map(priority::to_proto),
        use_workflow_build_id: a.use_workflow_build_id,
    })
}

pub(super) fn started(a: &core::ActivityTaskStarted) -> Attributes {
    Attributes::ActivityTaskStartedEventAttributes(proto::ActivityTaskStartedEventAttributes {
        scheduled_event_id: a.scheduled_event_id,
        identity: a.identity.to_string(),
        request_id: a.request_id.to_string(),
        attempt: a.attempt,
        last_failure: a.last_failure.as_ref().map(failure::to_proto),
        ..proto::ActivityTaskStartedEventAttributes::default()
    })
}

pub(super) fn completed(a: &core::ActivityTaskCompleted) -> Attributes {
    Attributes::ActivityTaskCompletedEventAttributes(proto::ActivityTaskCompletedEventAttributes {
        result: payload::list(&a.result),
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        identity: a.identity.to_string(),
        ..proto::ActivityTaskCompletedEventAttributes::default()
    })
}

pub(super) fn failed(a: &core::ActivityTaskFailed) -> Attributes {
    Attributes::ActivityTaskFailedEventAttributes(proto::ActivityTaskFailedEventAttributes {
        failure: Some(failure::to_proto(&a.failure)),
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        identity: a.identity.to_string(),
        retry_state: enums::retry_state(a.retry_state).into(),
        ..proto::ActivityTaskFailedEventAttributes::default()
    })
}

pub(super) fn timed_out(a: &core::ActivityTaskTimedOut) -> Attributes {
    Attributes::ActivityTaskTimedOutEventAttributes(proto::ActivityTaskTimedOutEventAttributes {
        failure: Some(failure::to_proto(&a.failure)),
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        retry_state: enums::retry_state(a.retry_state).into(),
    })
}

pub(super) fn cancel_requested(a: &core::ActivityTaskCancelRequested) -> Attributes {
    Attributes::ActivityTaskCancelRequestedEventAttributes(
        proto::ActivityTaskCancelRequestedEventAttributes {
            scheduled_event_id: a.scheduled_event_id,
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
        },
    )
}

pub(super) fn canceled(a: &core::ActivityTaskCanceled) -> Attributes {
    Attributes::ActivityTaskCanceledEventAttributes(proto::ActivityTaskCanceledEventAttributes {
        details: payload::list(&a.details),
        latest_cancel_requested_event_id: a.latest_cancel_requested_event_id,
        scheduled_event_id: a.scheduled_event_id,
        started_event_id: a.started_event_id,
        identity: a.identity.to_string(),
        ..proto::ActivityTaskCanceledEventAttributes::default()
    })
}
