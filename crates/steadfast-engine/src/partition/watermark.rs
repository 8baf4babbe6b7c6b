//! How far a partition's snapshots reach: every record up to there is in one, or its run retired.

use std::collections::{BTreeSet, HashMap};

use crate::ports::Sequence;

/// Which runs have records that no snapshot covers.
#[derive(Debug, Default)]
pub(crate) struct Watermark {
    acked: Sequence,
    noted: Sequence,
    dirty: HashMap<u64, Sequence>,
    order: BTreeSet<(Sequence, u64)>,
}

impl Watermark {
    /// A run is about to append: the record will lie after everything acknowledged so far.
    pub(crate) fn begin(&mut self, slot: u64) {
        let first = self.acked + 1;
        self.mark(slot, first);
    }

    /// A run has records from `first` on that no snapshot covers.
    pub(crate) fn mark(&mut self, slot: u64, first: Sequence) {
        if let std::collections::hash_map::Entry::Vacant(entry) = self.dirty.entry(slot) {
            entry.insert(first);
            self.order.insert((first, slot));
        }
    }

    /// A record is durable.
    pub(crate) fn acked(&mut self, sequence: Sequence) {
        self.acked = self.acked.max(sequence);
    }

    /// A run's snapshot covers all its records, or the run is retired.
    pub(crate) fn clean(&mut self, slot: u64) {
        if let Some(first) = self.dirty.remove(&slot) {
            self.order.remove(&(first, slot));
        }
    }

    /// The next checkpoint, if it is further than the last one.
    pub(crate) fn advance(&mut self) -> Option<Sequence> {
        let through = self.order.first().map_or(self.acked, |(first, _)| first.saturating_sub(1));
        let through = through.min(self.acked);
        let further = through > self.noted;
        further.then(|| {
            self.noted = through;
            through
        })
    }
}

#[cfg(test)]
mod tests;
