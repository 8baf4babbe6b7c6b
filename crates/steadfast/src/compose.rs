//! The only place where ports meet adapters: JetStream under the engine, front doors on top of it,
//! telemetry beside it. `steadfast dev`, `steadfast server` and tests start the same thing here.

mod door;
mod gateway;
mod lists;
mod namespaces;
mod settings;

use std::{future::Future, sync::Arc, time::Duration};

use async_nats::Client;
use steadfast_engine::{Engine, World, ports::Log, world::SystemClock};
use steadfast_gateway::HttpCallbacks;
use steadfast_jetstream::{
    JetStreamLog,
    durability::{self, Durability},
    namespaces::{AttributeError, Directory, NamespaceError, Namespaces, Settings},
};
use steadfast_native::NatsServices;
use steadfast_telemetry::{Readiness, ReadinessReporter};
use steadfast_visibility::Visibility;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use steadfast_jetstream::durability::Sync;
pub use steadfast_telemetry::Telemetry;

pub(crate) use self::lists::FILE as VISIBILITY_FILE;
use self::{door::Door, gateway::GatewayDoor, lists::Lists};
use crate::{cli::problem::Problem, config::Config, dev::SearchAttribute, retention::Sweeper};

/// How long the partitions may take to recover before a start counts as failed.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// Installs logs, traces and metrics for this process.
pub async fn telemetry(config: &Config) -> Result<Telemetry, Problem> {
    let settings = settings::telemetry(config)?;
    steadfast_telemetry::install(settings).await.map_err(|error| {
        let advice = match error {
            steadfast_telemetry::Error::LogLevel { .. } => "see telemetry.log_level",
            steadfast_telemetry::Error::Listen { .. } => {
                "choose another address (server.http_address, --http-port; port 0 is a free one)"
            }
            steadfast_telemetry::Error::Endpoint { .. }
            | steadfast_telemetry::Error::Exporter(_)
            | steadfast_telemetry::Error::Metrics(_)
            | steadfast_telemetry::Error::Installed => "see the section [telemetry]",
        };
        Problem::failed("cannot install telemetry").because(&error).advice(advice)
    })
}

