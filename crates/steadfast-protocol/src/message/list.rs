//! `list`: the runs of a namespace.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{Namespace, RunId, WorkflowId, WorkflowType, run::Status};

/// Lists runs, newest first within a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// At most so many; 0 is the engine's default.
    pub max_runs: u32,
    /// The last page's `next_page`, or empty.
    pub page: Bytes,
}

/// A part of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    /// The runs.
    pub runs: Vec<ListedRun>,
    /// Asks for the next page; empty when there is none.
    #[serde(default)]
    pub next_page: Bytes,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRun {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run.
    pub run_id: RunId,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Open, or how it closed.
    pub status: Status,
    /// When something last happened to it.
    pub last_at_ms: i64,
}
