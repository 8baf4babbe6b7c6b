//! The tests' world: an engine on a shared log in memory, and workers as plain functions.

use std::{sync::Arc, time::Duration};

use steadfast_core::{
    Command, Identity, Payload, Payloads, RunId, RunKey, Span, Timestamp,
    command::{CommandKind, ScheduleActivity},
    input::{ActivityOutcome, Signal},
    run::Status,
    start::StartRequest,
};
use steadfast_engine::{
    Deadline, Engine, EngineConfig, World,
    api::*,
    ports::{CallbackCaller, Clock, Log, RunAddress, ServiceCaller},
    routing,
    world::NoCallbacks,
};
use steadfast_sim::MemLog;
use tokio::time::Instant;

pub(crate) const NAMESPACE: &str = "shop";
pub(crate) const QUEUE: &str = "orders";

/// The clock of the paused runtime.
pub(crate) struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.0.elapsed().as_nanos()).unwrap();
        Timestamp(1_700_000_000_000_000_000 + since)
    }
}

pub(crate) struct TestWorld {
    pub(crate) log: MemLog,
    pub(crate) engine: Engine,
    clock: Arc<PausedClock>,
    config: EngineConfig,
    callbacks: Arc<dyn CallbackCaller>,
}

pub(crate) fn config() -> EngineConfig {
    EngineConfig { partitions: 2, ..EngineConfig::default() }
}

impl TestWorld {
    pub(crate) async fn new() -> Self {
        Self::with(config(), None).await
    }

    pub(crate) async fn with(
        config: EngineConfig,
        services: Option<Arc<dyn ServiceCaller>>,
    ) -> Self {
        let log = MemLog::new();
        let clock = Arc::new(PausedClock(Instant::now()));
        let callbacks: Arc<dyn CallbackCaller> = Arc::new(NoCallbacks);
        let engine = start(log.clone(), &clock, config.clone(), services, callbacks.clone()).await;
        Self { log, engine, clock, config, callbacks }
    }

    /// A world on this log in which somebody makes callbacks.
    pub(crate) async fn calling(log: MemLog, callbacks: Arc<dyn CallbackCaller>) -> Self {
        let (clock, config) = (Arc::new(PausedClock(Instant::now())), config());
        let engine = start(log.clone(), &clock, config.clone(), None, callbacks.clone()).await;
        Self { log, engine, clock, config, callbacks }
    }

    /// The process dies; another one begins on the same log.
    pub(crate) async fn crash(&mut self) {
        self.log.cut_off();
        self.log = self.log.reconnect();
        self.engine.shutdown().await;
        let (log, callbacks) = (self.log.clone(), self.callbacks.clone());
        self.engine = start(log, &self.clock, self.config.clone(), None, callbacks).await;
    }

    /// Another engine on the same log, while this one lives.
    pub(crate) async fn rival(&self) -> Engine {
        let (log, callbacks) = (self.log.reconnect(), self.callbacks.clone());
        start(log, &self.clock, self.config.clone(), None, callbacks).await
    }

    pub(crate) async fn start(&self, id: &str) -> Started {
        let started = self.engine.start_workflow(start_request(id), soon()).await;
        started.unwrap()
    }

    /// The next workflow task, which must come.
    pub(crate) async fn workflow_task(&self) -> PolledWorkflowTask {
        workflow_task(&self.engine).await
    }

    pub(crate) async fn activity_task(&self) -> PolledActivityTask {
        let polled = self.engine.poll_activity_task(poll(QUEUE), soon()).await;
        polled.unwrap().expect("an activity task")
    }

    pub(crate) async fn complete(
        &self,
        task: &PolledWorkflowTask,
        commands: Vec<Command>,
    ) -> Completed {
        let completion = Completion { commands, ..Completion::default() };
        let completed = self.engine.complete_workflow_task(&task.token, completion, soon()).await;
        completed.unwrap()
    }

    /// Takes the next workflow task and answers it.
    pub(crate) async fn turn(&self, commands: Vec<Command>) -> PolledWorkflowTask {
        let task = self.workflow_task().await;
        self.complete(&task, commands).await;
        task
    }

    pub(crate) async fn resolve(&self, task: &PolledActivityTask, outcome: ActivityOutcome) {
        let target = ActivityTarget::Token(task.token.clone());
        let worker = Identity::new("worker");
        self.engine.resolve_activity(&target, outcome, worker, soon()).await.unwrap();
    }

    pub(crate) async fn signal(&self, id: &str, name: &str) {
        let signal = Signal { name: name.to_owned(), ..Signal::default() };
        self.engine.signal(&target(id), signal, soon()).await.unwrap();
    }

