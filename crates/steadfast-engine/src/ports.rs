//! The durable world the engine stands on, as traits. `steadfast-jetstream` implements them on
//! JetStream; `tests/sim` in memory, storing encoded bytes. One contract suite runs against both.

mod callback;
mod feed;

use std::sync::Arc;

use futures::{future::BoxFuture, stream::BoxStream};
use steadfast_core::{Record, Run, RunKey, Timestamp, WorkflowKey, WorkflowType, run::Status};

pub use self::{
    callback::{CallbackCall, CallbackCaller, CallbackError},
    feed::{Feed, Followed, Purged, PurgesKept},
};

/// A history stream's number: the unit of ownership, recovery and scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub u32);

/// A record's place in its partition's stream; 0 is "nothing there yet".
pub type Sequence = u64;

/// Where a run's records lie: its key, and its type because subjects carry it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunAddress {
    /// The partition that the workflow belongs to.
    pub partition: Partition,
    /// The run.
    pub key: RunKey,
    /// Its workflow type.
    pub workflow_type: WorkflowType,
}

/// What must be true in the log for an append to happen (invariant FENCE-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The run's last record is this one.
    Run(Sequence),
    /// The last record of any run of this workflow is this one; 0 when there must be none.
    Workflow(Sequence),
}

/// One record to write.
#[derive(Clone, Debug)]
pub struct Append {
    /// Whose record.
    pub address: RunAddress,
    /// The fence.
    pub expected: Expected,
    /// What happened.
    pub record: Arc<Record>,
    /// The run's status after it: a header, so that the last record tells it without being decoded.
    pub status: Status,
    /// The run's trace context (W3C `traceparent`), if it has one.
    pub traceparent: Option<String>,
}

/// A record as it lies in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its place.
    pub sequence: Sequence,
    /// What happened.
    pub record: Record,
}

/// The last record's facts of one run, without its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The run.
    pub address: RunAddress,
    /// The place of its last record.
    pub sequence: Sequence,
    /// Its status after that record.
    pub status: Status,
    /// When that record was stored.
    pub at: Timestamp,
}

/// A folded state, and how far it reaches. A cache: nothing may depend on having one.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The state.
    pub run: Run,
    /// The last record that is folded in.
    pub sequence: Sequence,
    /// The run's trace context.
    pub traceparent: Option<String>,
}

/// What a takeover reads of a partition: every open run, and no other, with its newest state.
#[derive(Clone, Debug)]
pub enum Recovered {
    /// A run whose snapshot is as new as its last record, or is followed by `tail`.
    Run {
        /// Where it lies.
        address: RunAddress,
        /// The newest snapshot, if there is a readable one.
        snapshot: Option<Box<Snapshot>>,
        /// The records after the snapshot (all of them when there is none), oldest first.
        tail: Vec<Stored>,
    },
    /// A run that cannot be read: it is quarantined, and takes nothing else with it.
    Unreadable {
        /// Where it lies.
        address: RunAddress,
        /// The place of its last record.
        sequence: Sequence,
        /// Why.
        reason: String,
    },
}

/// The place of the last record among all runs of a workflow.
pub fn last_record(heads: &[Head]) -> Sequence {
    heads.iter().map(|head| head.sequence).max().unwrap_or(0)
}

