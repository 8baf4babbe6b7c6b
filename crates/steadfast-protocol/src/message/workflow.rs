//! Workflow tasks: what a workflow worker gets.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    Event, EventId, PayloadMap, Payloads, RunId, TaskQueue, WorkflowId, WorkflowType,
    event::UpdateRequest,
};

/// A workflow task: replay the events, deliver the updates, answer the queries, send commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowTask {
    /// Give this back.
    pub token: Bytes,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// Its run.
    pub run_id: RunId,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Which attempt at this task, from 1.
    pub attempt: i32,
    /// The started event of the last completed task; events after it are new. 0 for the first.
    pub previous_started_event_id: EventId,
    /// This task's started event; 0 for a task that is only a query.
    pub started_event_id: EventId,
    /// The history, or its part after what a sticky worker knows, or the first page of it.
    pub history: Vec<Event>,
    /// When set, read the rest with `history` from here, before `tail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_event_id: Option<EventId>,
    /// The events of this task itself, which follow all others and are not written yet.
    #[serde(default)]
    pub tail: Vec<Event>,
    /// Updates to deliver, in order.
    #[serde(default)]
    pub updates: Vec<UpdateRequest>,
    /// Queries to answer with the completion.
    #[serde(default)]
    pub queries: Vec<QueryTask>,
    /// Set when this is no task of the run's but only this query: no command may be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lone_query: Option<QueryTask>,
    /// Whether it came through the worker's own queue, and `history` has only what is new.
    pub sticky: bool,
    /// How long the worker may take.
    pub timeout_ms: u64,
    /// When it was scheduled.
    pub scheduled_at_ms: i64,
    /// When it was handed out.
    pub started_at_ms: i64,
    /// The workflow's trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// A query on its way to a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryTask {
    /// Its id within the task.
    pub id: String,
    /// Which handler.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
}

/// Where the run's next workflow task should go first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticky {
    /// A queue that only this worker polls.
    pub task_queue: TaskQueue,
    /// How long a task waits there before it goes to the normal queue; 0 means 5 s.
    #[serde(default)]
    pub schedule_to_start_timeout_ms: u64,
}
