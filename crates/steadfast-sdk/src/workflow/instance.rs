//! One run's workflow code, brought to where its history says it is, and one task further.
//!
//! A history is taken in by workflow tasks: the events up to a task's Started are news for the
//! code, which then runs until it waits for something; what it asked for must be what the events
//! after the task's Completed say. The last Started of a live task has no Completed yet: what the
//! code asks for there is the answer to the task.
//!
//! The instance knows nothing of NATS, threads or clocks; a remote worker and the engine both drive
//! it. After an error it must be dropped.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use steadfast_core::{
    Command, Event, EventId, EventKind, Failure, Payloads, RunKey,
    command::CommandKind,
    event::{UpdateRequest, WorkflowExecutionStarted, WorkflowTaskFailedCause},
};

use super::{
    apply::is_command_event,
    condition,
    context::WorkflowContext,
    definition::WorkflowDefinition,
    error::{ApplicationError, NonDeterminism, WorkflowError},
    executor::{Executor, panic_text},
    info::WorkflowInfo,
    local::{self, LocalActivity},
    matching::accepted_id,
    query::{self, Question},
    state::{Origin, State, StateHandle},
    update,
};
use crate::payload;

/// What an instance gets to process.
#[derive(Clone, Debug, Default)]
pub struct Activation {
    /// Events in order; those that the instance has seen already are skipped.
    pub history: Vec<Arc<Event>>,
    /// The history ends with a Started that waits for its answer. Else this is for queries only.
    pub live: bool,
    /// Updates to deliver.
    pub updates: Vec<UpdateRequest>,
}

/// How far the code came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// It waits for the world: these are its commands.
    Commands(Vec<Command>),
    /// It waits for local activities: run these, and give each result to
    /// [`WorkflowInstance::resolve_local`]. Empty while others still run.
    Locals(Vec<LocalActivity>),
}

/// Why an instance cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The history does not continue where the instance stands: start over with all of it.
    #[error("history continues with event {found}, but event {expected} was expected")]
    Gap {
        /// The event that was needed.
        expected: EventId,
        /// The event that came.
        found: EventId,
    },
    /// The history of a live task does not end with its Started: start over with all of it.
    #[error("history does not end with a started workflow task")]
    NoTask,
    /// The answer to the last task was not accepted: start over with the whole history.
    #[error("workflow task {0} did not complete, so what the code did in it is void")]
    Stale(EventId),
    /// The code does not do what the history says.
    #[error(transparent)]
    NonDeterminism(#[from] NonDeterminism),
    /// The code panicked.
    #[error("workflow code panicked: {0}")]
    Panic(String),
}

impl ActivateError {
    /// What to fail the workflow task with; nothing when the whole history helps.
    pub fn task_failure(&self) -> Option<(WorkflowTaskFailedCause, Failure)> {
        let (cause, kind) = match self {
            Self::Gap { .. } | Self::NoTask | Self::Stale(_) => return None,
            Self::NonDeterminism(_) => {
                (WorkflowTaskFailedCause::NonDeterministicError, "NonDeterminism")
            }
            Self::Panic(_) => (WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure, "Panic"),
        };
        Some((cause, ApplicationError::new(kind, self.to_string()).into_failure()))
    }
}

/// See the module.
pub struct WorkflowInstance {
    definition: WorkflowDefinition,
    run: RunKey,
    shared: Option<StateHandle>,
    executor: Executor,
    /// Events that wait for a Started.
    pending: VecDeque<Arc<Event>>,
    seen_through: EventId,
    ran_task: EventId,
}

impl WorkflowInstance {
    /// An instance that has seen nothing.
    pub fn new(definition: WorkflowDefinition, run: RunKey) -> Self {
        Self {
            definition,
            run,
            shared: None,
            executor: Executor::default(),
            pending: VecDeque::new(),
            seen_through: 0,
            ran_task: 0,
        }
    }

    /// The last event it has seen.
    pub fn seen_through(&self) -> EventId {
        self.seen_through
    }

    /// The started event of the last workflow task it has run.
    pub fn ran_task(&self) -> EventId {
        self.ran_task
    }

