//! Messages from this run to other runs.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use crate::{EventId, Execution, Namespace, PayloadMap, Payloads};

/// The workflow asks to cancel another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestCancelExternalWorkflowExecutionInitiated {
    pub workflow_task_completed_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
    pub child_workflow_only: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// That could not be delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestCancelExternalWorkflowExecutionFailed {
    pub cause: ExternalFailedCause,
    pub workflow_task_completed_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
    pub initiated_event_id: EventId,
}

/// That was delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalWorkflowExecutionCancelRequested {
    pub initiated_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
}

/// The workflow signals another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignalExternalWorkflowExecutionInitiated {
    pub workflow_task_completed_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signal_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Payloads,
    pub child_workflow_only: bool,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
}

/// That could not be delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignalExternalWorkflowExecutionFailed {
    pub cause: ExternalFailedCause,
    pub workflow_task_completed_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
    pub initiated_event_id: EventId,
}

/// That was delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalWorkflowExecutionSignaled {
    pub initiated_event_id: EventId,
    pub namespace: Namespace,
    pub execution: Execution,
}

/// Why a signal or a cancel request could not be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExternalFailedCause {
    #[default]
    Unspecified = 0,
    ExternalWorkflowExecutionNotFound = 1,
    NamespaceNotFound = 2,
    SignalCountLimitExceeded = 3,
}
