//! What front doors say to the engine and hear back: plain data, the same for both protocols.

mod query;

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    ActivityId, Command, Event, EventId, Execution, Failure, Identity, Namespace, Priority,
    Rejection, RequestId, RunId, RunKey, Span, TaskQueue, Timestamp, UpdateId, WorkflowId,
    WorkflowKey, WorkflowType,
    event::{UpdateOutcome, UpdateRequest, WorkflowTaskFailedCause},
    input::{ActivityTask, Reset, Signal, Sticky, WorkflowTask},
    run::Status,
    start::StartRequest,
};

pub use self::query::{Query, QueryAnswer};

/// A workflow or one of its runs; an empty run id is the current run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The tenant.
    pub namespace: Namespace,
    /// Workflow id and run id.
    pub execution: Execution,
}

impl Target {
    /// The current run of a workflow.
    pub fn current(namespace: impl Into<Namespace>, workflow_id: impl Into<WorkflowId>) -> Self {
        let execution = Execution { workflow_id: workflow_id.into(), run_id: RunId::default() };
        Self { namespace: namespace.into(), execution }
    }

    /// The workflow.
    pub fn workflow(&self) -> WorkflowKey {
        WorkflowKey {
            namespace: self.namespace.clone(),
            workflow_id: self.execution.workflow_id.clone(),
        }
    }

    /// The key with the run id as it was given, perhaps empty.
    pub fn key(&self) -> RunKey {
        RunKey {
            namespace: self.namespace.clone(),
            workflow_id: self.execution.workflow_id.clone(),
            run_id: self.execution.run_id.clone(),
        }
    }
}

impl From<&RunKey> for Target {
    fn from(key: &RunKey) -> Self {
        Self { namespace: key.namespace.clone(), execution: key.execution() }
    }
}

/// Starts a workflow, perhaps with a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct StartWorkflow {
    /// The tenant.
    pub namespace: Namespace,
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// What to start.
    pub request: StartRequest,
    /// Signal-with-start: an open run is signalled instead of started.
    pub signal: Option<Signal>,
    /// The caller's trace (W3C `traceparent`); it becomes the run's header of that name, so that
    /// the run, its children and its workers continue it.
    pub traceparent: Option<String>,
}

/// A started (or found) run.
#[derive(Clone, Debug)]
pub struct Started {
    /// Which run.
    pub run_id: RunId,
    /// The first run of its chain; empty when that is not known.
    pub first_run_id: RunId,
    /// Whether this request, or an earlier try of it, started it.
    pub started: bool,
    /// Its status when it was found.
    pub status: Status,
    /// Its first workflow task, when the client asked for it and gets it (eager start). A front
    /// door that cannot deliver it gives it back.
    pub task: Option<Box<PolledWorkflowTask>>,
}

/// Why a start with an update failed: what became of either.
#[derive(Debug)]
pub struct UpdateWithStartError {
    /// The start.
    pub start: OperationFate,
    /// The update.
    pub update: OperationFate,
}

/// What became of one of several operations that belong together.
#[derive(Debug)]
pub enum OperationFate {
    /// It was done.
    Done,
    /// It was not done because of the other.
    Aborted,
    /// It failed.
    Failed(EngineError),
}

/// Until when a caller of an update waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UpdateWait {
    /// The engine has it.
    Admitted,
    /// The workflow accepted or refused it.
    Accepted,
    /// It ended.
    Completed,
}

/// How far an update is when its caller hears of it.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAnswer {
    /// The update.
    pub update_id: UpdateId,
    /// The run it went to.
    pub run: RunKey,
    /// The stage reached when the wait ended; it may be less than asked for.
    pub stage: UpdateWait,
    /// The outcome, once it ended (a refusal is a failure).
    pub outcome: Option<UpdateOutcome>,
}

/// What to read of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// The first event wanted, from 1.
    pub from_event_id: EventId,
    /// Events per page.
    pub max_events: usize,
    /// Wait for an event that is not there yet (until the deadline, then an empty page).
    pub wait_new: bool,
    /// Only the closing event.
    pub close_event_only: bool,
}

/// A part of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The run.
    pub run: RunKey,
    /// Its own task queue.
    pub task_queue: TaskQueue,
    /// Its events, ascending.
    pub events: Vec<Arc<Event>>,
    /// Where the next page starts; nothing when this run will have no more events.
    pub next_event_id: Option<EventId>,
    /// The last event that there was when the page was made.
    pub last_event_id: EventId,
    /// The run's status when the page was made.
    pub status: Status,
}

