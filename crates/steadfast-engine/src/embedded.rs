//! Workflow and activity code that lives in the engine's own process.
//!
//! A [`WorkflowHost`] runs inside the run's actor: the actor activates it while it decides, so
//! the task's start, its completion and what led to it share one record, unless the code waits for
//! [`Activated::Later`]. An [`ActivityHost`] is a
//! worker that always polls. Invariant: a host is told of state before it is durable, so whatever
//! it caches for a run is evicted when the append fails; `activate` must not touch the world.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use steadfast_core::{Command, Event, EventId, RunKey, WorkflowType, event::UpdateRequest};

use crate::api::{PolledActivityTask, Query, QueryAnswer, TaskFailure};
use steadfast_core::input::ActivityOutcome;

/// What a workflow host gets to process: one workflow task.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The run.
    pub run: RunKey,
    /// Its workflow type.
    pub workflow_type: WorkflowType,
    /// The first event in `history`: 1, or the one after what the host has seen of this run.
    pub from_event_id: EventId,
    /// Events in order, those that are not written yet included; the last is this task's Started.
    pub history: Vec<Arc<Event>>,
    /// The started event of the last completed workflow task; later events are news.
    pub previous_started_event_id: EventId,
    /// This task's started event.
    pub started_event_id: EventId,
    /// Updates to deliver.
    pub updates: Vec<UpdateRequest>,
}

/// What a workflow host makes of an activation.
pub enum Activated {
    /// The workflow went on: these are its commands.
    Commands(Vec<Command>),
    /// The code failed in a way that is not the workflow's result (non-determinism, a panic).
    Failed(Box<TaskFailure>),
    /// The code waits for work in this process (local activities), which begins when what led to the
    /// activation is durable. The workflow task stays out meanwhile, and ends with the result.
    Later(BoxFuture<'static, Activated>),
}

impl fmt::Debug for Activated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commands(commands) => f.debug_tuple("Commands").field(commands).finish(),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
            Self::Later(_) => f.debug_tuple("Later").finish_non_exhaustive(),
        }
    }
}

/// Workflow code in the engine's process.
pub trait WorkflowHost: Send + Sync + 'static {
    /// The workflow types it runs.
    fn workflow_types(&self) -> Vec<WorkflowType>;

    /// The last event the host has processed of a run; 0 when it has nothing cached.
    fn cached_through(&self, run: &RunKey) -> EventId;

    /// Goes on with a run. It must not block, and must not touch the world.
    fn activate(&self, activation: Activation) -> Activated;

    /// Answers a query from the state that `history` leads to, which may be empty when the host
    /// has seen everything; `from_event_id` as in [`Activation`].
    fn query(&self, activation: Activation, query: &Query) -> QueryAnswer;

    /// Forgets what is cached of a run.
    fn evict(&self, run: &RunKey);
}

/// Activity code in the engine's process.
pub trait ActivityHost: Send + Sync + 'static {
    /// Does one attempt. The engine writes its outcome; `None` means it will be resolved later,
    /// by token or id.
    fn run(&self, task: PolledActivityTask) -> BoxFuture<'static, Option<ActivityOutcome>>;

    /// How many attempts it does at a time.
    fn concurrency(&self) -> usize;
}
