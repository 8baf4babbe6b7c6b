//! The log in memory. What it holds is encoded, exactly as it would lie on JetStream.

mod feed;
mod recover;
mod storage;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use steadfast_core::{Namespace, Timestamp, WorkflowKey, run::Status};
use steadfast_engine::ports::{
    Append, AppendError, BoxError, Head, Log, Partition, ReadError, Recovered, RunAddress,
    Sequence, Snapshot, Stored,
};
use steadfast_protocol::{record, snapshot, subject};

use self::storage::{Message, Storage};
use crate::fault::{Fault, Faults};

/// The largest record.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One process's connection to a log in memory. Clones are the same connection.
#[derive(Clone, Debug, Default)]
pub struct MemLog {
    storage: Arc<Mutex<Storage>>,
    faults: Arc<Mutex<Faults>>,
    cut_off: Arc<AtomicBool>,
    /// The takeover of each partition that this connection's snapshots and checkpoints belong to.
    fences: Arc<Mutex<BTreeMap<Partition, u64>>>,
}

impl MemLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The append after `skip` more of them meets the fault.
    pub fn inject(&self, skip: u64, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).add(skip, fault);
    }

    /// Another process's connection to the same log: what survives when this one crashes.
    pub fn reconnect(&self) -> Self {
        Self { storage: Arc::clone(&self.storage), ..Self::default() }
    }

    /// Everything on this connection fails from here on.
    pub fn cut_off(&self) {
        self.cut_off.store(true, Ordering::Release);
    }

    /// Writes any bytes where a record should be.
    pub fn append_raw(&self, address: &RunAddress, status: Status, bytes: Bytes) -> Sequence {
        let message = Message::new(address, bytes, status, Timestamp::default());
        let mut storage = self.storage();
        let sequence = storage.partition(address.partition).push(address, message);
        storage.pushed.send_replace(());
        sequence
    }

    /// Writes any bytes where a snapshot should be.
    pub fn save_raw_snapshot(&self, address: &RunAddress, bytes: Bytes) {
        let subject = snapshot_subject(address);
        self.storage().partition(address.partition).snapshots.insert(subject, bytes);
    }

    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self) -> Option<BoxError> {
        self.cut_off.load(Ordering::Acquire).then(|| "the process is cut off".into())
    }

    fn reachable(&self) -> Result<(), ReadError> {
        self.unreachable().map_or(Ok(()), |error| Err(ReadError::Unavailable(error)))
    }

    fn writable(&self) -> Result<(), AppendError> {
        self.unreachable().map_or(Ok(()), |error| Err(AppendError::Unavailable(error)))
    }

    /// An owner that lost its partition to a takeover may not touch what the new owner promised.
    fn fenced(&self, partition: Partition, taken_over: u64) -> Result<(), AppendError> {
        let mut fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = *fences.entry(partition).or_insert(taken_over);
        if mine == taken_over { Ok(()) } else { Err(AppendError::WrongSequence) }
    }

    fn take_over(&self, partition: Partition) -> Vec<Result<Recovered, ReadError>> {
        let mut storage = self.storage();
        let part = storage.partition(partition);
        part.taken_over += 1;
        let mut fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        fences.insert(partition, part.taken_over);
        recover::all(part)
    }

    fn append_now(&self, append: &Append) -> Result<Sequence, AppendError> {
        self.writable()?;
        let body = record::encode(&append.record);
        let body = body.map_err(|error| AppendError::Unavailable(error.into()))?;
        if body.len() > RECORD_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes: body.len(), max: RECORD_BYTES_MAX });
        }
        let unknown = |what: &str| AppendError::Unknown(what.into());
        let fault = self.faults.lock().unwrap_or_else(PoisonError::into_inner).next();
        match fault {
            None => self.write(append, body),
            Some(Fault::DropAck) => {
                self.write(append, body)?;
                Err(unknown("the acknowledgement was lost"))
            }
            Some(Fault::DropRequest) => Err(unknown("the request was lost")),
            Some(Fault::Refuse) => Err(AppendError::Unavailable("refused".into())),
            Some(Fault::Fence) => {
                self.storage().partition(append.address.partition).touch(&append.address);
                Err(AppendError::WrongSequence)
            }
            Some(Fault::CrashBefore) => {
                self.cut_off();
                Err(unknown("the process was cut off"))
            }
            Some(Fault::CrashAfter) => {
                self.cut_off();
                self.write(append, body)?;
                Err(unknown("the process was cut off"))
            }
        }
    }

    fn write(&self, append: &Append, body: Bytes) -> Result<Sequence, AppendError> {
        let mut storage = self.storage();
        let partition = storage.partition(append.address.partition);
        if !partition.expected(&append.address, append.expected) {
            return Err(AppendError::WrongSequence);
        }
        let at = append.record.at;
        let message = Message::new(&append.address, body, append.status, at);
        let sequence = partition.push(&append.address, message);
        storage.pushed.send_replace(());
        Ok(sequence)
    }
}

