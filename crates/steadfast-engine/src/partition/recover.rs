//! Taking a partition over: every open run becomes a slot; only runs that have something to do
//! get an actor.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use steadfast_core::{Effect, Run};

use crate::{
    config::Backoff,
    context::{PartitionState, Shared},
    ports::{ReadError, Recovered, RunAddress, Sequence, Snapshot, Stored},
    run_actor::effects,
    slot::Slot,
    supervise::{RunFailure, quarantine::quarantine},
    sync::lock,
    trace,
};

/// Snapshots that are written at a time after a takeover: few, because requests have waited for it and
/// now want the log for themselves.
const SNAPSHOTS_AT_A_TIME: usize = 8;

/// What is to be done once all runs are known.
pub(crate) type Pending = Vec<(Arc<Slot>, Vec<Effect>)>;

/// Reads all open runs; waits for as long as the log does not answer.
pub(crate) async fn recover(
    shared: &Arc<Shared>,
    partition: &Arc<PartitionState>,
) -> Result<Pending, RunFailure> {
    let started = tokio::time::Instant::now();
    let config = &shared.config;
    let mut backoff = Backoff::new(config.append_backoff_ms, config.append_backoff_max_ms);
    loop {
        match scan(shared, partition).await {
            Ok(pending) => {
                shared.metrics.recovery_seconds.record(started.elapsed().as_secs_f64(), &[]);
                tracing::info!(partition = partition.number.0, "partition is recovered");
                return Ok(pending);
            }
            Err(ReadError::Unavailable(error)) => {
                tracing::warn!(partition = partition.number.0, %error, "takeover waits for the log");
                tokio::time::sleep(backoff.advance()).await;
            }
            Err(error @ ReadError::Corrupt { .. }) => {
                return Err(RunFailure::Unreadable(error.to_string()));
            }
        }
    }
}

async fn scan(shared: &Arc<Shared>, partition: &Arc<PartitionState>) -> Result<Pending, ReadError> {
    let mut pending = Pending::new();
    let mut stale = Vec::new();
    let mut runs = shared.world.log.recover(partition.number);
    while let Some(recovered) = runs.try_next().await? {
        shared.metrics.recoveries.add(1, &[]);
        match recovered {
            Recovered::Run { address, snapshot, tail } => {
                let Some(adopted) = adopt(shared, partition, address, snapshot, tail) else {
                    continue;
                };
                if let Some(snapshot) = adopted.stale_snapshot {
                    stale.push((adopted.slot.clone(), snapshot));
                }
                pending.push((adopted.slot, adopted.effects));
            }
            Recovered::Unreadable { address, sequence, reason } => {
                let slot = partition.find_or_insert(address, sequence);
                partition.set_current(&slot);
                quarantine(shared, &slot, reason);
            }
        }
    }
    drop(runs);
    save_snapshots(shared, partition, stale);
    Ok(pending)
}

struct Adopted {
    slot: Arc<Slot>,
    effects: Vec<Effect>,
    stale_snapshot: Option<Snapshot>,
}

fn adopt(
    shared: &Arc<Shared>,
    partition: &Arc<PartitionState>,
    address: RunAddress,
    snapshot: Option<Box<Snapshot>>,
    tail: Vec<Stored>,
) -> Option<Adopted> {
    let first_uncovered = tail.first().map(|stored| stored.sequence);
    let before = snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence);
    let sequence = tail.last().map_or(before, |stored| stored.sequence);
    let slot = partition.find_or_insert(address, sequence);
    slot.set_sequence(sequence);
    let mut run = match fold(snapshot, &tail) {
        Ok(run) => run,
        Err(reason) => {
            partition.set_current(&slot);
            quarantine(shared, &slot, reason);
            return None;
        }
    };
    run.resume(shared.world.clock.now());
    {
        let mut watermark = lock(&partition.watermark);
        watermark.acked(sequence);
        if let Some(first) = first_uncovered {
            watermark.mark(slot.id, first);
        }
    }
    if run.status.is_open() {
        partition.set_current(&slot);
        partition.timers.arm(&slot, run.next_deadline());
        let effects = run.pending_effects();
        let stale_snapshot = first_uncovered.map(|_| snapshot_of(run, sequence));
        Some(Adopted { slot, effects, stale_snapshot })
    } else {
        // It owes messages: its actor sends them and counts the answers.
        slot.set_takeover();
        Some(Adopted { slot, effects: Vec::new(), stale_snapshot: None })
    }
}

pub(crate) fn snapshot_of(run: Run, sequence: Sequence) -> Snapshot {
    let traceparent = Some(trace::traceparent(&run));
    Snapshot { run, sequence, traceparent }
}

/// The state after a snapshot and the records behind it.
pub(crate) fn fold(snapshot: Option<Box<Snapshot>>, tail: &[Stored]) -> Result<Run, String> {
    let result = match snapshot {
        Some(snapshot) => {
            let (mut run, covered) = (snapshot.run, snapshot.sequence);
            let mut later = tail.iter().filter(|stored| stored.sequence > covered);
            later.try_for_each(|stored| run.evolve(&stored.record)).map(|()| run)
        }
        None => Run::replay(tail.iter().map(|stored| &stored.record)),
    };
    result.map_err(|error| error.to_string())
}

/// Performs what a takeover found to do.
pub(crate) fn perform(shared: &Arc<Shared>, pending: Pending) {
    for (slot, pending_effects) in pending {
        for effect in pending_effects {
            effects::perform(shared, &slot, effect);
        }
        if slot.owes_takeover() {
            shared.follow(&slot, slot.wake());
        }
    }
}

/// Brings stale snapshots up to date in the background, so that the next takeover is short.
fn save_snapshots(
    shared: &Arc<Shared>,
    partition: &Arc<PartitionState>,
    stale: Vec<(Arc<Slot>, Snapshot)>,
) {
    let (shared, partition) = (shared.clone(), partition.clone());
    let tracker = shared.tracker.clone();
    let work = async move {
        let saves = futures::stream::iter(stale).map(|(slot, snapshot)| {
            let (shared, partition) = (&shared, &partition);
            async move {
                let sequence = snapshot.sequence;
                // A run that has gone on saves its own, when it is idle.
                if slot.sequence() != sequence {
                    return;
                }
                let saved = shared.world.log.save_snapshot(&slot.address, snapshot).await;
                // A run that went on meanwhile is still uncovered.
                if saved.is_ok() && slot.sequence() == sequence {
                    lock(&partition.watermark).clean(slot.id);
                }
            }
        });
        saves.buffer_unordered(SNAPSHOTS_AT_A_TIME).for_each(|()| async {}).await;
    };
    tracker.spawn(work);
}
