//! What one process knows of a partition besides what lies in the log.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use steadfast_engine::ports::Partition;
use steadfast_protocol::subject;
use tokio::sync::RwLock;

use crate::{fence::Fence, group_commit::GroupCommit};

/// One partition's names and memory.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) number: u32,
    /// Where appends gather, when they are written in groups.
    pub(crate) group: Option<GroupCommit>,
    pub(crate) history: String,
    pub(crate) snapshots: String,
    /// What snapshots and checkpoints are fenced with. Checkpoints take it for writing, so that no
    /// snapshot is in flight then.
    pub(crate) fence: RwLock<Fence>,
    /// Who this process is, in checkpoint messages.
    pub(crate) me: String,
    snapshotted: Mutex<Snapshotted>,
    /// How many appends ended without a known outcome, and up to which of them reads are safe.
    unknown: AtomicU64,
    settled: AtomicU64,
    pub(crate) settling: tokio::sync::Mutex<()>,
}

impl Part {
    pub(crate) fn new(Partition(number): Partition, group: Option<GroupCommit>) -> Self {
        Self {
            number,
            group,
            history: subject::history_stream(number),
            snapshots: subject::snapshot_stream(number),
            fence: RwLock::new(Fence::Unknown),
            me: uuid::Uuid::new_v4().to_string(),
            snapshotted: Mutex::new(Snapshotted::Unknown),
            unknown: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            settling: tokio::sync::Mutex::new(()),
        }
    }

    /// Counts an append as unknown unless it is told otherwise: also one whose future was dropped.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        InFlight { part: self, known: false }
    }

    /// The number of unknown outcomes that reads still have to wait for, if there are any.
    pub(crate) fn unsettled(&self) -> Option<u64> {
        let unknown = self.unknown.load(Ordering::Acquire);
        (unknown != self.settled.load(Ordering::Acquire)).then_some(unknown)
    }

    pub(crate) fn settle(&self, unknown: u64) {
        self.settled.fetch_max(unknown, Ordering::AcqRel);
    }

    /// Whether the run surely has no snapshot.
    pub(crate) fn has_no_snapshot(&self, subject: &str) -> bool {
        match &*self.snapshotted() {
            Snapshotted::Unknown | Snapshotted::Learning(_) => false,
            Snapshotted::Known(subjects) => !subjects.contains(&hash(subject)),
        }
    }

    /// The run has a snapshot, or will have one soon.
    pub(crate) fn note_snapshot(&self, subject: &str) {
        match &mut *self.snapshotted() {
            Snapshotted::Unknown => {}
            Snapshotted::Learning(subjects) | Snapshotted::Known(subjects) => {
                subjects.insert(hash(subject));
            }
        }
    }

    /// The run has no snapshot any more.
    pub(crate) fn forget_snapshot(&self, subject: &str) {
        match &mut *self.snapshotted() {
            Snapshotted::Unknown => {}
            Snapshotted::Learning(subjects) | Snapshotted::Known(subjects) => {
                subjects.remove(&hash(subject));
            }
        }
    }

    /// A scan of all snapshots begins: what is noted from here on counts.
    pub(crate) fn learn_snapshots(&self) {
        *self.snapshotted() = Snapshotted::Learning(HashSet::new());
    }

    /// The scan is through.
    pub(crate) fn know_snapshots(&self) {
        let mut snapshotted = self.snapshotted();
        if let Snapshotted::Learning(subjects) = &mut *snapshotted {
            *snapshotted = Snapshotted::Known(std::mem::take(subjects));
        }
    }

    fn snapshotted(&self) -> MutexGuard<'_, Snapshotted> {
        self.snapshotted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which runs have a snapshot, as hashes of their subjects: most runs are short and never get one,
/// and closing them should cost nothing more.
#[derive(Debug)]
enum Snapshotted {
    /// Nothing is known.
    Unknown,
    /// A takeover reads them.
    Learning(HashSet<u64>),
    /// All of them.
    Known(HashSet<u64>),
}

/// Equal hashes of different runs only cost a needless purge.
fn hash(subject: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    subject.hash(&mut hasher);
    hasher.finish()
}

/// An append that is under way.
#[derive(Debug)]
pub(crate) struct InFlight<'a> {
    part: &'a Part,
    known: bool,
}

impl InFlight<'_> {
    /// The outcome is known.
    pub(crate) fn known(mut self) {
        self.known = true;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.known {
            self.part.unknown.fetch_add(1, Ordering::AcqRel);
        }
    }
}
