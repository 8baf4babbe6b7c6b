//! Workers that live in the engine's process: activity code linked into it, and service activities,
//! whose work is a request to a NATS responder. Both poll like any other worker.

mod service;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use steadfast_core::{Failure, Identity, Namespace, TaskQueue, input::ActivityOutcome};
use tokio::time::Instant;

pub(crate) use self::service::ensure_service;
use crate::{
    api::{ActivityTarget, EngineError, Poll, PolledActivityTask, TaskKind, TaskToken},
    config::Backoff,
    context::Shared,
    embedded::ActivityHost,
    handle::resolve_activity,
    matching::{self, Handed},
};

/// Polls that a worker keeps waiting at most. A task that meets a waiting poll is started in the very
/// record that schedules it; one that must wait for a poll costs a record more.
const POLLS_MAX: usize = 256;

/// A worker in this process.
pub(crate) struct Worker {
    pub(crate) namespace: Namespace,
    pub(crate) task_queue: TaskQueue,
    pub(crate) host: Arc<dyn ActivityHost>,
}

/// The queues that have a service worker, so that each has one.
#[derive(Default)]
pub(crate) struct Services(Mutex<HashSet<(Namespace, TaskQueue)>>);

/// The actor that works.
pub(crate) struct WorkerActor;

/// Go and work; the only message.
pub(crate) struct Work;

impl Actor for WorkerActor {
    type Msg = Work;
    type State = (Arc<Shared>, Arc<Worker>);
    type Arguments = (Arc<Shared>, Arc<Worker>);

    async fn pre_start(
        &self,
        myself: ActorRef<Work>,
        arguments: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        myself.send_message(Work)?;
        Ok(arguments)
    }

    async fn handle(
        &self,
        myself: ActorRef<Work>,
        _message: Work,
        (shared, worker): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        work(shared, worker).await;
        myself.stop(None);
        Ok(())
    }
}

/// Works until the engine stops: a few polls wait, and each task they bring is done beside them.
async fn work(shared: &Arc<Shared>, worker: &Arc<Worker>) {
    let max = worker.host.concurrency().max(1);
    let mut polls = FuturesUnordered::new();
    let mut attempts = FuturesUnordered::new();
    while !shared.stop.is_cancelled() {
        while polls.len() < POLLS_MAX && polls.len() + attempts.len() < max {
            polls.push(poll(shared, worker));
        }
        tokio::select! {
            biased;
            Some(polled) = polls.next() => match polled {
                Ok(Some(task)) => attempts.push(attempt(shared, worker, task)),
                Ok(None) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(()) = attempts.next() => {}
            () = shared.stop.cancelled() => {}
        }
    }
}

async fn poll(
    shared: &Arc<Shared>,
    worker: &Worker,
) -> Result<Option<PolledActivityTask>, EngineError> {
    let poll = Poll {
        namespace: worker.namespace.clone(),
        task_queue: worker.task_queue.clone(),
        identity: identity(),
        ..Poll::default()
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    match matching::poll(shared, poll, TaskKind::Activity, deadline).await? {
        Some(Handed::Activity(task)) => Ok(Some(*task)),
        Some(Handed::Workflow(_) | Handed::Nothing) | None => Ok(None),
    }
}

fn identity() -> Identity {
    Identity::new("steadfast-embedded")
}

/// One attempt: a panic of the code is its failure.
async fn attempt(shared: &Arc<Shared>, worker: &Arc<Worker>, task: PolledActivityTask) {
    let token = task.token.clone();
    let code: BoxFuture<'static, Option<ActivityOutcome>> = worker.host.run(task);
    let outcome = std::panic::AssertUnwindSafe(code).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| {
        let failure = Failure::application("Panic", "activity code panicked");
        Some(ActivityOutcome::Failed { failure, last_heartbeat: None })
    });
    if let Some(outcome) = outcome {
        resolve(shared, token, outcome).await;
    }
}

/// Writes an attempt's outcome, for as long as the engine only asks to try again.
async fn resolve(shared: &Arc<Shared>, token: TaskToken, outcome: ActivityOutcome) {
    let config = &shared.config;
    let mut backoff = Backoff::new(config.append_backoff_ms, config.append_backoff_max_ms);
    let target = ActivityTarget::Token(token);
    loop {
        let deadline = Instant::now() + Duration::from_millis(config.delivery_timeout_ms);
        let resolved =
            resolve_activity(shared, &target, outcome.clone(), identity(), deadline).await;
        match resolved {
            Err(
                EngineError::Unavailable(_)
                | EngineError::Exhausted { .. }
                | EngineError::DeadlineExceeded(_),
            ) => tokio::time::sleep(backoff.advance()).await,
            // Anything else is final: written, or the attempt is no longer wanted.
            Ok(())
            | Err(
                EngineError::NotFound { .. }
                | EngineError::NamespaceNotFound(_)
                | EngineError::Rejected(_)
                | EngineError::Quarantined(_)
                | EngineError::QueryFailed(_)
                | EngineError::ShuttingDown,
            ) => return,
        }
    }
}
