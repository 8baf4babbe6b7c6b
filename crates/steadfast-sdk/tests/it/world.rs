//! A server, an engine with its front door, and clients.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use steadfast_engine::{Engine, EngineConfig, World as Ports};
use steadfast_jetstream::JetStreamLog;
use steadfast_native::{NativeConfig, NatsServices};
use steadfast_nats::Server;
use steadfast_sdk::{
    client::{Client, WorkflowHandle},
    error::Error,
    testing::Replayer,
    worker::{Worker, WorkerOptions},
    workflow::Workflows,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

pub(crate) const SHOP: &str = "shop";
pub(crate) const QUEUE: &str = "orders";

/// How long anything may take.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    shutdown: CancellationToken,
}

impl World {
    pub(crate) async fn start() -> Result<Self> {
        let server = Server::start(steadfast_nats::Config::default()).await?;
        let own = async_nats::connect(server.client_url()).await?;
        let partitions = 2;
        let log = steadfast_jetstream::Config { partitions, ..Default::default() };
        let log = JetStreamLog::open(own.clone(), &log).await?;
        let services = Arc::new(NatsServices::new(own.clone()));
        let ports = Ports::on(Arc::new(log)).with_services(services);
        let config = EngineConfig { partitions, ..EngineConfig::default() };
        let engine = Engine::start(config, ports).await?;
        engine.ready(Instant::now() + SOON).await?;
        let shutdown = CancellationToken::new();
        tokio::spawn(steadfast_native::run(
            NativeConfig::default(),
            own,
            engine.clone(),
            None,
            shutdown.clone(),
        ));
        let client = Client::connect(server.client_url()).await?.namespace(SHOP);
        // The front door may not be there yet: the client waits for it.
        client.list(1, bytes::Bytes::new()).await?;
        Ok(Self { server, engine, client, shutdown })
    }

    /// Runs a worker until the token that comes with it is cancelled.
    pub(crate) fn work(&self, worker: Worker) -> Running {
        let stop = CancellationToken::new();
        let running = worker.run(stop.clone().cancelled_owned());
        Running { stop, worker: tokio::spawn(running) }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.engine.shutdown().await;
    }
}

pub(crate) struct Running {
    pub(crate) stop: CancellationToken,
    pub(crate) worker: JoinHandle<Result<(), Error>>,
}

impl Running {
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.worker.await??)
    }
}

pub(crate) fn options() -> WorkerOptions {
    WorkerOptions { poll_wait: Duration::from_millis(500), ..WorkerOptions::default() }
}

/// The workflow's recorded history must be what its code does.
pub(crate) async fn replays(handle: &WorkflowHandle, workflows: &Workflows) -> Result<()> {
    let events = handle.history().await?;
    ensure!(!events.is_empty(), "a workflow has events");
    let events = events.into_iter().map(Arc::new).collect();
    Replayer::new().workflows(workflows).replay_events(None, events)?;
    Ok(())
}
