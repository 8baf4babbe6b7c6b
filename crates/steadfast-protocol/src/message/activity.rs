//! Polls, and the activity attempts they are answered with.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    ActivityId, ActivityType, Identity, Namespace, PayloadMap, Payloads, RunId, TaskQueue,
    WorkflowId, WorkflowType,
};

use super::RetryPolicy;

/// Waits for a task. At the deadline the answer is empty, with the header `Sf-Empty`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Poll {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The queue; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_queue: Option<TaskQueue>,
    /// The worker.
    pub identity: Identity,
    /// How long to wait; 0 is the engine's default. The NATS request must wait a little longer.
    pub timeout_ms: u64,
}

/// An attempt of an activity, to be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivityTask {
    /// Give this back.
    pub token: Bytes,
    /// The workflow that asked.
    pub workflow_id: WorkflowId,
    /// Its run.
    pub run_id: RunId,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// The workflow's name for the activity.
    pub activity_id: ActivityId,
    /// The activity's code.
    pub activity_type: ActivityType,
    /// Its arguments.
    pub input: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
    /// Which attempt, from 1.
    pub attempt: i32,
    /// Progress that an attempt before it reported.
    #[serde(default)]
    pub heartbeat_details: Payloads,
    /// When the activity was scheduled.
    pub scheduled_at_ms: i64,
    /// When this attempt was scheduled.
    pub attempt_scheduled_at_ms: i64,
    /// When this attempt started.
    pub started_at_ms: i64,
    /// How long all attempts together may take; 0 is no limit.
    pub schedule_to_close_timeout_ms: u64,
    /// How long this attempt may take; 0 is no limit.
    pub start_to_close_timeout_ms: u64,
    /// A heartbeat must come at least so often; 0 is never.
    pub heartbeat_timeout_ms: u64,
    /// How it is repeated when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// The workflow's trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}