/// Resolves when the process is told to stop: SIGTERM or SIGINT. Listens from the call on.
pub fn stop_signal() -> Result<impl Future<Output = ()>, Problem> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Problem::failed("cannot listen for signals").because(&error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A running Steadfast: engine, front doors, log.
pub struct Composed {
    engine: Engine,
    namespaces: Directory,
    names: Vec<String>,
    durability: Durability,
    shutdown: CancellationToken,
    door: Door,
    gateway: GatewayDoor,
    sweeper: JoinHandle<()>,
    watch: JoinHandle<()>,
    lists: Option<Lists>,
    readiness: ReadinessReporter,
}

impl Composed {
    /// Starts everything on a connection, and waits until all partitions have recovered.
    pub async fn start(
        config: &Config,
        client: Client,
        sync: Sync,
        readiness: ReadinessReporter,
    ) -> Result<Self, Problem> {
        let (log, durability) = open_log(config, client.clone(), sync).await?;
        let partitions = log.topology().routing.partitions;
        let context = async_nats::jetstream::new(client.clone());
        let namespaces = Namespaces::open(&context).await.map_err(no_namespaces)?;
        let namespaces = Directory::open(namespaces).await.map_err(no_namespaces)?;
        register(&namespaces, config).await?;
        let shutdown = CancellationToken::new();
        let directory = Arc::new(namespaces.clone());
        let lists = Lists::open(config, &log, directory.clone(), shutdown.clone()).await?;
        let log: Arc<dyn Log> = Arc::new(log);
        let services = Arc::new(NatsServices::new(client.clone()));
        let world = World::on(log.clone())
            .with_services(services)
            .with_callbacks(Arc::new(callbacks()?))
            .with_namespaces(directory.clone())
            .with_search_attributes(directory);
        let engine = Engine::start(settings::engine(config, partitions), world)
            .await
            .map_err(|error| Problem::failed("cannot start the engine").because(&error))?;
        let deadline = tokio::time::Instant::now() + READY_WITHIN;
        engine.ready(deadline).await.map_err(|error| {
            Problem::failed("the partitions have not recovered").because(&error)
        })?;
        let sweeper = Sweeper {
            log,
            clock: Arc::new(SystemClock),
            engine: engine.clone(),
            namespaces: namespaces.clone(),
            partitions,
        };
        let watch = tokio::spawn(until(shutdown.clone(), namespaces.clone().watch()));
        let every = config.retention.sweep_every.0;
        let sweeper = tokio::spawn(sweeper.run(every, shutdown.clone()));
        let native = settings::native(config);
        let door = Door::open(
            native,
            client,
            engine.clone(),
            lists.as_ref().map(Lists::native),
            shutdown.clone(),
        )
        .await?;
        let temporal = steadfast_gateway::Gateway {
            engine: engine.clone(),
            namespaces: Arc::new(namespaces::Namespaces(namespaces.clone())),
            visibility: lists.as_ref().map(|lists| lists.visibility.clone()),
        };
        let gateway = GatewayDoor::open(config, temporal, shutdown.clone()).await?;
        let names = config.server.namespaces.clone();
        readiness.set(Readiness::Ready);
        Ok(Self {
            engine,
            namespaces,
            names,
            durability,
            shutdown,
            door,
            gateway,
            sweeper,
            watch,
            lists,
            readiness,
        })
    }

    /// The list of runs, unless it is switched off.
    pub fn visibility(&self) -> Option<&Visibility> {
        self.lists.as_ref().map(|lists| &lists.visibility)
    }

    /// The engine, for code that lives in its process.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What an acknowledged write has survived.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Resolves when it cannot serve any more, and says why.
    pub async fn failed(&mut self) -> Problem {
        tokio::select! {
            problem = self.door.failed() => problem,
            problem = self.gateway.failed() => problem,
        }
    }

    /// Where Temporal's gRPC API is served, if it is.
    pub fn grpc_addr(&self) -> Option<std::net::SocketAddr> {
        self.gateway.address()
    }

    /// Keeps search attributes with the namespaces.
    pub async fn register(&self, attributes: &[SearchAttribute]) -> Result<(), Problem> {
        if attributes.is_empty() {
            return Ok(());
        }
        let wanted = attributes.iter().map(|attribute| (attribute.key.clone(), attribute.kind));
        let wanted = wanted.collect();
        for name in &self.names {
            let added = self.namespaces.add_search_attributes(&name.as_str().into(), &wanted).await;
            added.map_err(|error| match error {
                AttributeError::Namespace(error) => no_namespaces(error),
                AttributeError::Reserved(_)
                | AttributeError::Exists { .. }
                | AttributeError::TooMany { .. } => {
                    Problem::usage("cannot add search attributes").because(&error)
                }
            })?;
        }
        Ok(())
    }

    /// Stops: the door first, so that nothing new comes in; what is appended stays. Cut short after
    /// `within`.
    pub async fn stop(self, within: Duration) {
        self.readiness.set(Readiness::NotReady("stopping".to_owned()));
        self.shutdown.cancel();
        let stopping = async {
            self.door.closed().await;
            self.gateway.closed().await;
            // An error means that the task panicked; it said so in the log.
            let _ = (self.sweeper.await, self.watch.await);
            if let Some(lists) = self.lists {
                lists.closed().await;
            }
            self.engine.shutdown().await;
        };
        if tokio::time::timeout(within, stopping).await.is_err() {
            tracing::warn!(?within, "the engine has not stopped in time");
        }
    }
}

/// The log, and what it says of itself at the start.
async fn open_log(
    config: &Config,
    client: Client,
    sync: Sync,
) -> Result<(JetStreamLog, Durability), Problem> {
    let log = JetStreamLog::open(client, &settings::jetstream(config, sync)).await;
    let log = log.map_err(|error| {
        Problem::failed("cannot set up JetStream")
            .because(&error)
            .advice("`steadfast doctor` says what is missing on this NATS")
    })?;
    let partitions = log.topology().routing.partitions;
    if partitions != config.server.partitions {
        tracing::warn!(
            configured = config.server.partitions,
            partitions,
            "the number of partitions was fixed by the first start"
        );
    }
    let durability = durability::describe(log.topology().replicas, sync);
    if let Some(warning) = durability.warning() {
        tracing::warn!(%durability, "{warning}");
    }
    Ok((log, durability))
}

fn callbacks() -> Result<HttpCallbacks, Problem> {
    let made = HttpCallbacks::new();
    made.map_err(|error| Problem::failed("cannot make callbacks").because(&error))
}

async fn until(shutdown: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = work => {}
    }
}

/// Makes the namespaces that the configuration names and that are not there yet.
async fn register(namespaces: &Directory, config: &Config) -> Result<(), Problem> {
    for name in &config.server.namespaces {
        let settings = Settings {
            retention_secs: config.retention.closed_runs.0.as_secs(),
            ..Settings::new(name.as_str())
        };
        match namespaces.register(&settings).await {
            Ok(()) | Err(NamespaceError::Exists(_)) => {}
            Err(error) => return Err(no_namespaces(error)),
        }
    }
    Ok(())
}

fn no_namespaces(error: NamespaceError) -> Problem {
    Problem::failed("cannot read or write namespaces").because(&error)
}
