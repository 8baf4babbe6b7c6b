//! The engine's port for workflow code.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;
use steadfast_core::{
    EventId, Failure, Identity, RunKey, TaskQueue, WorkflowType, event::WorkflowTaskFailedCause,
};
use steadfast_engine::{
    api::{Query, QueryAnswer, TaskFailure},
    embedded::{Activated, Activation, WorkflowHost},
};

use crate::{
    activity::{Activities, ActivityInfo, Locals},
    workflow::{self, ApplicationError, Progress, Question, WorkflowInstance, Workflows},
};

const IDENTITY: &str = "steadfast-sdk-embedded";

/// Runs workflow functions inside the engine. The engine says when a run leaves memory.
pub struct EmbeddedWorkflows {
    workflows: Workflows,
    /// What local activities can be.
    activities: Activities,
    task_queue: TaskQueue,
    cache: Arc<Cache>,
}

/// Instances between their workflow tasks.
#[derive(Default)]
struct Cache {
    /// A run that is being worked on is not in here meanwhile.
    runs: Mutex<HashMap<RunKey, WorkflowInstance>>,
}

impl EmbeddedWorkflows {
    /// A host of these functions.
    pub fn new(workflows: Workflows) -> Self {
        Self {
            workflows,
            activities: Activities::new(),
            task_queue: TaskQueue::default(),
            cache: Arc::default(),
        }
    }

    /// With functions for local activities, which are told that they run on this queue.
    pub fn local_activities(self, activities: Activities, task_queue: TaskQueue) -> Self {
        Self { activities, task_queue, ..self }
    }

    /// The run's instance: the cached one, when it stands where the engine thinks, or a fresh one.
    fn instance(&self, activation: &Activation) -> Result<WorkflowInstance, Box<TaskFailure>> {
        let cached = self.cache.lock().remove(&activation.run);
        if let Some(instance) = cached
            && instance.ran_task() == activation.previous_started_event_id
        {
            return Ok(instance);
        }
        let name = activation.workflow_type.as_str();
        match self.workflows.get(name) {
            Some(definition) => {
                Ok(WorkflowInstance::new(definition.clone(), activation.run.clone()))
            }
            None => Err(failed("UnknownWorkflow", format!("workflow type {name:?} is not known"))),
        }
    }

    /// Runs the code's local activities, and what comes of them.
    fn run_locals(
        &self,
        run: RunKey,
        workflow_type: WorkflowType,
        mut instance: WorkflowInstance,
        progress: Progress,
    ) -> BoxFuture<'static, Activated> {
        let (activities, cache) = (self.activities.clone(), self.cache.clone());
        let info = ActivityInfo {
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id.clone(),
            workflow_type,
            task_queue: self.task_queue.clone(),
            ..ActivityInfo::default()
        };
        Box::pin(async move {
            let locals = Locals { activities: &activities, info, deadline: None };
            match locals.finish(&mut instance, progress).await {
                Ok(commands) => {
                    cache.keep(run, instance);
                    Activated::Commands(commands)
                }
                Err(error) => Activated::Failed(not_activated(&error)),
            }
        })
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, HashMap<RunKey, WorkflowInstance>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an instance for the run's next task; one that is over is not needed any more.
    fn keep(&self, run: RunKey, instance: WorkflowInstance) {
        if !instance.is_closed() {
            self.lock().insert(run, instance);
        }
    }
}

fn failed(kind: &str, message: String) -> Box<TaskFailure> {
    let failure = ApplicationError::new(kind, message).into_failure();
    task_failure(WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure, failure)
}

fn task_failure(cause: WorkflowTaskFailedCause, failure: Failure) -> Box<TaskFailure> {
    Box::new(TaskFailure { cause, failure: Some(failure), identity: Identity::new(IDENTITY) })
}

fn not_activated(error: &workflow::ActivateError) -> Box<TaskFailure> {
    match error.task_failure() {
        Some((cause, failure)) => task_failure(cause, failure),
        // The engine evicts the run and offers the task again with the whole history.
        None => failed("HistoryUnusable", error.to_string()),
    }
}

impl WorkflowHost for EmbeddedWorkflows {
    fn workflow_types(&self) -> Vec<WorkflowType> {
        self.workflows.names().map(WorkflowType::from).collect()
    }

    fn cached_through(&self, run: &RunKey) -> EventId {
        self.cache.lock().get(run).map_or(0, WorkflowInstance::seen_through)
    }

    fn activate(&self, activation: Activation) -> Activated {
        let mut instance = match self.instance(&activation) {
            Ok(instance) => instance,
            Err(failure) => return Activated::Failed(failure),
        };
        let Activation { run, workflow_type, history, updates, .. } = activation;
        match instance.activate(workflow::Activation { history, live: true, updates }) {
            Ok(Progress::Commands(commands)) => {
                self.cache.keep(run, instance);
                Activated::Commands(commands)
            }
            Ok(locals @ Progress::Locals(_)) => {
                Activated::Later(self.run_locals(run, workflow_type, instance, locals))
            }
            Err(error) => Activated::Failed(not_activated(&error)),
        }
    }

    fn query(&self, activation: Activation, query: &Query) -> QueryAnswer {
        let no_answer = |failure: Box<TaskFailure>| {
            QueryAnswer::Failed(Box::new(failure.failure.unwrap_or_default()))
        };
        let mut instance = match self.instance(&activation) {
            Ok(instance) => instance,
            Err(failure) => return no_answer(failure),
        };
        let Activation { run, history, .. } = activation;
        let news = workflow::Activation { history, live: false, updates: Vec::new() };
        if let Err(error) = instance.activate(news) {
            return no_answer(not_activated(&error));
        }
        let question =
            Question { id: String::new(), name: query.name.clone(), args: query.args.clone() };
        let answer = instance.query(&question);
        self.cache.keep(run, instance);
        match answer {
            Ok(result) => QueryAnswer::Result(result),
            Err(failure) => QueryAnswer::Failed(failure),
        }
    }

    fn evict(&self, run: &RunKey) {
        // User code is dropped without the lock.
        let evicted = self.cache.lock().remove(run);
        drop(evicted);
    }
}
