//! Child workflows, seen from the parent.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use crate::{
    Blanks, EventId, Execution, Failure, Namespace, PayloadMap, Payloads, Priority, RetryPolicy,
    Span, TaskQueue, WorkflowId, WorkflowType,
    failure::RetryState,
    start::{ParentClosePolicy, WorkflowIdReusePolicy},
};

/// A child is to be started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartChildWorkflowExecutionInitiated {
    pub namespace: Namespace,
    pub workflow_id: WorkflowId,
    pub workflow_type: WorkflowType,
    pub task_queue: TaskQueue,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_execution_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_run_timeout: Span,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub workflow_task_timeout: Span,
    pub parent_close_policy: ParentClosePolicy,
    pub workflow_task_completed_event_id: EventId,
    pub workflow_id_reuse_policy: WorkflowIdReusePolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cron_schedule: String,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub memo: PayloadMap,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub search_attributes: PayloadMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit_build_id: bool,
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blanks: Blanks,
}

/// It could not be started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartChildWorkflowExecutionFailed {
    pub namespace: Namespace,
    pub workflow_id: WorkflowId,
    pub workflow_type: WorkflowType,
    pub cause: StartChildFailedCause,
    pub initiated_event_id: EventId,
    pub workflow_task_completed_event_id: EventId,
}

/// The child runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionStarted {
    pub namespace: Namespace,
    pub initiated_event_id: EventId,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blanks: Blanks,
}

/// The child returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionCompleted {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub result: Payloads,
    pub namespace: Namespace,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    pub initiated_event_id: EventId,
    pub started_event_id: EventId,
}

/// The child failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionFailed {
    pub failure: Failure,
    pub namespace: Namespace,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    pub initiated_event_id: EventId,
    pub started_event_id: EventId,
    pub retry_state: RetryState,
}

/// The child ended cancelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionCanceled {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Payloads,
    pub namespace: Namespace,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    pub initiated_event_id: EventId,
    pub started_event_id: EventId,
}

/// The child took too long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionTimedOut {
    pub namespace: Namespace,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    pub initiated_event_id: EventId,
    pub started_event_id: EventId,
    pub retry_state: RetryState,
}

/// The child was terminated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildWorkflowExecutionTerminated {
    pub namespace: Namespace,
    pub execution: Execution,
    pub workflow_type: WorkflowType,
    pub initiated_event_id: EventId,
    pub started_event_id: EventId,
}

/// Why a child could not be started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartChildFailedCause {
    #[default]
    Unspecified = 0,
    WorkflowAlreadyExists = 1,
    NamespaceNotFound = 2,
}
