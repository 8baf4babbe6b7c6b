//! Everything that can reach a run: clients' requests, workers' answers, other runs' messages, time.
//!
//! Each input is data that its sender could not yet know the outcome of; [`Reply`] is what it gets
//! when the transition is durable, and [`crate::Rejection`] when nothing happened.

mod cut;
mod operate;
mod reply;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::operate::{
    ActivityOptions, ActivitySelector, Jitter, OptionField, OptionsChange, PauseActivity,
    ResetActivity, UnpauseActivity, UpdateActivityOptions,
};
pub use self::reply::{ActivityTask, HeartbeatReply, Reply, UpdateReply, WorkflowTask};
use crate::{
    ActivityId, Command, EventId, Execution, Failure, Identity, PayloadMap, Payloads, RequestId,
    RunId, Span, TaskQueue, WorkflowType,
    event::{
        StartChildFailedCause, UpdateRequest, WorkflowExecutionOptionsUpdated,
        WorkflowTaskFailedCause,
    },
    failure::RetryState,
    start::{Lineage, StartRequest},
};

/// One thing that reaches a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The first input of a run.
    Start(Box<Start>),
    /// Time passed: fire whatever is due.
    Tick,
    /// A worker takes the pending workflow task.
    StartWorkflowTask(StartWorkflowTask),
    /// A worker answers a workflow task.
    CompleteWorkflowTask(Box<CompleteWorkflowTask>),
    /// A worker could not process a workflow task.
    FailWorkflowTask(Box<FailWorkflowTask>),
    /// A worker takes an activity attempt.
    StartActivity(StartActivity),
    /// A worker's answer to an activity attempt.
    ResolveActivity(Box<ResolveActivity>),
    /// A worker is alive.
    HeartbeatActivity(Box<HeartbeatActivity>),
    /// An operator holds activities back.
    PauseActivity(Box<PauseActivity>),
    /// An operator lets activities go on.
    UnpauseActivity(Box<UnpauseActivity>),
    /// An operator resets activities.
    ResetActivity(Box<ResetActivity>),
    /// An operator changes activities' options.
    UpdateActivityOptions(Box<UpdateActivityOptions>),
    /// A signal from a client or another run.
    Signal(Box<Signal>),
    /// Cooperative cancellation.
    RequestCancel(Box<RequestCancel>),
    /// The end, without asking.
    Terminate(Box<Terminate>),
    /// A client's update reaches the run.
    AdmitUpdate(Box<UpdateRequest>),
    /// A child's fate, for its parent.
    Child(Box<ChildReport>),
    /// The fate of a signal or cancel request to another run.
    External(Box<ExternalReport>),
    /// The sticky worker is gone: the next workflow task goes to the normal queue.
    ResetSticky,
    /// Begin again from an earlier point, as a new run.
    Reset(Box<Reset>),
    /// One try to deliver a completion callback ended.
    CalledBack(crate::run::callback::Report),
    /// Attach to the run, or change its options, without telling the workflow.
    UpdateOptions(Box<OptionsUpdate>),
    /// End, and leave nothing behind; who asks.
    Delete(Identity),
    /// Hand out no tasks until further notice.
    Pause(Box<PauseWorkflow>),
    /// Go on.
    Unpause(Box<PauseWorkflow>),
}

/// Makes a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// What was asked.
    pub request: StartRequest,
    /// Where the run comes from.
    pub lineage: Lineage,
    /// A signal that is recorded right after the start (signal-with-start).
    pub signal: Option<Signal>,
}

/// A worker takes the pending workflow task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartWorkflowTask {
    /// The scheduled event the offer named; a stale offer is refused.
    pub scheduled_event_id: EventId,
    /// The attempt the offer named.
    pub attempt: i32,
    /// The poll's id.
    pub request_id: RequestId,
    /// The worker.
    pub identity: Identity,
}

