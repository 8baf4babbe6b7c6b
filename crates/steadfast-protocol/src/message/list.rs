//! `list` and `count`: the runs of a namespace.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    Namespace, Payload, PayloadMap, RunId, TaskQueue, WorkflowId, WorkflowType, run::Status,
};

/// Lists runs: the open ones first, then the closed ones, newest first.
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
    /// Which runs, in Temporal's filter language; empty means all of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
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
    /// When it started; 0 where runs are listed from the log.
    #[serde(default)]
    pub started_at_ms: i64,
    /// When it closed; nothing while it is open.
    #[serde(default)]
    pub closed_at_ms: Option<i64>,
    /// Where its tasks wait.
    #[serde(default)]
    pub task_queue: TaskQueue,
    /// Notes.
    #[serde(default)]
    pub memo: PayloadMap,
    /// What it is found by.
    #[serde(default)]
    pub search_attributes: PayloadMap,
}

/// Counts runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Count {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// Which runs, in Temporal's filter language, perhaps with `GROUP BY ExecutionStatus`.
    pub query: String,
}

/// How many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// In all groups together.
    pub count: u64,
    /// With `GROUP BY`: how many of each.
    #[serde(default)]
    pub groups: Vec<CountedGroup>,
}

/// One group of a count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedGroup {
    /// What they have in common.
    pub values: Vec<Payload>,
    /// How many there are.
    pub count: u64,
}