/// A run's state, for people.
#[derive(Clone, Debug)]
pub struct Description {
    /// The folded state.
    pub run: Arc<steadfast_core::Run>,
    /// Whether it is quarantined, and why.
    pub quarantine: Option<String>,
    /// When this was so.
    pub at: Timestamp,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The run.
    pub key: RunKey,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Its status.
    pub status: Status,
    /// When its last record was stored.
    pub last_at: Timestamp,
}

/// What a queue's tasks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// Turns of workflows' code.
    Workflow,
    /// Attempts of activities.
    Activity,
    /// Calls of Nexus services: workers that offer some may poll, and nobody calls yet.
    Nexus,
}

/// A worker's poll.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Poll {
    /// The tenant.
    pub namespace: Namespace,
    /// The queue.
    pub task_queue: TaskQueue,
    /// The worker's main queue, when this one is its sticky queue.
    pub sticky_of: Option<TaskQueue>,
    /// The worker.
    pub identity: Identity,
    /// The worker's process; its polls end when it shuts down.
    pub worker_instance_key: String,
    /// Tasks per second that the queue hands out at most; the newest word counts.
    pub max_tasks_per_second: Option<f64>,
    /// What the worker can do, encoded by the front door, for whoever describes the queue.
    pub capabilities: Option<Bytes>,
}

/// What a worker should know of the queue that it got a task from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollHints {
    /// Tasks that still wait.
    pub backlog: usize,
    /// Polls that the worker should have more (1) or less (-1).
    pub scaling: i32,
}

/// A task queue, for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueDescription {
    /// Who polled of late, the newest first.
    pub pollers: Vec<PollerInfo>,
    /// How it goes.
    pub stats: QueueStats,
    /// Tasks that wait and the age of the oldest, by priority key, where any do.
    pub by_priority: Vec<(i32, usize, Span)>,
}

/// A worker that polled of late.
#[derive(Clone, Debug, PartialEq)]
pub struct PollerInfo {
    /// The worker.
    pub identity: Identity,
    /// When it last polled.
    pub last_access_at: Timestamp,
    /// Its bound on tasks per second.
    pub rate_per_second: f64,
    /// What it can do, encoded by the front door.
    pub capabilities: Option<Bytes>,
}

/// How a task queue goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QueueStats {
    /// Tasks that wait.
    pub backlog: usize,
    /// How long the oldest has waited.
    pub oldest_age: Span,
    /// Tasks per second that came, over the last 30 s.
    pub add_rate: f32,
    /// Tasks per second that workers took, over the last 30 s.
    pub dispatch_rate: f32,
}

/// A task's name, which a worker gives back with its answer. Front doors encode it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskToken {
    /// The run.
    pub run: RunKey,
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// Its attempt.
    pub attempt: i32,
    /// The started event (workflow tasks).
    pub started_event_id: EventId,
    /// The poll that took it (workflow tasks).
    pub request_id: RequestId,
}

/// A query that rides on a workflow task, or is all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTask {
    /// Its id within the task.
    pub id: String,
    /// What is asked.
    pub query: Query,
}

/// A workflow task for a worker.
#[derive(Clone, Debug)]
pub struct PolledWorkflowTask {
    /// Give this back.
    pub token: TaskToken,
    /// The run.
    pub run: RunKey,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// Its own queue, also when this task came from a sticky one.
    pub task_queue: TaskQueue,
    /// The task; for a lone query, what history the worker needs is in it as well.
    pub task: WorkflowTask,
    /// History: from 1 when the worker has nothing cached, else after the previous started event.
    pub history: Vec<Arc<Event>>,
    /// Queries to answer with the completion.
    pub queries: Vec<QueryTask>,
    /// Set when the task is nothing but this query.
    pub lone_query: Option<QueryTask>,
    /// The run's trace context.
    pub traceparent: Option<String>,
    /// When the task was scheduled and started.
    pub scheduled_at: Timestamp,
    /// When it was handed out.
    pub started_at: Timestamp,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// What the worker should know of the queue.
    pub hints: PollHints,
}

/// An activity attempt for a worker.
#[derive(Clone, Debug)]
pub struct PolledActivityTask {
    /// Give this back.
    pub token: TaskToken,
    /// The run.
    pub run: RunKey,
    /// The attempt.
    pub task: ActivityTask,
    /// The run's trace context.
    pub traceparent: Option<String>,
    /// What the worker should know of the queue.
    pub hints: PollHints,
}

