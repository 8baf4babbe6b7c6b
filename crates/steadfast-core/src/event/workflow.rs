//! A run's own beginning, end and properties.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use bytes::Bytes;

use crate::{
    Blanks, EventId, Execution, Failure, Identity, Namespace, PayloadMap, Payloads, Priority,
    RequestId, RetryPolicy, RunId, Span, TaskQueue, Timestamp, WorkflowId, WorkflowType,
    failure::RetryState,
};

/// Who started this run as a child.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParentRef {
    pub namespace: Namespace,
    pub execution: Execution,
    pub initiated_event_id: EventId,
}

/// The run exists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionStarted {
    pub workflow_type: WorkflowType,
    pub workflow_id: WorkflowId,
    pub task_queue: TaskQueue,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Execution>,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_execution_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_run_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_task_timeout: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_execution_expiration: Option<Timestamp>,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub continued_execution_run_id: RunId,
    pub initiator: Initiator,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continued_failure: Option<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_completion_result: Payloads,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub original_execution_run_id: RunId,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub first_execution_run_id: RunId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    pub attempt: i32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cron_schedule: String,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub first_workflow_task_backoff: Span,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub memo: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub search_attributes: PayloadMap,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completion_callbacks: Vec<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    pub eager_execution_accepted: bool,
    /// What of Temporal's versioning fields the start came with, encoded by the front door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning: Option<Bytes>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prev_reset_points: Vec<ResetPoint>,
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blanks: Blanks,
}

/// The first workflow task that a build of the workers completed: a reset may go back before a bad one
/// (`temporal.api.workflow.v1.ResetPointInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResetPoint {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub binary_checksum: String,
    pub run_id: RunId,
    pub first_task_completed_event_id: EventId,
    pub created_at: Timestamp,
    /// Whether nothing was pending then that a reset could not take along.
    pub resettable: bool,
    /// When its run went on as another: it is kept for the namespace's retention after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// The workflow returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionCompleted {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub result: Payloads,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub new_execution_run_id: RunId,
}

/// The workflow failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionFailed {
    pub failure: Failure,
    pub retry_state: RetryState,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub new_execution_run_id: RunId,
}

/// The run or its execution took too long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionTimedOut {
    pub retry_state: RetryState,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub new_execution_run_id: RunId,
}

/// The workflow ended cancelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionCanceled {
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Payloads,
}

/// The run was terminated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionTerminated {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Payloads,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}

/// The run goes on as a new one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionContinuedAsNew {
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub new_execution_run_id: RunId,
    pub workflow_type: WorkflowType,
    pub task_queue: TaskQueue,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_run_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_task_timeout: Span,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub backoff_start_interval: Span,
    /// Not in Temporal's event: what the next run is started with must follow from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// Not in Temporal's event either.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cron_schedule: String,
    pub initiator: Initiator,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_completion_result: Payloads,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub memo: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub search_attributes: PayloadMap,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit_build_id: bool,
}

/// Somebody asked to cancel the workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionCancelRequested {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    pub external_initiated_event_id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_workflow_execution: Option<Execution>,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}

/// A signal arrived.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionSignaled {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signal_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_workflow_execution: Option<Execution>,
    pub request_id: RequestId,
}

/// Search attributes changed; an empty value removes one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpsertWorkflowSearchAttributes {
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub search_attributes: PayloadMap,
}

/// Memo fields changed; an empty value removes one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowPropertiesModified {
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub upserted_memo: PayloadMap,
}

/// The run's options were changed from outside; what changed is encoded by the front door.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionOptionsUpdated {
    pub options: Bytes,
    pub attached_request_id: RequestId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attached_completion_callbacks: Vec<Bytes>,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}

/// The run was paused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionPaused {
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub request_id: RequestId,
}

/// The run goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionUnpaused {
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub request_id: RequestId,
}

/// What made a run follow another (`temporal.api.enums.v1.ContinueAsNewInitiator`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initiator {
    #[default]
    Unspecified = 0,
    Workflow = 1,
    Retry = 2,
    CronSchedule = 3,
}
