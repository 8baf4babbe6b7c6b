//! What an acknowledged append survives, in words, for the start-up message and `doctor`.
//!
//! A client cannot ask a server for its `sync_interval`: it stands in no stream's configuration and in
//! no greeting, only in the server's own file. So whoever started the server says it; of a foreign
//! one only the number of copies is known.

use std::fmt;

/// What the starter of the server knows of its `sync_interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// We started it with `sync_interval: always`.
    Always,
    /// We started it with another interval.
    Lazy,
    /// Somebody else started it.
    Foreign,
}

/// What an acknowledged append survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: it is on the disk before it is acknowledged.
    Always,
    /// The loss of the process, not of power: the disk follows within the interval.
    Lazy,
    /// The loss of a minority of the servers.
    Replicated {
        /// Copies of every history stream.
        replicas: usize,
    },
    /// Too few copies on servers whose `sync_interval` is not known.
    Unknown,
}

/// The durability of a deployment.
pub fn describe(replicas: usize, sync: Sync) -> Durability {
    match (replicas, sync) {
        (_, Sync::Always) => Durability::Always,
        (3.., Sync::Lazy | Sync::Foreign) => Durability::Replicated { replicas },
        (_, Sync::Lazy) => Durability::Lazy,
        (_, Sync::Foreign) => Durability::Unknown,
    }
}

impl Durability {
    /// What an operator should be told, if anything.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::Always | Self::Replicated { .. } => None,
            Self::Lazy => Some(
                "acknowledged writes of the last moments before a power loss may be lost: \
                 `sync_interval` of this nats-server is not `always`, and there is one copy",
            ),
            Self::Unknown => Some(
                "acknowledged writes may be lost at power loss: this nats-server was not started by \
                 Steadfast, NATS's own default flushes to disk every two minutes, and too few servers \
                 have a copy; set `sync_interval: always` in its `jetstream` block, or `replicas = 3`",
            ),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always: every write is on the disk before it counts"),
            Self::Lazy => f.write_str("lazy: writes reach the disk some time after they count"),
            Self::Replicated { replicas } => {
                write!(f, "replicated: a write counts once most of {replicas} servers have it")
            }
            Self::Unknown => f.write_str("unknown: the server is foreign, and has too few copies"),
        }
    }
}

#[cfg(test)]
mod tests;
