//! The engine's port for workflow code.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use steadfast_core::{
    EventId, Failure, Identity, RunKey, WorkflowType, event::WorkflowTaskFailedCause,
};
use steadfast_engine::{
    api::{Query, QueryAnswer, TaskFailure},
    embedded::{Activated, Activation, WorkflowHost},
};

use crate::workflow::{self, ApplicationError, Progress, Question, WorkflowInstance, Workflows};

const IDENTITY: &str = "steadfast-sdk-embedded";

/// Runs workflow functions inside the engine. The engine says when a run leaves memory.
pub struct EmbeddedWorkflows {
    workflows: Workflows,
    /// A run that is being worked on is not in here meanwhile.
    runs: Mutex<HashMap<RunKey, WorkflowInstance>>,
}

impl EmbeddedWorkflows {
    /// A host of these functions.
    pub fn new(workflows: Workflows) -> Self {
        Self { workflows, runs: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunKey, WorkflowInstance>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run's instance: the cached one, when it stands where the engine thinks, or a fresh one.
    fn instance(&self, activation: &Activation) -> Result<WorkflowInstance, Box<TaskFailure>> {
        let cached = self.lock().remove(&activation.run);
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
        self.lock().get(run).map_or(0, WorkflowInstance::seen_through)
    }

    fn activate(&self, activation: Activation) -> Activated {
        let mut instance = match self.instance(&activation) {
            Ok(instance) => instance,
            Err(failure) => return Activated::Failed(failure),
        };
        let Activation { run, history, updates, .. } = activation;
        match instance.activate(workflow::Activation { history, live: true, updates }) {
            Ok(Progress::Commands(commands)) => {
                self.keep(run, instance);
                Activated::Commands(commands)
            }
            Ok(Progress::Locals(_)) => Activated::Failed(failed(
                "LocalActivity",
                "local activities are not possible in an embedded workflow".to_owned(),
            )),
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
        self.keep(run, instance);
        match answer {
            Ok(result) => QueryAnswer::Result(result),
            Err(failure) => QueryAnswer::Failed(failure),
        }
    }

    fn evict(&self, run: &RunKey) {
        // User code is dropped without the lock.
        let evicted = self.lock().remove(run);
        drop(evicted);
    }
}