    /// Whether the main function is over.
    pub fn is_closed(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.lock().closed)
    }

    /// Takes in history, and runs the code.
    pub fn activate(&mut self, activation: Activation) -> Result<Progress, ActivateError> {
        self.take_in(activation.history)?;
        let mut updates = Some(activation.updates);
        while let Some(task) = self.next_task(activation.live)? {
            let updates = if task.live { updates.take() } else { None };
            self.run_task(task, updates.unwrap_or_default())?;
        }
        match (activation.live, updates) {
            (false, _) => Ok(Progress::Commands(Vec::new())),
            (true, None) => self.finish_task(),
            (true, Some(_)) => Err(ActivateError::NoTask),
        }
    }

    /// Gives a local activity's result; the code goes on.
    pub fn resolve_local(
        &mut self,
        number: u64,
        result: Result<Payloads, Failure>,
    ) -> Result<Progress, ActivateError> {
        if let Some(shared) = &self.shared {
            let resolved = shared.lock().resolve_local(number, result);
            resolved.map_err(|error| ActivateError::Panic(error.to_string()))?;
        }
        self.drive()?;
        self.finish_task()
    }

    /// Answers a query from where the code stands.
    pub fn query(&self, question: &Question) -> Result<Payloads, Box<Failure>> {
        match &self.shared {
            Some(shared) => query::ask(shared, question),
            None => {
                let message = "the workflow has not run yet";
                Err(Box::new(ApplicationError::new("NotStarted", message).into_failure()))
            }
        }
    }

    /// Checks what follows the last workflow task that ran: the end of a history.
    pub(crate) fn check_end(&mut self) -> Result<(), ActivateError> {
        let (Some(shared), Some(last)) = (&self.shared, self.pending.back()) else {
            return Ok(());
        };
        let mut state = shared.lock();
        for event in self.pending.iter().filter(|event| is_command_event(&event.kind)) {
            state.match_command(event);
        }
        state.match_rest(last);
        match state.trouble.take() {
            Some(trouble) => Err(trouble.into()),
            None => Ok(()),
        }
    }

    fn take_in(&mut self, history: Vec<Arc<Event>>) -> Result<(), ActivateError> {
        for event in history {
            if event.id <= self.seen_through {
                continue;
            }
            let expected = self.seen_through + 1;
            if event.id != expected {
                return Err(ActivateError::Gap { expected, found: event.id });
            }
            self.seen_through = event.id;
            self.pending.push_back(event);
        }
        Ok(())
    }

    /// Cuts the next workflow task that counts off the pending events.
    fn next_task(&mut self, live: bool) -> Result<Option<Task>, ActivateError> {
        for (at, event) in self.pending.iter().enumerate() {
            if let EventKind::WorkflowTaskFailed(_) | EventKind::WorkflowTaskTimedOut(_) =
                &event.kind
                && event.id > self.ran_task
                && started_of(event) == self.ran_task
                && self.ran_task > 0
            {
                return Err(ActivateError::Stale(self.ran_task));
            }
            if !matches!(event.kind, EventKind::WorkflowTaskStarted(_)) {
                continue;
            }
            let next = self.pending.get(at + 1).map(|next| &next.kind);
            let is_live = match next {
                Some(EventKind::WorkflowTaskCompleted(_)) => false,
                None if live => true,
                Some(_) | None => continue,
            };
            let events: Vec<_> = self.pending.drain(..=at).collect();
            return Ok(Some(Task { events, live: is_live }));
        }
        Ok(None)
    }

    /// Takes in the news of a workflow task and runs the code.
    fn run_task(&mut self, task: Task, updates: Vec<UpdateRequest>) -> Result<(), ActivateError> {
        let Some(started) = task.events.last().cloned() else {
            return Ok(());
        };
        if self.shared.is_none() {
            self.begin(&task.events);
        }
        let Some(shared) = self.shared.clone() else {
            return Err(ActivateError::Gap { expected: 1, found: started.id });
        };
        {
            let mut state = shared.lock();
            for event in &task.events {
                state.apply(event);
            }
            let after = self.ran_task + 1;
            let mut news = task.events.iter().filter(|event| !is_command_event(&event.kind));
            state.match_rest(news.find(|event| event.id > after).unwrap_or(&started));
            if let Some(trouble) = state.trouble.take() {
                return Err(trouble.into());
            }
            state.begin_task(&started, task.live);
            state.begin_cancel();
            for update in updates {
                state.deliver_update(update, false);
            }
        }
        self.ran_task = started.id;
        if !task.live {
            self.peek(&shared);
        }
        self.drive()?;
        if !task.live {
            let mut state = shared.lock();
            state.outgoing.mark_sent();
            state.rejections.clear();
        }
        Ok(())
    }

    /// Makes the state and the main future from the first event.
    fn begin(&mut self, events: &[Arc<Event>]) {
        let Some(first) = events.first() else { return };
        let EventKind::WorkflowExecutionStarted(started) = &first.kind else {
            return;
        };
        let info = WorkflowInfo::new(&self.run, started, first.at);
        let shared = StateHandle::new(State::new(info, seed(started, &self.run)));
        let main = self.definition.run(WorkflowContext::new(shared.clone()), started.input.clone());
        let closing = shared.clone();
        self.executor.spawn(Box::pin(async move {
            let result = main.await;
            closing.lock().close(result);
        }));
        self.shared = Some(shared);
    }

    /// Tells the code of a replayed task what its future says: its markers, its accepted updates.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest comes in its time")]
    fn peek(&self, shared: &StateHandle) {
        let mut state = shared.lock();
        for event in &self.pending {
            match &event.kind {
                EventKind::MarkerRecorded(marker) => {
                    let marker = Arc::new((**marker).clone());
                    state.peeked.note(&marker);
                }
                EventKind::WorkflowExecutionUpdateAccepted(accepted) => {
                    if let Some(request) = &accepted.accepted_request {
                        let update_id = accepted_id(accepted).into();
                        let request = UpdateRequest { update_id, ..request.clone() };
                        state.deliver_update(request, true);
                    }
                }
                EventKind::WorkflowTaskStarted(_) => break,
                _ => {}
            }
        }
    }

    /// Runs the code until it waits for the world.
    fn drive(&mut self) -> Result<(), ActivateError> {
        let Some(shared) = self.shared.clone() else {
            return Ok(());
        };
        loop {
            let spawned = std::mem::take(&mut shared.lock().spawned);
            for task in spawned {
                self.executor.spawn(task);
            }
            let moved = self.executor.step().map_err(ActivateError::Panic)?;
            {
                let mut state = shared.lock();
                if let Some(trouble) = state.trouble.take() {
                    return Err(trouble.into());
                }
                if state.closed {
                    break;
                }
            }
            let goes_on = moved
                || !shared.lock().spawned.is_empty()
                || update::dispatch_first(&shared)
                || resolve_condition(&shared)?
                || resolve_peeked_local(&shared)?;
            if !goes_on {
                return Ok(());
            }
        }
        self.executor.clear();
        Ok(())
    }

    /// What the live task leads to.
    fn finish_task(&mut self) -> Result<Progress, ActivateError> {
        let Some(shared) = &self.shared else {
            return Ok(Progress::Commands(Vec::new()));
        };
        let mut state = shared.lock();
        if !state.closed && state.waits_for_locals() {
            return Ok(Progress::Locals(state.hand_out_locals()));
        }
        state.reject_unhandled();
        let mut commands = state.outgoing.unsent();
        state.outgoing.mark_sent();
        // Refusals leave no event, and must not stand after what closes the run.
        let refusals = std::mem::take(&mut state.rejections);
        commands.splice(0..0, refusals);
        Ok(Progress::Commands(commands))
    }
}

