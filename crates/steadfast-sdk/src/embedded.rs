//! Workflow and activity code in the engine's own process (cargo feature `embedded`).
//!
//! Workflows go on inside their run's actor, within the decision that gives them news, so a
//! one-activity workflow costs two appends. The code is the same as for a remote [worker]. While it
//! waits for a local activity its workflow task is out, as with a remote worker: activities of this
//! process are nearly as cheap, and are not run again after a crash in mid-task.
//!
//! [worker]: crate::worker

mod activities;
mod workflows;

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Namespace, TaskQueue};
use steadfast_engine::Engine;

pub use self::{activities::EmbeddedActivities, workflows::EmbeddedWorkflows};
use crate::{
    activity::{Activities, ActivityContext, ActivityDefinition, ActivityError},
    workflow::{WorkflowContext, WorkflowDefinition, WorkflowError, Workflows},
};

/// How many activity attempts run at a time, unless told otherwise.
pub const DEFAULT_ACTIVITIES: usize = 256;

/// The code of one task queue, to be hosted by an engine.
#[derive(Clone, Debug)]
pub struct EmbeddedWorker {
    task_queue: TaskQueue,
    workflows: Workflows,
    activities: Activities,
    max_activities: usize,
}

impl EmbeddedWorker {
    /// A worker that knows nothing yet.
    pub fn new(task_queue: impl Into<String>) -> Self {
        Self {
            task_queue: TaskQueue::new(task_queue.into()),
            workflows: Workflows::new(),
            activities: Activities::new(),
            max_activities: DEFAULT_ACTIVITIES,
        }
    }

    /// How many activity attempts run at a time.
    pub fn max_activities(mut self, max: usize) -> Self {
        self.max_activities = max;
        self
    }

    /// Adds a workflow function.
    pub fn workflow<I, O, F, Fut>(self, name: &str, main: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(WorkflowContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
    {
        self.workflows([WorkflowDefinition::new(name, main)])
    }

    /// Adds workflow functions.
    pub fn workflows(mut self, definitions: impl IntoIterator<Item = WorkflowDefinition>) -> Self {
        for definition in definitions {
            self.workflows.add(definition);
        }
        self
    }

    /// Adds an activity function.
    pub fn activity<I, O, F, Fut>(self, name: &str, run: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ActivityError>> + Send + 'static,
    {
        self.activities([ActivityDefinition::new(name, run)])
    }

    /// Adds activity functions.
    pub fn activities(mut self, definitions: impl IntoIterator<Item = ActivityDefinition>) -> Self {
        for definition in definitions {
            self.activities.add(definition);
        }
        self
    }

    /// Gives the code to an engine, which runs it until it stops.
    pub fn host(self, engine: &Engine, namespace: impl Into<Namespace>) {
        let namespace = namespace.into();
        if !self.workflows.is_empty() {
            let host = EmbeddedWorkflows::new(self.workflows)
                .local_activities(self.activities.clone(), self.task_queue.clone());
            let host = Arc::new(host);
            engine.host_workflows(namespace.clone(), self.task_queue.clone(), host);
        }
        if !self.activities.is_empty() {
            let (engine_handle, max) = (engine.clone(), self.max_activities);
            let host = EmbeddedActivities::new(engine_handle, self.activities, max);
            engine.host_activities(namespace, self.task_queue, Arc::new(host));
        }
    }
}

#[cfg(test)]
mod tests;
