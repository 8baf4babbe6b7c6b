//! The server: a NATS micro-service with one endpoint per kind of subject, and bounded work behind.

use std::sync::Arc;

use async_nats::{
    Client,
    service::{Request, Service, ServiceExt, endpoint::Endpoint},
};
use futures::StreamExt;
use steadfast_engine::Engine;
use steadfast_protocol::{
    ErrorCode,
    subject::{API_ALL, POLL_ALL, QUEUE_GROUP, TASK_ALL},
};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    NativeConfig,
    config::ConfigError,
    door::{self, Answer, Context, Door, Incoming, Polled, Wait},
    fault::Fault,
    lists::Lists,
    receipts::Receipts,
    trace,
};

/// The micro-service's name, as `nats micro ls` shows it.
pub const SERVICE_NAME: &str = "steadfast";

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting is not possible.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// NATS refused a subscription.
    #[error("failed to subscribe on NATS")]
    Nats(#[source] async_nats::Error),
}

/// Serves until `shutdown`: then no new request is taken, polls are answered empty, and what is worked
/// on may end within the configured time.
pub async fn run(
    config: NativeConfig,
    client: Client,
    engine: Engine,
    lists: Option<Arc<dyn Lists>>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    config.check()?;
    let service = client
        .service_builder()
        .description("durable workflows: see PROTOCOL.md")
        .queue_group(QUEUE_GROUP)
        .start(SERVICE_NAME, env!("CARGO_PKG_VERSION"))
        .await
        .map_err(ServeError::Nats)?;
    let api = endpoint(&service, "api", API_ALL).await?;
    let poll = endpoint(&service, "poll", POLL_ALL).await?;
    let task = endpoint(&service, "task", TASK_ALL).await?;
    let (receipts, arriving) = Receipts::open(&client).await.map_err(ServeError::Nats)?;
    let shared = Arc::new(Shared {
        receipts,
        requests: Arc::new(Semaphore::new(config.requests_max.min(Semaphore::MAX_PERMITS))),
        long_polls: Arc::new(Semaphore::new(config.long_polls_max.min(Semaphore::MAX_PERMITS))),
        context: Context { config, client, engine, lists },
        shutdown,
    });
    let serving = async {
        tokio::join!(
            serve(Door::Api, api, Arc::clone(&shared)),
            serve(Door::Poll, poll, Arc::clone(&shared)),
            serve(Door::Task, task, Arc::clone(&shared)),
        )
    };
    tokio::select! {
        _ = serving => {}
        // It ends when the connection is closed for good, and with it everything else.
        () = shared.receipts.collect(arriving) => {}
    }
    let stopped = service.stop().await.map_err(ServeError::Nats);
    flush(&shared.context).await;
    stopped
}

/// The last answers are only in the connection's buffer: whoever called may end the process next.
async fn flush(context: &Context) {
    let flushed = tokio::time::timeout(context.config.drain(), context.client.flush()).await;
    if !matches!(flushed, Ok(Ok(()))) {
        tracing::debug!("the connection was closed before the last answers were sent");
    }
}

async fn endpoint(service: &Service, name: &str, subject: &str) -> Result<Endpoint, ServeError> {
    let builder = service.endpoint_builder().name(name);
    builder.add(subject).await.map_err(ServeError::Nats)
}

/// What all endpoints share.
struct Shared {
    context: Context,
    requests: Arc<Semaphore>,
    long_polls: Arc<Semaphore>,
    receipts: Receipts,
    shutdown: CancellationToken,
}

/// Takes one endpoint's requests until the shutdown, then lets what is worked on end.
async fn serve(door: Door, mut endpoint: Endpoint, shared: Arc<Shared>) {
    let mut working = JoinSet::new();
    loop {
        let request = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => break,
            request = endpoint.next() => match request {
                Some(request) => request,
                None => break,
            },
        };
        // Looked at in passing: a wake-up for every request that ends would cost more than it is worth.
        while let Some(ended) = working.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a native request's task failed");
            }
        }
        admit(door, request, &shared, &mut working).await;
    }
    if endpoint.stop().await.is_err() {
        tracing::debug!("the connection was closed before the native endpoint was");
    }
    let drained = async { while working.join_next().await.is_some() {} };
    if tokio::time::timeout(shared.context.config.drain(), drained).await.is_err() {
        tracing::warn!(left = working.len(), "native requests did not end in time");
        working.shutdown().await;
    }
}

/// Starts the work on a request, or refuses it when there is too much work already.
async fn admit(door: Door, request: Request, shared: &Arc<Shared>, working: &mut JoinSet<()>) {
    let incoming = match Incoming::parse(door, &request.message) {
        Ok(incoming) => incoming,
        Err(fault) => return answer(shared, &request, Err(fault)).await,
    };
    let (permits, what) = match incoming.wait() {
        Wait::Short => (&shared.requests, "requests worked on at the same time"),
        Wait::Long => (&shared.long_polls, "long polls open at the same time"),
    };
    let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
        let fault = Fault::new(ErrorCode::ResourceExhausted, format!("too many {what}"));
        return answer(shared, &request, Err(fault)).await;
    };
    let span = trace::span(&incoming, &request.message);
    let shared = Arc::clone(shared);
    let work = async move {
        let _permit = permit;
        let answered = match incoming.wait() {
            Wait::Short => door::handle(&shared.context, incoming, &request.message).await,
            Wait::Long => tokio::select! {
                biased;
                answered = door::handle(&shared.context, incoming, &request.message) => answered,
                () = shared.shutdown.cancelled() => Ok(Answer::Empty),
            },
        };
        answer(&shared, &request, answered).await;
    };
    working.spawn(work.instrument(span));
}

/// Sends the answer. A request without a reply subject asked for none.
async fn answer(shared: &Shared, request: &Request, answered: Result<Answer, Fault>) {
    let Some(reply) = &request.message.reply else {
        if let Ok(Answer::Task(_, polled, _)) = answered {
            give_back(shared, polled);
        }
        return;
    };
    let (body, headers) = match answered {
        Ok(Answer::Task(body, polled, traceparent)) => {
            let headers = trace::headers(traceparent.as_deref());
            let delivered = shared.receipts.deliver(reply.clone(), headers, body);
            if !delivered.await {
                give_back(shared, polled);
            }
            return;
        }
        Ok(answer) => answer.into_message(),
        Err(fault) => {
            tracing::debug!(code = %fault.code, message = fault.message, "native request refused");
            fault.into_message()
        }
    };
    if let Err(error) = request.respond_with_headers(Ok(body), headers).await {
        // The client is gone or NATS is: the engine's state does not depend on it.
        tracing::debug!(error = &error as &dyn std::error::Error, "answer not sent");
    }
}

/// A task's poller is gone: somebody else gets it.
fn give_back(shared: &Shared, polled: Polled) {
    tracing::debug!("a task's poller is gone, the task is offered again");
    match polled {
        Polled::Activity(token) => shared.context.engine.give_back_activity_task(token),
        Polled::Workflow(token) => shared.context.engine.give_back_workflow_task(token),
    }
}