/// Which workflow task a worker's answer belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowTaskRef {
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// Its started event.
    pub started_event_id: EventId,
    /// Its attempt.
    pub attempt: i32,
    /// The poll that took it: an answer to an earlier offer of the same attempt is stale.
    pub request_id: RequestId,
}

/// A worker's answer to a workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct CompleteWorkflowTask {
    /// Which task.
    pub task: WorkflowTaskRef,
    /// What the workflow wants, in order.
    pub commands: Vec<Command>,
    /// The worker.
    pub identity: Identity,
    /// Where the next task should go first, with how long to wait there.
    pub sticky: Option<Sticky>,
    /// Ask for another workflow task at once (local activity heartbeat).
    pub force_new_task: bool,
    /// Temporal's `sdk_metadata`, encoded.
    pub sdk_metadata: Option<Bytes>,
    /// Temporal's `metering_metadata`, encoded.
    pub metering_metadata: Option<Bytes>,
    /// What the worker is.
    pub worker: Option<crate::event::WorkerVersion>,
    /// Temporal's legacy checksum.
    pub binary_checksum: String,
    /// The worker runs activities that come with the answer, where its commands ask for that.
    pub eager_activities: bool,
    /// The worker takes the next workflow task with the answer, by a poll of this id.
    pub next_task: Option<RequestId>,
    /// Why the commands are not acceptable, as somebody found who knows more than the run does: which
    /// search attributes there are.
    pub refused: Option<(WorkflowTaskFailedCause, String)>,
}

/// The queue of the worker that has the run cached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticky {
    /// Its private queue.
    pub task_queue: TaskQueue,
    /// How long a task waits there before it goes to the normal queue.
    pub schedule_to_start_timeout: Span,
}

/// A worker could not process a workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct FailWorkflowTask {
    /// Which task.
    pub task: WorkflowTaskRef,
    /// The kind of trouble.
    pub cause: WorkflowTaskFailedCause,
    /// The trouble.
    pub failure: Option<Failure>,
    /// The worker.
    pub identity: Identity,
}

/// A worker takes an activity attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartActivity {
    /// The activity.
    pub scheduled_event_id: EventId,
    /// The attempt the offer named; a stale offer is refused.
    pub attempt: i32,
    /// The poll's id: a repeat gets the same answer.
    pub request_id: RequestId,
    /// The worker.
    pub identity: Identity,
}

/// Which activity attempt a worker speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivityRef {
    /// From a task token.
    Attempt {
        /// Its scheduled event.
        scheduled_event_id: EventId,
        /// Its attempt.
        attempt: i32,
        /// The poll that took it; when empty, the attempt's number must do.
        request_id: RequestId,
    },
    /// By name (asynchronous completion by id): whatever attempt runs.
    Id(ActivityId),
}

/// A worker's answer to an activity attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolveActivity {
    /// Which attempt.
    pub activity: ActivityRef,
    /// How it ended.
    pub outcome: ActivityOutcome,
    /// The worker.
    pub identity: Identity,
}

/// How an activity attempt ended.
#[expect(clippy::large_enum_variant, reason = "it moves once, in a boxed input")]
#[derive(Clone, Debug, PartialEq)]
pub enum ActivityOutcome {
    /// It returned.
    Completed(Payloads),
    /// It failed; heartbeat details that came along replace the known ones.
    Failed {
        /// Why.
        failure: Failure,
        /// The last heartbeat's details, when the worker sends them along.
        last_heartbeat: Option<Payloads>,
    },
    /// It stopped because it was asked to.
    Canceled(Payloads),
}

/// A worker is alive.
#[derive(Clone, Debug, PartialEq)]
pub struct HeartbeatActivity {
    /// Which attempt.
    pub activity: ActivityRef,
    /// Its progress.
    pub details: Payloads,
    /// The worker.
    pub identity: Identity,
}

