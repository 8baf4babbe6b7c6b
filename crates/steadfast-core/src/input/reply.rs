//! What an input gets back once its transition is durable.

use serde::{Deserialize, Serialize};

use super::{ActivityOptions, WorkflowTaskRef};
use crate::{
    EventId, Namespace, Payloads, Priority, Span, WorkflowType,
    event::{Event, UpdateOutcome, UpdateRequest},
};

/// What an input gets back once its transition is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Done; nothing to say.
    Done,
    /// Nothing changed: a repeat of something that was done already.
    Duplicate,
    /// The workflow task, for the worker that took it.
    WorkflowTask(Box<WorkflowTask>),
    /// The workflow task's answer was written.
    WorkflowTaskCompleted {
        /// Another workflow task is pending already.
        new_task: bool,
        /// Activities started for this same worker.
        eager: Vec<ActivityTask>,
        /// The next workflow task, for this same worker.
        next: Option<Box<WorkflowTask>>,
        /// When the task left no events: the last started event that the history has. What the
        /// worker saw behind it never was.
        dropped_after: Option<EventId>,
    },
    /// The activity attempt, for the worker that took it.
    Activity(Box<ActivityTask>),
    /// The heartbeat's answer.
    Heartbeat(HeartbeatReply),
    /// The activity's options as they are now.
    ActivityOptions(Box<ActivityOptions>),
    /// The update's stage when it was admitted: it may be known already.
    Update(UpdateReply),
}

/// What a worker gets to process.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowTask {
    /// Which task: goes into the token.
    pub task: WorkflowTaskRef,
    /// The started event of the last completed task: history before it is known to the cache.
    pub previous_started_event_id: EventId,
    /// Events at the end of the history that are not written yet: the task's own Scheduled and Started.
    pub tail: Vec<Event>,
    /// The last event that is in the log.
    pub last_written_event_id: EventId,
    /// Updates to deliver.
    pub updates: Vec<UpdateRequest>,
    /// How long the worker may take.
    pub timeout: Span,
    /// Whether only the sticky worker's tail is needed.
    pub sticky: bool,
}

/// What a worker gets to do.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTask {
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// Its attempt, from 1.
    pub attempt: i32,
    /// The scheduled event's content.
    pub scheduled: std::sync::Arc<crate::event::ActivityTaskScheduled>,
    /// When it was first scheduled.
    pub scheduled_at: crate::Timestamp,
    /// When this attempt was scheduled.
    pub attempt_scheduled_at: crate::Timestamp,
    /// When this attempt started.
    pub started_at: crate::Timestamp,
    /// Progress of the attempt before it.
    pub heartbeat_details: Payloads,
    /// The type of the workflow.
    pub workflow_type: WorkflowType,
    /// The namespace of the workflow.
    pub namespace: Namespace,
    /// How urgent it is, with what the workflow says.
    pub priority: Option<Priority>,
}

/// What a heartbeating worker should know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// The workflow wants it cancelled.
    pub cancel_requested: bool,
    /// An operator paused it.
    pub paused: bool,
    /// An operator reset it.
    pub reset: bool,
}

/// How far an update is.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateReply {
    /// The engine has it; the workflow has not seen it.
    Admitted,
    /// The workflow accepted it.
    Accepted,
    /// It ended.
    Completed(UpdateOutcome),
}