fn history_subject(address: &RunAddress) -> String {
    subject::history_subject(address.partition.0, &address.key, &address.workflow_type)
}

fn snapshot_subject(address: &RunAddress) -> String {
    subject::snapshot_subject(address.partition.0, &address.key, &address.workflow_type)
}

/// What every asynchronous caller must expect: others run before the answer is there.
async fn turn() {
    tokio::task::yield_now().await;
}

impl Log for MemLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        async move {
            turn().await;
            self.append_now(&append)
        }
        .boxed()
    }

    fn read(
        &self,
        address: &RunAddress,
        after: Sequence,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let address = address.clone();
        async move {
            turn().await;
            self.reachable()?;
            self.storage().partition(address.partition).read(&history_subject(&address), after)
        }
        .boxed()
    }

    fn heads(
        &self,
        partition: Partition,
        workflow: &WorkflowKey,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>> {
        let workflow = workflow.clone();
        async move {
            turn().await;
            self.reachable()?;
            Ok(self.storage().partition(partition).heads(|address| {
                address.key.namespace == workflow.namespace
                    && address.key.workflow_id == workflow.workflow_id
            }))
        }
        .boxed()
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
            turn().await;
            self.reachable()?;
            let mut storage = self.storage();
            let partition = storage.partition(partition);
            let mut heads = partition.heads(|address| address.key.namespace == namespace);
            heads.retain(|head| before == 0 || head.sequence < before);
            heads.sort_unstable_by_key(|head| std::cmp::Reverse(head.sequence));
            heads.truncate(limit);
            Ok(heads)
        }
        .boxed()
    }

    fn recover(&self, partition: Partition) -> BoxStream<'_, Result<Recovered, ReadError>> {
        let recovered = match self.reachable() {
            Ok(()) => self.take_over(partition),
            Err(error) => vec![Err(error)],
        };
        futures::stream::iter(recovered).boxed()
    }

    fn save_snapshot(
        &self,
        address: &RunAddress,
        saved: Snapshot,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            turn().await;
            self.writable()?;
            let bytes = snapshot::encode(&saved.run, saved.sequence, saved.traceparent.as_deref());
            let bytes = bytes.map_err(|error| AppendError::Unavailable(error.into()))?;
            let mut storage = self.storage();
            let part = storage.partition(address.partition);
            self.fenced(address.partition, part.taken_over)?;
            part.snapshots.insert(snapshot_subject(&address), bytes);
            Ok(())
        }
        .boxed()
    }

    fn load_snapshot(
        &self,
        address: &RunAddress,
    ) -> BoxFuture<'_, Result<Option<Snapshot>, ReadError>> {
        let address = address.clone();
        async move {
            turn().await;
            self.reachable()?;
            let mut storage = self.storage();
            let found =
                storage.partition(address.partition).snapshots.get(&snapshot_subject(&address));
            Ok(found.and_then(storage::readable))
        }
        .boxed()
    }

    fn retire(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            turn().await;
            self.writable()?;
            let mut storage = self.storage();
            storage.partition(address.partition).snapshots.remove(&snapshot_subject(&address));
            Ok(())
        }
        .boxed()
    }

    fn checkpoint(
        &self,
        partition: Partition,
        through: Sequence,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        async move {
            turn().await;
            self.writable()?;
            let mut storage = self.storage();
            let part = storage.partition(partition);
            self.fenced(partition, part.taken_over)?;
            part.checkpoint = through;
            Ok(())
        }
        .boxed()
    }

    fn purge(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        let address = address.clone();
        async move {
            turn().await;
            self.writable()?;
            self.storage().purge(&address);
            Ok(())
        }
        .boxed()
    }
}
