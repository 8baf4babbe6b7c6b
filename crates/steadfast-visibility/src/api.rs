//! What visibility is asked and what it answers.

use bytes::Bytes;
use steadfast_core::{
    Execution, Identity, Namespace, Payload, PayloadMap, RunId, Span, TaskQueue, Timestamp,
    WorkflowType, event::UserMetadata, run::Status,
};

/// Asks for a page of a namespace's runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// The namespace.
    pub namespace: Namespace,
    /// Temporal's filter language; empty means all of them.
    pub query: String,
    /// At most so many; 0 is the configured default.
    pub page_size: usize,
    /// The last page's token, or empty.
    pub page_token: Bytes,
}

/// Some runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPage {
    /// The runs, in the order that was asked for.
    pub runs: Vec<RunInfo>,
    /// Asks for the next page; empty when there is none.
    pub next_page_token: Bytes,
}

/// How many runs there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Count {
    /// In all groups together.
    pub total: u64,
    /// With `GROUP BY`: how many of each.
    pub groups: Vec<Group>,
}

/// One group of a count.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they have in common, as search attributes' payloads.
    pub values: Vec<Payload>,
    /// How many there are.
    pub count: u64,
}

/// One run, open or closed: everything that a list shows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// The tenant.
    pub namespace: Namespace,
    /// Workflow id and run id.
    pub execution: Execution,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Open, or how it closed.
    pub status: Status,
    /// When it was started.
    pub start_time: Timestamp,
    /// When its first workflow task was due: later than the start with a delay, cron or retry.
    pub execution_time: Timestamp,
    /// When something last happened to it.
    pub last_time: Timestamp,
    /// When it closed.
    pub close_time: Option<Timestamp>,
    /// From execution to close.
    pub execution_duration: Option<Span>,
    /// Events.
    pub history_length: i64,
    /// About how many bytes they are.
    pub history_size_bytes: u64,
    /// Records.
    pub state_transition_count: i64,
    /// Where its tasks wait.
    pub task_queue: TaskQueue,
    /// The parent's namespace and execution.
    pub parent: Option<(Namespace, Execution)>,
    /// The topmost ancestor; itself when it has no parent.
    pub root: Execution,
    /// The first run of the chain that this one continues; its own id when it is that.
    pub first_run_id: RunId,
    /// Notes.
    pub memo: PayloadMap,
    /// Search attributes, with their type in each payload's metadata.
    pub search_attributes: PayloadMap,
    /// Summary and details.
    pub user_metadata: Option<UserMetadata>,
    /// Who paused it, while it is paused.
    pub paused: Option<Paused>,
    /// Its history holds a record that this build cannot read: what is told of it may be old.
    pub is_unreadable: bool,
}

/// A pause.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Paused {
    /// Who paused it.
    pub identity: Identity,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
