//! `describe`, `history`, `result`: a run is read.

use serde::{Deserialize, Serialize};
use steadfast_core::{
    ActivityId, ActivityType, Event, EventId, Failure, Identity, Namespace, PayloadMap, Payloads,
    RunId, TaskQueue, WorkflowId, WorkflowType, run::Status,
};

use super::Execution;

/// Asks for a run's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Describe {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
}

/// A run's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run.
    pub run_id: RunId,
    /// The first run of its chain.
    pub first_execution_run_id: RunId,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Where its workflow tasks go.
    pub task_queue: TaskQueue,
    /// Open, or how it closed.
    pub status: Status,
    /// When it started.
    pub started_at_ms: i64,
    /// When it closed.
    pub closed_at_ms: Option<i64>,
    /// How many events its history has.
    pub history_events: EventId,
    /// About how many bytes they have.
    pub history_bytes: u64,
    /// Which attempt it is, for a workflow with a retry policy or a cron schedule.
    pub attempt: i32,
    /// Whether it was asked to cancel.
    pub cancel_requested: bool,
    /// Its parent, for a child.
    pub parent: Option<Execution>,
    /// Notes.
    pub memo: PayloadMap,
    /// What can be searched.
    pub search_attributes: PayloadMap,
    /// Activities that wait or run.
    pub pending_activities: Vec<PendingActivity>,
    /// How many timers run.
    pub pending_timers: u64,
    /// How many children are to start or run.
    pub pending_children: u64,
    /// Whether a workflow task waits or is out.
    pub pending_workflow_task: bool,
    /// Why it is quarantined, if it is.
    pub quarantine: Option<String>,
}

/// An activity that waits or runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingActivity {
    /// The workflow's name for it.
    pub activity_id: ActivityId,
    /// Its code.
    pub activity_type: ActivityType,
    /// Where its tasks go.
    pub task_queue: TaskQueue,
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// The attempt that waits or runs, from 1.
    pub attempt: i32,
    /// Whether that attempt runs.
    pub started: bool,
    /// When that attempt may start or did.
    pub attempt_at_ms: i64,
    /// Whether the workflow asked to cancel it.
    pub cancel_requested: bool,
    /// Why the attempt before failed.
    pub last_failure: Option<Failure>,
    /// Who ran the attempt before.
    pub last_identity: Identity,
    /// Its progress.
    pub heartbeat_details: Payloads,
}

/// Reads events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one. Later pages must name it.
    #[serde(default)]
    pub run_id: RunId,
    /// The first event wanted; 0 or missing is the first there is.
    #[serde(default)]
    pub from_event_id: EventId,
    /// At most so many events; 0 is the engine's default, and the engine may send fewer.
    #[serde(default)]
    pub max_events: u32,
    /// Wait for an event that is not there yet; at the deadline the page is empty.
    #[serde(default)]
    pub wait_new: bool,
    /// Only the event that closes the run.
    #[serde(default)]
    pub close_event_only: bool,
    /// How long to wait; 0 is the engine's default.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// A part of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// The run.
    pub run_id: RunId,
    /// Its events, ascending.
    pub events: Vec<Event>,
    /// Where the next page starts; nothing when there will be no more events.
    pub next_event_id: Option<EventId>,
    /// The run's status when the page was made.
    pub status: Status,
}

/// Waits for the workflow's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitResult {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// Answer when this very run closes, even if another follows it (continue-as-new, retry, cron).
    #[serde(default)]
    pub this_run_only: bool,
    /// How long to wait; 0 is the engine's default. At the deadline the answer is empty.
    #[serde(default)]
    pub timeout_ms: u64,
}

/// How the workflow ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowResult {
    /// The run that ended.
    pub run_id: RunId,
    /// How.
    pub status: Status,
    /// What it returned, when it completed; details, when it ended cancelled or terminated.
    pub result: Payloads,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why it was terminated, when it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The run that follows it, if one does.
    #[serde(default, skip_serializing_if = "RunId::is_empty")]
    pub next_run_id: RunId,
}
