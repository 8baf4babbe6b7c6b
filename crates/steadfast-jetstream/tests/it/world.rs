//! A nats-server of its own for a test, and a log on it.

use std::sync::Arc;

use anyhow::Result;
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use steadfast_core::run::Status;
use steadfast_engine::ports::{Feed, Log, RunAddress, Sequence};
use steadfast_jetstream::{Config, JetStreamLog};
use steadfast_nats::{Server, SyncInterval};
use steadfast_protocol::{header, subject};
use steadfast_sim::contract::World;

/// A server, and a log on it.
pub(crate) struct JetStream {
    pub(crate) log: JetStreamLog,
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) server: Server,
}

impl JetStream {
    /// Starts a server in a temporary folder.
    pub(crate) async fn start(config: Config) -> Result<Self> {
        let server = steadfast_nats::Config { sync: SyncInterval::Lazy, ..Default::default() };
        let server = Server::start(server).await?;
        let client = async_nats::connect(server.client_url()).await?;
        let log = JetStreamLog::open(client.clone(), &config).await?;
        Ok(Self { log, client, config, server })
    }

    /// A log on a connection of its own.
    pub(crate) async fn another(&self) -> Result<JetStreamLog> {
        let client = async_nats::connect(self.server.client_url()).await?;
        Ok(JetStreamLog::open(client, &self.config).await?)
    }

    async fn publish(&self, subject: String, headers: HeaderMap, bytes: Bytes) -> Result<Sequence> {
        let context = async_nats::jetstream::new(self.client.clone());
        let ack = context.publish_with_headers(subject, headers, bytes).await?.await?;
        Ok(ack.sequence)
    }
}

impl World for JetStream {
    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn feed(&self) -> &dyn Feed {
        &self.log
    }

    fn reconnect(&self) -> BoxFuture<'_, Result<Arc<dyn Log>>> {
        async move { Ok(Arc::new(self.another().await?) as Arc<dyn Log>) }.boxed()
    }

    fn append_raw<'a>(
        &'a self,
        address: &'a RunAddress,
        status: Status,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Sequence>> {
        let RunAddress { partition, key, workflow_type } = address;
        let subject = subject::history_subject(partition.0, key, workflow_type);
        let mut headers = HeaderMap::new();
        headers.insert(header::STATUS, status.name());
        self.publish(subject, headers, bytes).boxed()
    }

    fn save_raw_snapshot<'a>(
        &'a self,
        address: &'a RunAddress,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        let RunAddress { partition, key, workflow_type } = address;
        let subject = subject::snapshot_subject(partition.0, key, workflow_type);
        async move { self.publish(subject, HeaderMap::new(), bytes).await.map(drop) }.boxed()
    }
}
