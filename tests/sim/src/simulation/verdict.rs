//! What must be true at the end, whatever happened.

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, ensure};
use steadfast_core::{Record, Run, RunKey, invariant, run::Status};
use steadfast_engine::ports::{Log, Partition};

use super::{
    Stage,
    clients::{Ended, NAMESPACE},
    lock,
};

/// What a simulation came to. Two of the same seed are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Runs that the log holds.
    pub runs: usize,
    /// Events in all of them.
    pub events: usize,
    /// A hash of every record, in order.
    pub transcript: u64,
    /// Simulated milliseconds.
    pub elapsed_ms: u128,
}

/// Reads everything back and checks it.
pub(crate) async fn judge(stage: &Stage, ended: Vec<Ended>) -> anyhow::Result<Verdict> {
    for workflow in &ended {
        ensure!(
            workflow.status == Status::Completed,
            "{} ended {:?} instead of completing",
            workflow.first,
            workflow.status
        );
    }
    let log = stage.log();
    let mut transcript = DefaultHasher::new();
    let (mut runs, mut events) = (0, 0);
    for partition in (0..3).map(Partition) {
        let mut heads = log.list(partition, &NAMESPACE.into(), 0, usize::MAX).await?;
        heads.sort_by_key(|head| head.sequence);
        for head in heads {
            let stored = log.read(&head.address, 0).await?;
            let records: Vec<Record> = stored.into_iter().map(|stored| stored.record).collect();
            format!("{records:?}").hash(&mut transcript);
            let run = check(&head.address.key, &records)?;
            runs += 1;
            events += run.next_event_id as usize - 1;
        }
    }
    ensure!(runs >= ended.len(), "a run is missing from the log");
    no_activity_twice(stage)?;
    let elapsed_ms = stage.began.elapsed().as_millis();
    Ok(Verdict { runs, events, transcript: transcript.finish(), elapsed_ms })
}

fn check(key: &RunKey, records: &[Record]) -> anyhow::Result<Run> {
    let run = Run::replay(records).with_context(|| format!("DUR-2: {key} does not fold"))?;
    let broken = invariant::check(&run, records);
    ensure!(broken.is_empty(), "{key} breaks {broken:?}");
    ensure!(!run.status.is_open(), "LIVE-1: {key} is still open");
    Ok(run)
}

/// No attempt may be handed to two workers: an attempt's start is durable before its worker sees it.
fn no_activity_twice(stage: &Stage) -> anyhow::Result<()> {
    for ((run, scheduled_event_id, attempt), times) in lock(&stage.ledger).iter() {
        ensure!(
            *times == 1,
            "attempt {attempt} of activity {scheduled_event_id} of {run} ran {times} times"
        );
    }
    Ok(())
}
