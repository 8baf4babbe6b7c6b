//! What scenarios run on: our own nats-server, the engine and its native door in this process.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_nats::Client;
use steadfast_engine::{Engine, EngineConfig};
use steadfast_jetstream::{
    Config as JetStreamConfig, JetStreamLog,
    config::{EventFeed, GroupCommit},
};
use steadfast_native::{NativeConfig, NatsServices};
use steadfast_nats::Server;
use steadfast_sdk::embedded::EmbeddedWorker;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Durability, Feed, Setting, code};

/// The tenant of all measured workflows.
const NAMESPACE: &str = "default";
/// The queue of all measured workers.
pub(crate) const QUEUE: &str = "bench";

/// A whole Steadfast in this process.
pub(crate) struct World {
    server: Server,
    pub(crate) engine: Engine,
    shutdown: CancellationToken,
    door: JoinHandle<()>,
}

impl World {
    pub(crate) async fn start(setting: Setting) -> Result<Self> {
        let sync = setting.durability.sync();
        let config = steadfast_nats::Config { sync, ..steadfast_nats::Config::default() };
        let server = Server::start(config).await?;
        let (engine, shutdown, door) = engine(&server.client_url(), setting).await?;
        EmbeddedWorker::new(QUEUE)
            .workflow("one-step", code::one_step)
            .workflow("long", code::long)
            .activity("greet", code::greet)
            .host(&engine, NAMESPACE);
        Ok(Self { server, engine, shutdown, door })
    }

    /// Where clients connect.
    pub(crate) fn url(&self) -> String {
        self.server.client_url()
    }

    /// The nats-server's process.
    pub(crate) fn server_pid(&self) -> u32 {
        self.server.pid()
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        self.engine.shutdown().await;
        self.door.await?;
        self.server.stop().await;
        Ok(())
    }
}

async fn engine(
    url: &str,
    setting: Setting,
) -> Result<(Engine, CancellationToken, JoinHandle<()>)> {
    let client = connect(url).await?;
    // As the binary does by default: groups pay where every write is an fsync.
    let grouped = setting.durability == Durability::Always && setting.group_min > 0;
    let group = GroupCommit { records_min: setting.group_min, ..GroupCommit::default() };
    let group_commit = grouped.then_some(group);
    let events = match setting.feed {
        Feed::Off => None,
        Feed::Lazy => Some(EventFeed::default()),
        Feed::Durable => Some(EventFeed { lazy: false, ..EventFeed::default() }),
    };
    let partitions = setting.partitions;
    let config = JetStreamConfig { partitions, group_commit, events, ..JetStreamConfig::default() };
    let log = JetStreamLog::open(client.clone(), &config).await?;
    let services = Arc::new(NatsServices::new(client.clone()));
    let world = steadfast_engine::World::on(Arc::new(log)).with_services(services);
    let config = EngineConfig { partitions, ..EngineConfig::default() };
    let engine = Engine::start(config, world).await?;
    engine.ready(Instant::now() + Duration::from_secs(60)).await?;
    let shutdown = CancellationToken::new();
    let door = tokio::spawn({
        let (engine, shutdown) = (engine.clone(), shutdown.clone());
        async move {
            let ended =
                steadfast_native::run(NativeConfig::default(), client, engine, None, shutdown)
                    .await;
            assert!(ended.is_ok(), "the native door ended: {ended:?}");
        }
    });
    Ok((engine, shutdown, door))
}

/// A connection of its own, as a client in another process would have.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    async_nats::connect(url).await.context("failed to connect to the nats-server")
}
