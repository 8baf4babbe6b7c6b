//! Replays histories against today's code.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Event, EventKind, Failure, Payloads, RunKey, event::WorkflowExecutionStarted,
};

use super::History;
use crate::workflow::{
    ActivateError, Activation, NonDeterminism, Question, WorkflowContext, WorkflowDefinition,
    WorkflowError, WorkflowInstance, Workflows,
};

/// Replays histories against the workflow functions it knows.
///
/// ```
/// use steadfast_sdk::{testing::{History, Replayer}, workflow::{WorkflowContext, WorkflowError}};
///
/// async fn greet(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
///     Ok(ctx.activity::<String>("compose", &name).await?)
/// }
///
/// let mut history = History::started("Greet", "Ada");
/// history.task();
/// let compose = history.activity("1", "compose");
/// history.activity_completed(compose, "Hello, Ada");
/// history.task();
/// history.completed("Hello, Ada");
///
/// let replayer = Replayer::new().workflow("Greet", greet);
/// replayer.replay(&history)?;
/// # Ok::<(), steadfast_sdk::testing::ReplayError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Replayer {
    workflows: Workflows,
}

/// Why a history does not fit the code.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The text is not a history.
    #[error("history cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The first event is not a start.
    #[error("history does not begin with WorkflowExecutionStarted")]
    NoStart,
    /// No such workflow was given to the replayer.
    #[error("workflow type {0:?} is not known to the replayer")]
    UnknownWorkflow(String),
    /// The code does something else.
    #[error(transparent)]
    Activate(#[from] ActivateError),
}

impl ReplayError {
    /// The difference between code and history, if that is what is wrong.
    pub fn non_determinism(&self) -> Option<&NonDeterminism> {
        match self {
            Self::Activate(ActivateError::NonDeterminism(difference)) => Some(difference),
            Self::Activate(
                ActivateError::Gap { .. }
                | ActivateError::NoTask
                | ActivateError::Stale(_)
                | ActivateError::Panic(_),
            )
            | Self::Unreadable(_)
            | Self::NoStart
            | Self::UnknownWorkflow(_) => None,
        }
    }
}

impl Replayer {
    /// A replayer that knows no workflow.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a workflow function.
    pub fn workflow<I, O, F, Fut>(mut self, name: &str, main: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(WorkflowContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
    {
        self.workflows.add(WorkflowDefinition::new(name, main));
        self
    }

    /// Adds many workflow functions.
    pub fn workflows(mut self, workflows: &Workflows) -> Self {
        for definition in workflows.names().filter_map(|name| workflows.get(name)) {
            self.workflows.add(definition.clone());
        }
        self
    }

    /// Replays a history made by hand.
    pub fn replay(&self, history: &History) -> Result<Replayed, ReplayError> {
        self.replay_events(Some(history.run()), history.events().to_vec())
    }

    /// Replays a JSON list of events, as `steadfast workflow history --json` prints it.
    pub fn replay_json(&self, json: &str) -> Result<Replayed, ReplayError> {
        let events: Vec<Arc<Event>> =
            serde_json::from_str(json).map_err(ReplayError::Unreadable)?;
        self.replay_events(None, events)
    }

    /// Replays events; the run's name is taken from the history when it is not given.
    pub fn replay_events(
        &self,
        run: Option<RunKey>,
        events: Vec<Arc<Event>>,
    ) -> Result<Replayed, ReplayError> {
        let Some(EventKind::WorkflowExecutionStarted(started)) = events.first().map(|e| &e.kind)
        else {
            return Err(ReplayError::NoStart);
        };
        let name = started.workflow_type.as_str();
        let Some(definition) = self.workflows.get(name) else {
            return Err(ReplayError::UnknownWorkflow(name.to_owned()));
        };
        let run = run.unwrap_or_else(|| run_of(started));
        let mut instance = WorkflowInstance::new(definition.clone(), run);
        let history = events;
        instance.activate(Activation { history, ..Activation::default() })?;
        instance.check_end()?;
        Ok(Replayed { instance })
    }
}

fn run_of(started: &WorkflowExecutionStarted) -> RunKey {
    RunKey {
        namespace: Default::default(),
        workflow_id: started.workflow_id.clone(),
        run_id: started.original_execution_run_id.clone(),
    }
}

/// Code that did what its history says.
pub struct Replayed {
    instance: WorkflowInstance,
}

impl std::fmt::Debug for Replayed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replayed").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Replayed {
    /// Whether the main function is over.
    pub fn is_closed(&self) -> bool {
        self.instance.is_closed()
    }

    /// Asks it something.
    pub fn query(&self, name: &str, args: Payloads) -> Result<Payloads, Box<Failure>> {
        let question = Question { id: String::new(), name: name.to_owned(), args };
        self.instance.query(&question)
    }
}
