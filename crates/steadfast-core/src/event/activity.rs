//! Activities' events.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use crate::{
    ActivityId, ActivityType, Blanks, EventId, Failure, Identity, PayloadMap, Payloads, Priority,
    RequestId, RetryPolicy, Span, TaskQueue, failure::RetryState,
};

/// An activity is to be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskScheduled {
    pub activity_id: ActivityId,
    pub activity_type: ActivityType,
    pub task_queue: TaskQueue,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub schedule_to_close_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub schedule_to_start_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub start_to_close_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub heartbeat_timeout: Span,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_workflow_build_id: bool,
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blanks: Blanks,
}

/// Its last attempt started; written with its end, as Temporal does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskStarted {
    pub scheduled_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    pub request_id: RequestId,
    pub attempt: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
}

/// It returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskCompleted {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub result: Payloads,
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}

/// It failed for good.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskFailed {
    pub failure: Failure,
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    pub retry_state: RetryState,
}

/// One of its deadlines passed for good.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskTimedOut {
    pub failure: Failure,
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    pub retry_state: RetryState,
}

/// The workflow asked to cancel it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskCancelRequested {
    pub scheduled_event_id: EventId,
    pub workflow_task_completed_event_id: EventId,
}

/// It ended cancelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityTaskCanceled {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Payloads,
    pub latest_cancel_requested_event_id: EventId,
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}
