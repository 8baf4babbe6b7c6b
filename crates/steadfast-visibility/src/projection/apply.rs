//! A batch of what was followed, written in one transaction.

use std::collections::HashMap;

use steadfast_core::RunKey;
use steadfast_engine::ports::{Followed, Partition, Purged, RunAddress, Sequence, Stored};

use super::fold;
use crate::{
    api::RunInfo,
    store::{Applied, Batch, Dirty, StoreError, Writer},
};

/// What the feeds brought.
#[derive(Debug)]
pub(super) enum Item {
    Followed(Partition, Followed),
    Purged(Purged),
}

/// The writing side: the file, how far it got, and the runs it has at hand.
#[derive(Debug)]
pub(super) struct Applier {
    writer: Writer,
    applied: Applied,
    /// What the file says of that.
    in_file: Applied,
    runs: HashMap<RunKey, Cached>,
    runs_max: usize,
}

/// A run at hand.
#[derive(Debug)]
struct Cached {
    id: Option<i64>,
    run: RunInfo,
    dirty: Dirty,
}

impl Applier {
    pub(super) fn new(writer: Writer, applied: Applied, runs_max: usize) -> Self {
        let in_file = applied.clone();
        Self { writer, applied, in_file, runs: HashMap::new(), runs_max }
    }

    pub(super) fn applied(&self) -> &Applied {
        &self.applied
    }

    /// Applies a batch, all of it or nothing.
    pub(super) fn apply(&mut self, batch: &[Item]) -> Result<(), StoreError> {
        let before = self.applied.clone();
        let applied = self.try_apply(batch);
        if applied.is_err() {
            self.applied = before;
            self.runs.clear();
            self.writer.forget();
        }
        applied
    }

    fn try_apply(&mut self, items: &[Item]) -> Result<(), StoreError> {
        let Self { writer, applied, in_file, runs, runs_max } = self;
        let mut batch = writer.begin()?;
        let found = batch.applied()?;
        if found != *in_file {
            // Another writer was there, or this is the first batch: what is in the file counts.
            runs.clear();
            let purges = found.purges.or(applied.purges);
            *applied = Applied { purges, ..found };
        }
        for item in items {
            match item {
                Item::Followed(partition, followed) => {
                    // Followed anew after an error: what was seen is passed over.
                    let seen = applied.partitions.entry(*partition).or_default();
                    if followed.sequence() <= *seen {
                        continue;
                    }
                    *seen = followed.sequence();
                    follow(&mut batch, runs, followed)?;
                }
                Item::Purged(purged) => {
                    applied.purges = Some(purged.sequence);
                    runs.remove(&purged.address.key);
                    let partition = purged.address.partition;
                    let seen = applied.partitions.get(&partition).copied().unwrap_or(0);
                    batch.remove(purged, seen)?;
                }
            }
        }
        for cached in runs.values_mut().filter(|cached| cached.dirty != Dirty::Clean) {
            cached.id = Some(batch.save(cached.id, &cached.run, cached.dirty)?);
            cached.dirty = Dirty::Clean;
        }
        batch.commit(applied)?;
        in_file.clone_from(applied);
        if runs.len() > *runs_max {
            runs.clear();
        }
        Ok(())
    }
}

fn follow(
    batch: &mut Batch<'_>,
    runs: &mut HashMap<RunKey, Cached>,
    followed: &Followed,
) -> Result<(), StoreError> {
    match followed {
        Followed::Record { address, stored, status } => {
            if batch.is_removed(&address.key, stored.sequence)? {
                return Ok(());
            }
            let Stored { record, .. } = stored;
            if let Some(run) = fold::opened(&address.key, record) {
                // An opening record that is read again replaces what was made of it.
                let id = batch.find(&address.key)?.map(|(id, _)| id);
                let cached = Cached { id, run, dirty: Dirty::Attributes };
                runs.insert(address.key.clone(), cached);
            }
            let Some(cached) = at_hand(batch, runs, address, stored.sequence)? else {
                return Ok(());
            };
            if !cached.run.is_unreadable {
                let changed = fold::fold(&mut cached.run, record, *status);
                cached.dirty = cached.dirty.max(changed);
            }
            Ok(())
        }
        Followed::Unreadable { address, sequence, reason } => {
            tracing::error!(
                ?address,
                sequence,
                reason,
                "a record cannot be read: its run is skipped"
            );
            let Some(address) = address else {
                return Ok(());
            };
            if let Some(cached) = at_hand(batch, runs, address, *sequence)? {
                cached.run.is_unreadable = true;
                cached.dirty = cached.dirty.max(Dirty::Row);
            }
            Ok(())
        }
    }
}

/// The run, from memory or from the file. One that was never opened cannot be shown.
fn at_hand<'a>(
    batch: &mut Batch<'_>,
    runs: &'a mut HashMap<RunKey, Cached>,
    address: &RunAddress,
    sequence: Sequence,
) -> Result<Option<&'a mut Cached>, StoreError> {
    if !runs.contains_key(&address.key) {
        let Some((id, run)) = batch.find(&address.key)? else {
            tracing::warn!(run = %address.key, sequence, "a record of a run that was never opened");
            return Ok(None);
        };
        let cached = Cached { id: Some(id), run, dirty: Dirty::Clean };
        runs.insert(address.key.clone(), cached);
    }
    Ok(runs.get_mut(&address.key))
}
