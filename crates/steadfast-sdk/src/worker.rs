//! The remote worker: polls an engine over NATS for workflow tasks and activities.
//!
//! A worker runs until its shutdown future ends, then stops polling, finishes what it has, and
//! gives up after a grace period. Lost connections are waited out. Errors that no repetition can
//! heal, such as a namespace that does not exist, end the worker.

mod activity;
mod cache;
mod poll;
mod workflow;

use std::{future::Future, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::TaskQueue;
use steadfast_protocol::subject::PollKind;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    activity::{Activities, ActivityContext, ActivityDefinition, ActivityError},
    client::Client,
    error::Error,
    wire::Wire,
    workflow::{WorkflowContext, WorkflowDefinition, WorkflowError, Workflows},
};

/// What a worker may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Activity attempts at a time.
    pub max_activities: usize,
    /// Workflow tasks at a time.
    pub max_workflow_tasks: usize,
    /// Polls for activities at a time.
    pub activity_pollers: usize,
    /// Polls for workflow tasks at a time, on the queue and on the worker's own sticky queue each.
    pub workflow_pollers: usize,
    /// Runs that stay in memory between their workflow tasks; 0 replays every task from the start.
    pub cached_runs: usize,
    /// How long a run's next task waits for this worker before others may take it.
    pub sticky_timeout: Duration,
    /// How long one poll waits. At shutdown the polls that are out are waited for, because each may
    /// bring a task.
    pub poll_wait: Duration,
    /// Heartbeats of one activity are never closer together than this, unless its timeout asks for
    /// it.
    pub heartbeat_interval: Duration,
    /// How long what has begun may take after the shutdown.
    pub shutdown_grace: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            max_activities: 100,
            max_workflow_tasks: 100,
            activity_pollers: 8,
            workflow_pollers: 8,
            cached_runs: 1_000,
            sticky_timeout: Duration::from_secs(5),
            poll_wait: Duration::from_secs(5),
            heartbeat_interval: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// A worker for one task queue.
///
/// ```no_run
/// use steadfast_sdk::{
///     activity::{ActivityContext, ActivityError},
///     client::Client,
///     worker::Worker,
///     workflow::{WorkflowContext, WorkflowError},
/// };
///
/// async fn charge(_: ActivityContext, cents: u64) -> Result<String, ActivityError> {
///     Ok(format!("charged {cents}"))
/// }
///
/// async fn order(ctx: WorkflowContext, cents: u64) -> Result<String, WorkflowError> {
///     Ok(ctx.activity::<String>("charge", cents).await?)
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::connect("nats://localhost:4222").await?;
/// Worker::new(client, "orders")
///     .workflow("Order", order)
///     .activity("charge", charge)
///     .run(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Worker {
    client: Client,
    task_queue: TaskQueue,
    workflows: Workflows,
    activities: Activities,
    options: WorkerOptions,
}

impl Worker {
    /// A worker that knows nothing yet.
    pub fn new(client: Client, task_queue: impl Into<String>) -> Self {
        Self {
            client,
            task_queue: TaskQueue::new(task_queue.into()),
            workflows: Workflows::new(),
            activities: Activities::new(),
            options: WorkerOptions::default(),
        }
    }

    /// What it may use.
    pub fn options(mut self, options: WorkerOptions) -> Self {
        self.options = options;
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

    /// Works until the future ends, then shuts down. An error that cannot be waited out ends it,
    /// too.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let inner = Inner::new(self);
        let pollers = inner.start_pollers();
        let failed = inner.failed.clone();
        // When this future is dropped, so is all that it started.
        let _stop = inner.stop_polling.clone().drop_guard();
        let _abort = inner.abort.clone().drop_guard();
        tokio::select! {
            () = shutdown => {}
            () = failed.cancelled() => {}
        }
        inner.stop_polling.cancel();
        tracing::info!(task_queue = %inner.task_queue, "worker is shutting down");
        pollers.close();
        inner.tasks.close();
        let finished = async {
            pollers.wait().await;
            inner.tasks.wait().await;
        };
        let grace = inner.options.shutdown_grace;
        if tokio::time::timeout(grace, finished).await.is_err() {
            inner.give_up().await;
        }
        match inner.error.lock().await.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// What a running worker's pollers and tasks share.
struct Inner {
    wire: Arc<Wire>,
    task_queue: TaskQueue,
    sticky_queue: TaskQueue,
    workflows: Workflows,
    activities: Activities,
    options: WorkerOptions,
    cache: cache::Cache,
    activity_slots: Arc<Semaphore>,
    workflow_slots: Arc<Semaphore>,
    /// No new polls.
    stop_polling: CancellationToken,
    /// Activities should stop.
    stop_activities: CancellationToken,
    /// What runs is dropped.
    abort: CancellationToken,
    /// Something happened that cannot be waited out.
    failed: CancellationToken,
    error: tokio::sync::Mutex<Option<Error>>,
    tasks: TaskTracker,
}

/// How long activities that were told to stop may take to do so.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Inner {
    fn new(worker: Worker) -> Arc<Self> {
        let options = worker.options;
        let wire = worker.client.wire;
        let sticky_queue = format!("sticky-{}-{}", wire.identity, uuid::Uuid::new_v4());
        Arc::new(Self {
            wire,
            task_queue: worker.task_queue,
            sticky_queue: TaskQueue::new(sticky_queue),
            workflows: worker.workflows,
            activities: worker.activities,
            cache: cache::Cache::new(options.cached_runs),
            activity_slots: Arc::new(Semaphore::new(options.max_activities.max(1))),
            workflow_slots: Arc::new(Semaphore::new(options.max_workflow_tasks.max(1))),
            stop_polling: CancellationToken::new(),
            stop_activities: CancellationToken::new(),
            abort: CancellationToken::new(),
            failed: CancellationToken::new(),
            error: tokio::sync::Mutex::new(None),
            tasks: TaskTracker::new(),
            options,
        })
    }

    /// Starts as many pollers as there is work for.
    fn start_pollers(self: &Arc<Self>) -> TaskTracker {
        let pollers = TaskTracker::new();
        if !self.workflows.is_empty() {
            for _ in 0..self.options.workflow_pollers.max(1) {
                let queue = self.task_queue.clone();
                pollers.spawn(self.clone().poll_forever(queue, PollKind::Workflow));
                if self.options.cached_runs > 0 {
                    let queue = self.sticky_queue.clone();
                    pollers.spawn(self.clone().poll_forever(queue, PollKind::Workflow));
                }
            }
        }
        if !self.activities.is_empty() {
            for _ in 0..self.options.activity_pollers.max(1) {
                let queue = self.task_queue.clone();
                pollers.spawn(self.clone().poll_forever(queue, PollKind::Activity));
            }
        }
        pollers
    }

    /// The grace period is over: activities are told to stop, and soon everything is dropped.
    async fn give_up(&self) {
        let task_queue = &self.task_queue;
        tracing::warn!(%task_queue, "worker gives up what did not finish in time");
        self.stop_activities.cancel();
        let told = tokio::time::timeout(LAST_WORDS, self.tasks.wait()).await;
        if told.is_err() {
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }

    /// Ends the worker with this error.
    async fn fail(&self, error: Error) {
        self.error.lock().await.get_or_insert(error);
        self.failed.cancel();
    }
}
