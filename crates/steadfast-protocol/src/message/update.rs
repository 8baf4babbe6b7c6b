//! `update` and `poll_update`: the workflow is asked to change, and answers.

use serde::{Deserialize, Serialize};
use steadfast_core::{
    Identity, Namespace, PayloadMap, Payloads, RunId, UpdateId, WorkflowId, event::UpdateOutcome,
};

/// Until when the caller of an update waits, and how far an update is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum UpdateStage {
    /// The engine has it.
    Admitted,
    /// The workflow accepted or refused it.
    Accepted,
    /// It ended.
    #[default]
    Completed,
}

/// Asks the workflow to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// Unique within the run: a repeat is the same update. Missing, the engine makes one.
    #[serde(default)]
    pub update_id: UpdateId,
    /// Which handler.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
    /// Who asks.
    #[serde(default)]
    pub identity: Identity,
    /// Until when to wait.
    #[serde(default)]
    pub wait: UpdateStage,
    /// When given, the first run of the chain must be this one.
    #[serde(default)]
    pub first_execution_run_id: RunId,
    /// How long to wait; 0 is the engine's default. What was reached by then is the answer.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// Waits for an update that was sent before; answered with [`UpdateAnswer`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PollUpdate {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// The update.
    pub update_id: UpdateId,
    /// Until when to wait.
    #[serde(default)]
    pub wait: UpdateStage,
    /// How long to wait; 0 is the engine's default.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// How far the update is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateAnswer {
    /// The update.
    pub update_id: UpdateId,
    /// The run it went to.
    pub run_id: RunId,
    /// The stage reached; it may be less than was waited for.
    pub stage: UpdateStage,
    /// The outcome, once it ended: `{"Success": [...]}` or `{"Failure": {...}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<UpdateOutcome>,
}