/// A signal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signal {
    /// Which handler.
    pub name: String,
    /// Its arguments.
    pub input: Payloads,
    /// Who sends it.
    pub identity: Identity,
    /// Context for interceptors.
    pub header: PayloadMap,
    /// Repeats carry the same id.
    pub request_id: RequestId,
    /// The run that sent it, if a run did.
    pub external: Option<Execution>,
    /// Links of the event, encoded by the front door.
    pub links: Vec<Bytes>,
}

/// Cooperative cancellation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestCancel {
    /// Why, for people.
    pub reason: String,
    /// Who asks.
    pub identity: Identity,
    /// Repeats carry the same id.
    pub request_id: RequestId,
    /// The run that asks, if a run does, and its event.
    pub external: Option<(Execution, EventId)>,
    /// When set, the first run of the chain must be this one.
    pub first_execution_run_id: RunId,
    /// When set, the asker must be this run's parent.
    pub child_workflow_only: bool,
    /// Links of the event, encoded by the front door.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Bytes>,
}

/// The end, without asking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terminate {
    /// Why, for people.
    pub reason: String,
    /// Values for whoever waits.
    pub details: Payloads,
    /// Who does it.
    pub identity: Identity,
    /// When set, the first run of the chain must be this one.
    pub first_execution_run_id: RunId,
    /// Links of the event, encoded by the front door.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Bytes>,
}

/// What is attached to a run, or changed of its options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptionsUpdate {
    /// The event that says so.
    pub event: WorkflowExecutionOptionsUpdated,
    /// Its links, encoded by the front door.
    pub links: Vec<Bytes>,
}

/// An operator pauses a run, or lets it go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PauseWorkflow {
    /// Who.
    pub identity: Identity,
    /// Why, for people.
    pub reason: String,
    /// Repeats carry the same id.
    pub request_id: RequestId,
}

/// A new run begins with a part of this run's history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reset {
    /// The run to make.
    pub new_run_id: RunId,
    /// The first event that the new run does not get: where a workflow task ended, or would have.
    pub workflow_task_finish_event_id: EventId,
    /// Why, for people.
    pub reason: String,
    /// Repeats carry the same id.
    pub request_id: RequestId,
    /// Who asks.
    pub identity: Identity,
    /// What later events are not applied to the new run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<ReapplyExclude>,
    /// What is done to the new run before its workflow sees it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<PostResetOperation>,
}

/// Later events that a reset leaves out (`temporal.api.enums.v1.ResetReapplyExcludeType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReapplyExclude {
    /// Signals.
    #[default]
    Signal,
    /// Updates.
    Update,
    /// Results of Nexus operations.
    Nexus,
    /// Requests to cancel.
    CancelRequest,
}

/// What is done to a run that a reset made (`temporal.api.workflow.v1.PostResetOperation`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PostResetOperation {
    /// It is signalled.
    Signal(Box<Signal>),
    /// Its options are changed.
    Options(Box<WorkflowExecutionOptionsUpdated>),
}

/// A child's fate, told to its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildReport {
    /// The parent's initiated event: the identity of the message.
    pub initiated_event_id: EventId,
    /// The child (its current run for `Started`, its last for the rest).
    pub child: Execution,
    /// What happened.
    pub fate: ChildFate,
}

/// What became of a child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ChildFate {
    /// It runs.
    Started {
        /// Its type, as it is recorded.
        workflow_type: WorkflowType,
        /// Its header.
        header: PayloadMap,
    },
    /// It could not be started.
    StartFailed(StartChildFailedCause),
    /// It returned.
    Completed(Payloads),
    /// It failed.
    Failed(Box<Failure>, RetryState),
    /// It ended cancelled.
    Canceled(Payloads),
    /// It took too long.
    TimedOut(RetryState),
    /// It was terminated.
    Terminated,
}

/// The fate of a signal or cancel request to another run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalReport {
    /// The sender's initiated event.
    pub initiated_event_id: EventId,
    /// Whether it arrived; else why not.
    pub outcome: Result<(), crate::event::ExternalFailedCause>,
}