/// The queries a worker answered with its workflow task.
pub type QueryAnswers = Vec<(String, QueryAnswer)>;

/// A worker's answer to a workflow task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// What the workflow wants, in order.
    pub commands: Vec<Command>,
    /// The worker.
    pub identity: Identity,
    /// Where the next task should go first, with how long to wait there.
    pub sticky: Option<Sticky>,
    /// Ask for another workflow task at once (local activity heartbeat).
    pub force_new_task: bool,
    /// The queries that came with the task.
    pub query_answers: QueryAnswers,
    /// Temporal's `sdk_metadata`, encoded.
    pub sdk_metadata: Option<Bytes>,
    /// Temporal's `metering_metadata`, encoded.
    pub metering_metadata: Option<Bytes>,
    /// What the worker is.
    pub worker: Option<steadfast_core::event::WorkerVersion>,
    /// Temporal's legacy checksum.
    pub binary_checksum: String,
    /// The worker runs the activities in [`Completed::eager`], where its commands ask for that.
    pub eager_activities: bool,
    /// The worker takes the next workflow task with the answer ([`Completed::next`]).
    pub return_new_task: bool,
}

/// What a worker hears once its workflow task's answer is durable. A front door that cannot deliver
/// the tasks in it gives them back.
#[derive(Clone, Debug, Default)]
pub struct Completed {
    /// Another workflow task is pending already.
    pub new_task: bool,
    /// Activities started for this same worker.
    pub eager: Vec<PolledActivityTask>,
    /// The next workflow task, for this same worker.
    pub next: Option<Box<PolledWorkflowTask>>,
    /// When the task left no events (Temporal's `reset_history_event_id`): the last started event
    /// that the history has. What the worker saw behind it never was.
    pub dropped_after: Option<EventId>,
}

/// A worker could not process a workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFailure {
    /// The kind of trouble.
    pub cause: WorkflowTaskFailedCause,
    /// The trouble.
    pub failure: Option<Failure>,
    /// The worker.
    pub identity: Identity,
}

/// An activity, as a worker names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityTarget {
    /// With the token of the attempt.
    Token(TaskToken),
    /// By its name in a run (asynchronous completion by id).
    Id(Target, ActivityId),
}

/// Which part of a namespace's runs to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRequest {
    /// The tenant.
    pub namespace: Namespace,
    /// Runs per page.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<ListCursor>,
}

/// Where a list goes on: for each partition the sequence below which it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCursor(pub Vec<(u32, u64)>);

/// A page of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPage {
    /// The runs.
    pub runs: Vec<Listed>,
    /// Where the next page starts, if there may be one.
    pub next: Option<ListCursor>,
}

/// An update request, with until when to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateWorkflow {
    /// The update.
    pub request: UpdateRequest,
    /// Until when to wait.
    pub wait: UpdateWait,
    /// When set, the first run of the chain must be this one.
    pub first_execution_run_id: RunId,
}

/// Begins a run again from an earlier point.
#[derive(Clone, Debug, PartialEq)]
pub struct ResetWorkflow {
    /// What is asked; the engine chooses the new run's id.
    pub reset: Reset,
}

/// Why a request to the engine failed. Front doors map each to their own form.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such workflow, or no such run.
    #[error("workflow execution not found for workflow id {workflow_id:?} and run id {run_id:?}")]
    NotFound {
        /// The workflow.
        workflow_id: WorkflowId,
        /// The run, or empty.
        run_id: RunId,
    },
    /// There is no such namespace.
    #[error("namespace {0:?} is not found")]
    NamespaceNotFound(Namespace),
    /// The run refused the input.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The run cannot be read and waits for an operator.
    #[error("run is quarantined: {0}")]
    Quarantined(String),
    /// The log or the run's owner is not reachable at the moment; try again.
    #[error("temporarily unavailable, try again: {0}")]
    Unavailable(String),
    /// A queue is full; try again later.
    #[error("{what} is full (at most {max}), try again later")]
    Exhausted {
        /// Which queue.
        what: &'static str,
        /// Its bound.
        max: usize,
    },
    /// Nobody answered in time (a query without a worker, ...).
    #[error("deadline exceeded: {0}")]
    DeadlineExceeded(&'static str),
    /// The query could not be answered.
    #[error("query failed: {0}")]
    QueryFailed(String),
    /// The engine is stopping.
    #[error("the engine is shutting down")]
    ShuttingDown,
}