impl Drop for WorkflowInstance {
    fn drop(&mut self) {
        // What the futures drop must not ask for anything any more.
        if let Some(shared) = &self.shared {
            shared.lock().closed = true;
        }
    }
}

/// The news of one workflow task, its Started last.
struct Task {
    events: Vec<Arc<Event>>,
    live: bool,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these end a task badly")]
fn started_of(event: &Event) -> EventId {
    match &event.kind {
        EventKind::WorkflowTaskFailed(failed) => failed.started_event_id,
        EventKind::WorkflowTaskTimedOut(timed_out) => timed_out.started_event_id,
        _ => 0,
    }
}

/// The seed of a run's randomness: the id of the run as it first was, so that a reset keeps it.
fn seed<'a>(started: &'a WorkflowExecutionStarted, run: &'a RunKey) -> &'a str {
    let original = started.original_execution_run_id.as_str();
    if original.is_empty() { run.run_id.as_str() } else { original }
}

/// Conditions are user code, too: a panic there is the code's.
fn resolve_condition(shared: &StateHandle) -> Result<bool, ActivateError> {
    let resolved = catch_unwind(AssertUnwindSafe(|| condition::resolve_first(shared)));
    resolved.map_err(|panic| ActivateError::Panic(panic_text(&*panic)))
}

/// In a replay, the next local activity's result from its marker.
fn resolve_peeked_local(shared: &StateHandle) -> Result<bool, ActivateError> {
    let mut state = shared.lock();
    let Some(marker) = state.peeked.locals.pop_front() else {
        return Ok(false);
    };
    let Some(number) = local::marker_number(&marker) else {
        return Ok(true);
    };
    let resolved = state.resolve_local(number, local::marker_result(&marker).map_err(|it| *it));
    resolved.map_err(|error| ActivateError::Panic(error.to_string()))?;
    Ok(true)
}

impl State {
    /// The workflow task that is about to run.
    fn begin_task(&mut self, started: &Event, live: bool) {
        self.now = started.at;
        self.replaying = !live;
        self.task_started_id = started.id;
        self.peeked = Default::default();
        let info = Arc::make_mut(&mut self.info);
        info.history_length = started.id;
        if let EventKind::WorkflowTaskStarted(started) = &started.kind {
            info.history_size_bytes = started.history_size_bytes;
            info.suggest_continue_as_new = started.suggest_continue_as_new;
        }
    }

    /// The main function is over: what it returned becomes the last command.
    fn close(&mut self, result: Result<Payloads, WorkflowError>) {
        let command = match result {
            Ok(result) => CommandKind::CompleteWorkflow { result },
            Err(WorkflowError::ContinueAsNew(options)) => CommandKind::ContinueAsNew(options),
            Err(error) if error.is_canceled() && self.cancel.reason.is_some() => {
                CommandKind::CancelWorkflow {
                    details: payload::encode_list(&()).unwrap_or_default(),
                }
            }
            Err(error) => CommandKind::FailWorkflow { failure: Box::new(error.into_failure()) },
        };
        self.issue(command, Origin::Other);
        self.closed = true;
    }

    fn waits_for_locals(&self) -> bool {
        self.locals.iter().any(|(_, local)| local.is_open())
    }
}
