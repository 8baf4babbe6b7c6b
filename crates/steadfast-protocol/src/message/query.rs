//! `query`: the workflow's code is asked; nothing changes.

use serde::{Deserialize, Serialize};
use steadfast_core::{Failure, Namespace, PayloadMap, Payloads, RunId, WorkflowId, run::Status};

/// Asks the workflow's code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// Which handler.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
    /// Do not ask a run that is closed.
    #[serde(default)]
    pub reject_not_open: bool,
    /// Do not ask a run that closed other than by completing.
    #[serde(default)]
    pub reject_not_completed_cleanly: bool,
    /// How long to wait for a worker's answer; 0 is the engine's default.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// The answer: exactly one of the three is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryAnswer {
    /// What the handler returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Payloads>,
    /// Why the handler failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The run's status, when it is one that the caller refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Status>,
}
