//! Following the log: what a projection stands on.

use futures::{future::BoxFuture, stream::BoxStream};
use steadfast_core::run::Status;

use super::{Partition, ReadError, RunAddress, Sequence, Stored};

/// One record of a partition, as whoever follows it learns of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// A record.
    Record {
        /// Whose it is.
        address: RunAddress,
        /// The record, and its place.
        stored: Stored,
        /// The run's status after it.
        status: Status,
    },
    /// A record that cannot be understood: its run is skipped, and nothing else.
    Unreadable {
        /// Whose it is, if that can be told.
        address: Option<RunAddress>,
        /// Its place.
        sequence: Sequence,
        /// Why.
        reason: String,
    },
}

impl Followed {
    /// The record's place.
    pub const fn sequence(&self) -> Sequence {
        match self {
            Self::Record { stored, .. } => stored.sequence,
            Self::Unreadable { sequence, .. } => *sequence,
        }
    }
}

/// A run that was removed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    /// The place of this news among all purges, not among records.
    pub sequence: Sequence,
    /// The run.
    pub address: RunAddress,
    /// The place of its last record.
    pub through: Sequence,
}

/// Which purges are still known: they are forgotten after some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgesKept {
    /// The oldest one that is known, or the one that comes next.
    pub first: Sequence,
    /// The newest one; 0 when there never was one.
    pub last: Sequence,
}

/// The log, followed as it grows. All streams are endless; an error ends one, and its reader begins
/// anew after what it has seen.
pub trait Feed: Send + Sync + 'static {
    /// Which log this is: another one never answers the same.
    fn identity(&self) -> BoxFuture<'_, Result<String, ReadError>>;

    /// Every record of a partition after `after`, in order.
    fn follow(
        &self,
        partition: Partition,
        after: Sequence,
    ) -> BoxStream<'static, Result<Followed, ReadError>>;

    /// The place of the partition's newest record; 0 when there is none.
    fn last_sequence(&self, partition: Partition) -> BoxFuture<'_, Result<Sequence, ReadError>>;

    /// Every purge of any partition after `after`, in order.
    fn follow_purges(&self, after: Sequence) -> BoxStream<'static, Result<Purged, ReadError>>;

    /// How far back purges are known. Whoever has seen less must read everything anew.
    fn purges_kept(&self) -> BoxFuture<'_, Result<PurgesKept, ReadError>>;
}
