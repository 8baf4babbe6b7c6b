//! `signal`, `cancel`, `terminate`: a workflow is told something.

use serde::{Deserialize, Serialize};
use steadfast_core::{
    Identity, Namespace, PayloadMap, Payloads, RequestId, RunId, WorkflowId, input,
};

/// Sends a signal; answered with [`super::Done`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
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
    pub input: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
    /// Who sends it.
    #[serde(default)]
    pub identity: Identity,
    /// Repeats of one signal carry the same id; missing, the engine makes one.
    #[serde(default)]
    pub request_id: RequestId,
}

/// Asks to cancel; answered with [`super::Done`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
    /// Who asks.
    #[serde(default)]
    pub identity: Identity,
    /// Repeats of one request carry the same id; missing, the engine makes one.
    #[serde(default)]
    pub request_id: RequestId,
    /// When given, the first run of the chain must be this one.
    #[serde(default)]
    pub first_execution_run_id: RunId,
}

/// Ends a workflow at once; answered with [`super::Done`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terminate {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// Why, for people.
    #[serde(default)]
    pub reason: String,
    /// Values for whoever waits.
    #[serde(default)]
    pub details: Payloads,
    /// Who does it.
    #[serde(default)]
    pub identity: Identity,
    /// When given, the first run of the chain must be this one.
    #[serde(default)]
    pub first_execution_run_id: RunId,
}

impl From<Signal> for input::Signal {
    fn from(signal: Signal) -> Self {
        Self {
            name: signal.name,
            input: signal.input,
            identity: signal.identity,
            header: signal.header,
            request_id: signal.request_id,
            external: None,
            links: Vec::new(),
        }
    }
}

impl From<Cancel> for input::RequestCancel {
    fn from(cancel: Cancel) -> Self {
        Self {
            reason: cancel.reason,
            identity: cancel.identity,
            request_id: cancel.request_id,
            external: None,
            first_execution_run_id: cancel.first_execution_run_id,
            child_workflow_only: false,
            links: Vec::new(),
        }
    }
}

impl From<Terminate> for input::Terminate {
    fn from(terminate: Terminate) -> Self {
        Self {
            reason: terminate.reason,
            details: terminate.details,
            identity: terminate.identity,
            first_execution_run_id: terminate.first_execution_run_id,
            links: Vec::new(),
        }
    }
}
