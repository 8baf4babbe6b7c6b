//! Updates: requests that change the workflow and get an answer.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Failure, Payloads,
    command::{AcceptUpdate, CommandKind},
    event::{UpdateOutcome, UpdateRequest},
};

use super::{
    error::{ApplicationError, WorkflowError},
    executor::panic_text,
    state::{Origin, State, StateHandle},
};
use crate::payload;

type Validate = Arc<dyn Fn(&Payloads) -> Result<(), WorkflowError> + Send + Sync>;
type Run =
    Arc<dyn Fn(Payloads) -> BoxFuture<'static, Result<Payloads, WorkflowError>> + Send + Sync>;

/// A handler whose types are erased.
#[derive(Clone)]
pub(crate) struct UpdateHandler {
    validate: Validate,
    run: Run,
}

/// What arrived, and who handles it.
#[derive(Default)]
pub(crate) struct Updates {
    arrived: VecDeque<(UpdateRequest, Arrival)>,
    handlers: BTreeMap<String, UpdateHandler>,
    running: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// The history says that its validator accepted it.
    Accepted,
    /// Its validator has not seen it.
    New,
}

impl Updates {
    pub(crate) fn deliver(&mut self, request: UpdateRequest, accepted: bool) {
        let arrival = if accepted { Arrival::Accepted } else { Arrival::New };
        self.arrived.push_back((request, arrival));
    }

    pub(crate) fn handle(&mut self, name: String, handler: UpdateHandler) {
        self.handlers.insert(name, handler);
    }

    /// How many accepted updates have not ended.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// The first update that has a handler.
    fn next(&mut self) -> Option<(UpdateRequest, Arrival, UpdateHandler)> {
        let handlers = &self.handlers;
        let at = self.arrived.iter().position(|(it, _)| handlers.contains_key(&it.name))?;
        let (request, arrival) = self.arrived.remove(at)?;
        let handler = self.handlers.get(&request.name)?.clone();
        Some((request, arrival, handler))
    }
}

/// Erases the types of a validator and a handler.
pub(crate) fn handler<I, O, V, F, Fut>(validate: V, run: F) -> UpdateHandler
where
    I: DeserializeOwned,
    O: Serialize,
    V: Fn(&I) -> Result<(), WorkflowError> + Send + Sync + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
{
    let run = Arc::new(run);
    UpdateHandler {
        validate: Arc::new(move |args| validate(&payload::decode_list(args)?)),
        run: Arc::new(move |args| {
            let run = run.clone();
            Box::pin(async move {
                // The handler's future is made before the first wait, so nothing borrows the input.
                let running = run(payload::decode_list(&args)?);
                Ok(payload::encode_list(&running.await?)?)
            })
        }),
    }
}

/// Gives the first arrived update to its handler; whether there was one.
pub(crate) fn dispatch_first(shared: &StateHandle) -> bool {
    let Some((request, arrival, handler)) = shared.lock().updates.next() else {
        return false;
    };
    if arrival == Arrival::New
        && let Err(failure) = validate(shared, &handler, &request)
    {
        shared.lock().reject(&request, failure);
        return true;
    }
    let mut state = shared.lock();
    let accept = AcceptUpdate {
        update_id: request.update_id.clone(),
        request_sequencing_event_id: state.task_started_id - 1,
        ..AcceptUpdate::default()
    };
    state.issue(CommandKind::AcceptUpdate(Box::new(accept)), Origin::Other);
    state.updates.running += 1;
    let (shared, run) = (shared.clone(), handler.run);
    state.spawned.push(Box::pin(async move {
        let outcome = match run(request.args).await {
            Ok(result) => UpdateOutcome::Success(result),
            Err(error) => UpdateOutcome::Failure(Box::new(error.into_failure())),
        };
        let mut state = shared.lock();
        state.updates.running -= 1;
        let command = CommandKind::CompleteUpdate { update_id: request.update_id, outcome };
        state.issue(command, Origin::Other);
    }));
    true
}

fn validate(
    shared: &StateHandle,
    handler: &UpdateHandler,
    request: &UpdateRequest,
) -> Result<(), Box<Failure>> {
    shared.lock().read_only = true;
    let verdict = catch_unwind(AssertUnwindSafe(|| (handler.validate)(&request.args)));
    shared.lock().read_only = false;
    match verdict {
        Ok(verdict) => verdict.map_err(|error| Box::new(error.into_failure())),
        Err(panic) => {
            let error = ApplicationError::new("Panic", panic_text(&*panic));
            Err(Box::new(error.into_failure()))
        }
    }
}

impl State {
    fn reject(&mut self, request: &UpdateRequest, failure: Box<Failure>) {
        let update_id = request.update_id.clone();
        self.rejections.push(CommandKind::RejectUpdate { update_id, failure }.into());
    }

    /// Refuses what nobody handles, when the code has nothing more to do.
    pub(crate) fn reject_unhandled(&mut self) {
        while let Some((request, _)) = self.updates.arrived.pop_front() {
            let known: Vec<_> = self.updates.handlers.keys().map(String::as_str).collect();
            let message = format!(
                "unknown update {:?}, this workflow handles [{}]",
                request.name,
                known.join(", ")
            );
            let failure = ApplicationError::new("UnknownUpdate", message).into_failure();
            self.reject(&request, Box::new(failure));
        }
    }
}
