//! Who may write a partition's snapshots and checkpoints: the owner of its last checkpoint message.
//!
//! The message holds how far the checkpoint reaches and who wrote it. An owner fences its writes with
//! the message's sequence. When the outcome of one of its own checkpoints is unknown, its name in the
//! message tells whether the fence is still its own.

use steadfast_engine::ports::Sequence;

use crate::direct::Found;

/// What a process believes to be the fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    /// It never looked.
    Unknown,
    /// The checkpoint message lies here; 0 when there is none.
    Held(Sequence),
    /// It lay here; since then a checkpoint had no answer, or a write was refused.
    Doubtful(Sequence),
}

/// The partition's checkpoint message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Where the message lies; 0 when there is none.
    pub(crate) sequence: Sequence,
    /// Every record up to here is covered by snapshots or retired.
    pub(crate) through: Sequence,
    /// Who wrote it.
    pub(crate) owner: String,
}

impl Checkpoint {
    /// Reads the message. What cannot be read is as good as none: the whole history is read then.
    pub(crate) fn read(found: &Found) -> Self {
        let text = std::str::from_utf8(&found.body).unwrap_or("");
        let (through, owner) = text.split_once(' ').unwrap_or((text, ""));
        let through = through.parse().unwrap_or(0);
        Self { sequence: found.sequence, through, owner: owner.to_owned() }
    }

    /// The message's body: readable with `nats stream get`.
    pub(crate) fn body(through: Sequence, owner: &str) -> String {
        format!("{through} {owner}")
    }
}

impl Fence {
    /// What to believe after a look at the message; nothing when the partition has another owner.
    pub(crate) fn settle(self, found: &Checkpoint, me: &str) -> Option<Self> {
        let mine = match self {
            Self::Unknown => true,
            Self::Held(before) | Self::Doubtful(before) => {
                found.sequence == before || found.owner == me
            }
        };
        mine.then_some(Self::Held(found.sequence))
    }

    /// Something went wrong with what was fenced by it.
    pub(crate) fn doubt(self) -> Self {
        match self {
            Self::Held(sequence) | Self::Doubtful(sequence) => Self::Doubtful(sequence),
            Self::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