    /// The history as text, one event per line.
    pub(crate) async fn history(&self, id: &str) -> String {
        history_of(&self.engine, &target(id)).await
    }

    /// Waits for the closing event.
    pub(crate) async fn result(&self, id: &str) -> Status {
        let request = HistoryRequest {
            from_event_id: 1,
            max_events: 1,
            wait_new: true,
            close_event_only: true,
        };
        let page = self.engine.history(&target(id), request, soon()).await.unwrap();
        assert!(!page.events.is_empty(), "{id} does not close");
        page.status
    }
}

async fn start(
    log: MemLog,
    clock: &Arc<PausedClock>,
    config: EngineConfig,
    services: Option<Arc<dyn ServiceCaller>>,
    callbacks: Arc<dyn CallbackCaller>,
) -> Engine {
    let log: Arc<dyn Log> = Arc::new(log);
    let mut world = World { clock: clock.clone(), callbacks, ..World::on(log) };
    if let Some(services) = services {
        world = world.with_services(services);
    }
    Engine::start(config, world).await.unwrap()
}

pub(crate) fn soon() -> Deadline {
    Instant::now() + Duration::from_secs(60)
}

pub(crate) fn target(id: &str) -> Target {
    Target::current(NAMESPACE, id)
}

pub(crate) fn poll(queue: &str) -> Poll {
    Poll {
        namespace: NAMESPACE.into(),
        task_queue: queue.into(),
        identity: Identity::new("worker"),
        ..Poll::default()
    }
}

pub(crate) async fn workflow_task(engine: &Engine) -> PolledWorkflowTask {
    let polled = engine.poll_workflow_task(poll(QUEUE), soon()).await;
    polled.unwrap().expect("a workflow task")
}

pub(crate) fn start_request(id: &str) -> StartWorkflow {
    StartWorkflow {
        namespace: NAMESPACE.into(),
        workflow_id: id.into(),
        request: StartRequest {
            workflow_type: "Order".into(),
            task_queue: QUEUE.into(),
            input: json("1"),
            ..StartRequest::default()
        },
        signal: None,
        traceparent: None,
    }
}

pub(crate) fn json(text: &'static str) -> Payloads {
    vec![Payload::new("json/plain", text)]
}

pub(crate) fn schedule(activity_id: &str) -> Command {
    schedule_on(activity_id, "")
}

pub(crate) fn schedule_on(activity_id: &str, task_queue: &str) -> Command {
    let activity = ScheduleActivity {
        activity_id: activity_id.into(),
        activity_type: "Charge".into(),
        task_queue: task_queue.into(),
        input: json("2"),
        start_to_close_timeout: Span::from_secs(10),
        ..ScheduleActivity::default()
    };
    CommandKind::ScheduleActivity(Box::new(activity)).into()
}

pub(crate) fn timer(id: &str, seconds: u64) -> Command {
    let start_to_fire_timeout = Span::from_secs(seconds);
    CommandKind::StartTimer { timer_id: id.into(), start_to_fire_timeout }.into()
}

pub(crate) fn finish() -> Command {
    CommandKind::CompleteWorkflow { result: json("3") }.into()
}

pub(crate) fn done() -> ActivityOutcome {
    ActivityOutcome::Completed(json("4"))
}

pub(crate) async fn history_of(engine: &Engine, target: &Target) -> String {
    let request = HistoryRequest {
        from_event_id: 1,
        max_events: 1_000,
        wait_new: false,
        close_event_only: false,
    };
    let page = engine.history(target, request, soon()).await.unwrap();
    let lines = page.events.iter().map(|event| format!("{} {}", event.id, event.kind.name()));
    lines.collect::<Vec<_>>().join("\n")
}

/// A world on any log, with the paused clock.
pub(crate) fn paused_world(log: Arc<dyn Log>) -> World {
    World { clock: Arc::new(PausedClock(Instant::now())), ..World::on(log) }
}

/// Where a run of the tests' type lies.
pub(crate) fn address(id: &str, run_id: &RunId) -> RunAddress {
    let key =
        RunKey { namespace: NAMESPACE.into(), workflow_id: id.into(), run_id: run_id.clone() };
    RunAddress {
        partition: routing::partition_of(&key.namespace, &key.workflow_id, config().partitions),
        key,
        workflow_type: "Order".into(),
    }
}

/// Waits until a condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = soon();
    while !condition().await {
        assert!(Instant::now() < deadline, "{what} does not come true");
        tokio::time::sleep(Duration::from_millis(20)).await; // tidy: paused clock
    }
}
