//! The engine's `Log` port on JetStream. This file only dispatches.

use std::sync::Arc;

use async_nats::{
    Client,
    jetstream::{self, Context},
};
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream::BoxStream};
use steadfast_core::{Namespace, WorkflowKey};
use steadfast_engine::ports::{
    Append, AppendError, Head, Log, Partition, ReadError, Recovered, RunAddress, Sequence,
    Snapshot, Stored,
};

use crate::{
    append::{self, Writer},
    config::Config,
    direct::Direct,
    group_commit::GroupCommit,
    partition::Part,
    purge,
    read::Reader,
    recover,
    snapshot::Snapshots,
    spill::Spill,
    topology::{self, SetupError, Topology},
};

/// The log of runs on JetStream. Cheap to clone.
#[derive(Clone, Debug)]
pub struct JetStreamLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    context: Context,
    direct: Direct,
    writer: Writer,
    spill: Spill,
    parts: Vec<Part>,
    topology: Topology,
}

impl JetStreamLog {
    /// Sets up what is missing on the server, and opens the log on this connection.
    pub async fn open(client: Client, config: &Config) -> Result<Self, SetupError> {
        let topology = topology::ensure(&client, config).await?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(config.request_timeout)
            .build(client.clone());
        let writer = Writer::new(client.clone(), config.append_timeout);
        let part = |number| {
            let group = config.group_commit.map(|bounds| GroupCommit::start(&writer, bounds));
            Part::new(Partition(number), group)
        };
        let parts = (0..topology.routing.partitions).map(part).collect();
        let inner = Inner {
            direct: Direct::new(client.clone(), config.request_timeout),
            spill: Spill::new(client, context.clone(), config),
            context,
            writer,
            parts,
            topology,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What was found or made at the start.
    pub fn topology(&self) -> &Topology {
        &self.inner.topology
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) fn reader_of(&self, partition: Partition) -> Reader<'_> {
        self.inner.reader(self.inner.part(partition))
    }
}

impl Inner {
    /// # Panics
    /// The engine only names partitions of the routing table; another one is its error.
    fn part(&self, Partition(number): Partition) -> &Part {
        let part = self.parts.get(number as usize);
        assert!(part.is_some(), "partition {number} is not in the routing table");
        part.expect("just checked")
    }

    fn reader<'a>(&'a self, part: &'a Part) -> Reader<'a> {
        Reader { direct: &self.direct, spill: &self.spill, part }
    }

    fn snapshots<'a>(&'a self, part: &'a Part) -> Snapshots<'a> {
        let Self { context, direct, writer, spill, .. } = self;
        Snapshots { context, direct, writer, spill, part }
    }

    async fn append(&self, append: Append) -> Result<Sequence, AppendError> {
        let part = self.part(append.address.partition);
        let (message, spilled) = append::prepare(&self.spill, part, &append).await?;
        let result = self.writer.publish(part, message).await;
        match (&result, spilled) {
            (Ok(_) | Err(AppendError::Unknown(_)), _) | (Err(_), None) => {}
            (
                Err(
                    AppendError::WrongSequence
                    | AppendError::TooLarge { .. }
                    | AppendError::Unavailable(_),
                ),
                Some(spilled),
            ) => self.spill.undo(spilled).await,
        }
        result
    }

    async fn settled(&self, partition: Partition) -> Result<Reader<'_>, ReadError> {
        let part = self.part(partition);
        self.writer.barrier(part).await?;
        Ok(self.reader(part))
    }

    async fn begin_recovery(
        &self,
        partition: Partition,
    ) -> Result<BoxStream<'_, Result<Recovered, ReadError>>, ReadError> {
        let reader = self.settled(partition).await?;
        Ok(recover::run(self.snapshots(reader.part), reader).boxed())
    }
}

impl Log for JetStreamLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        self.inner.append(append).boxed()
    }

    fn read(
        &self,
        address: &RunAddress,
        after: Sequence,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let address = address.clone();
        async move { self.inner.settled(address.partition).await?.records(&address, after).await }
            .boxed()
    }

    fn heads(
        &self,
        partition: Partition,
        workflow: &WorkflowKey,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>> {
        let workflow = workflow.clone();
        async move { self.inner.settled(partition).await?.heads(&workflow).await }.boxed()
    }

    fn list(
        &self,
        partition: Partition,
        namespace: &Namespace,
        before: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>> {
        let namespace = namespace.clone();
        async move {
            let reader = self.inner.settled(partition).await?;
            reader.list(&self.inner.context, &namespace, before, limit).await
        }
        .boxed()
    }

    fn recover(&self, partition: Partition) -> BoxStream<'_, Result<Recovered, ReadError>> {
        futures::stream::once(self.inner.begin_recovery(partition)).try_flatten().boxed()
    }

    fn save_snapshot(
        &self,
        address: &RunAddress,
        snapshot: Snapshot,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            let part = self.inner.part(address.partition);
            self.inner.snapshots(part).save(&address, &snapshot).await
        }
        .boxed()
    }

    fn load_snapshot(
        &self,
        address: &RunAddress,
    ) -> BoxFuture<'_, Result<Option<Snapshot>, ReadError>> {
        let address = address.clone();
        async move { self.inner.snapshots(self.inner.part(address.partition)).load(&address).await }
            .boxed()
    }

    fn retire(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            self.inner
                .snapshots(self.inner.part(address.partition))
                .remove(&address)
                .await
        }
        .boxed()
    }

    fn checkpoint(
        &self,
        partition: Partition,
        through: Sequence,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        self.inner.snapshots(self.inner.part(partition)).checkpoint(through).boxed()
    }

    fn purge(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            let part = self.inner.part(address.partition);
            purge::run(self.inner.snapshots(part), self.inner.reader(part), &address).await
        }
        .boxed()
    }
}