/// Why an append did not happen, or is not known to have happened.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Something else was written first: a fenced owner, or a workflow id that is taken.
    #[error("the log has moved on: another record was written first")]
    WrongSequence,
    /// The record is larger than even an object may be.
    #[error("the record has {bytes} bytes, at most {max} are possible")]
    TooLarge {
        /// Its encoded size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// It was surely not written; trying again later is safe.
    #[error("the log is not reachable")]
    Unavailable(#[source] BoxError),
    /// It may or may not have been written: only the log knows.
    #[error("the outcome of the append is not known")]
    Unknown(#[source] BoxError),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log did not answer; trying again later is safe.
    #[error("the log is not reachable")]
    Unavailable(#[source] BoxError),
    /// A record cannot be understood: its run is quarantined.
    #[error("record {sequence} cannot be read: {reason}")]
    Corrupt {
        /// Its place.
        sequence: Sequence,
        /// Why.
        reason: String,
    },
}

/// Any error's source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The log of runs. All methods are safe to call from many tasks; none retries on its own.
pub trait Log: Send + Sync + 'static {
    /// Writes one record and answers its place once it is durable.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Sequence, AppendError>>;

    /// A run's records after `after` (0: all), oldest first.
    fn read(
        &self,
        address: &RunAddress,
        after: Sequence,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>>;

    /// The heads of all runs of a workflow, the run that began first first; empty when it never ran. A
    /// run that is written to after its close does not become the newest by that.
    fn heads(
        &self,
        partition: Partition,
        workflow: &WorkflowKey,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>>;

    /// The heads of a namespace's runs in a partition, newest first, at most `limit`, older than
    /// `before` when that is not 0. For listing until visibility does it.
    fn list(
        &self,
        partition: Partition,
        namespace: &steadfast_core::Namespace,
        before: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>>;

    /// Everything a takeover of the partition needs.
    fn recover(&self, partition: Partition) -> BoxStream<'_, Result<Recovered, ReadError>>;

    /// Keeps a run's folded state; replaces the one before.
    fn save_snapshot(
        &self,
        address: &RunAddress,
        snapshot: Snapshot,
    ) -> BoxFuture<'_, Result<(), AppendError>>;

    /// The run's newest snapshot, if there is one that this build can read.
    fn load_snapshot(
        &self,
        address: &RunAddress,
    ) -> BoxFuture<'_, Result<Option<Snapshot>, ReadError>>;

    /// The run is closed and everything it owed is delivered: takeovers need not see it again.
    fn retire(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>>;

    /// Every record up to `through` is covered by snapshots or retired.
    fn checkpoint(
        &self,
        partition: Partition,
        through: Sequence,
    ) -> BoxFuture<'_, Result<(), AppendError>>;

    /// Removes a closed run's records for good (retention, deletion).
    fn purge(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>>;
}

/// The time, as a port: `tests/sim` has its own.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Ids and randomness, as a port.
pub trait Entropy: Send + Sync + 'static {
    /// A fresh UUID as text.
    fn uuid(&self) -> String;
    /// A fresh id for a run that starts now.
    fn run_id(&self, _now: Timestamp) -> String {
        self.uuid()
    }
}

/// Whether a namespace takes new runs (`temporal.api.enums.v1.NamespaceState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespaceState {
    /// It does.
    #[default]
    Registered,
    /// It does not; its runs go on.
    Deprecated,
    /// It is being removed, with all its runs.
    Deleted,
}

/// Which namespaces there are.
pub trait NamespaceRegistry: Send + Sync + 'static {
    /// The state of the one of that name, if there is one. Asked for every start: an answer should be
    /// quick.
    fn state(
        &self,
        namespace: &steadfast_core::Namespace,
    ) -> BoxFuture<'_, Result<Option<NamespaceState>, ReadError>>;
}

/// A plain request to a NATS responder: what service activities are made of.
pub trait ServiceCaller: Send + Sync + 'static {
    /// Sends and waits for the answer, at most until `timeout`.
    fn call(&self, request: ServiceRequest) -> BoxFuture<'_, Result<bytes::Bytes, ServiceError>>;
}

/// One request of a service activity.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRequest {
    /// The subject after `nats:`.
    pub subject: String,
    /// Header names and values: `traceparent`, `Nats-Msg-Id` style idempotency key, encoding.
    pub headers: Vec<(String, String)>,
    /// The payload's bytes.
    pub body: bytes::Bytes,
    /// How long to wait.
    pub timeout: std::time::Duration,
}

/// Why a service activity's attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Nobody listens on the subject: retryable.
    #[error("no responder on the subject")]
    NoResponders,
    /// The answer carried `Nats-Service-Error-Code`.
    #[error("the service answered error {code}: {message}")]
    Service {
        /// The code.
        code: String,
        /// The description.
        message: String,
    },
    /// No answer in time.
    #[error("the service did not answer in time")]
    Timeout,
    /// The connection failed.
    #[error("the request could not be sent")]
    Unavailable(#[source] BoxError),
}
