//! What a takeover finds: every open run with its newest state, and nothing that is done with.

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_core::{Run, run::Status};
use steadfast_engine::ports::{Recovered, Snapshot, Stored};

use super::{PARTITION, World, address, address_of, recover};
use crate::story::Story;

/// The snapshot and the records of a run that must have been recovered.
fn state<'a>(
    recovered: &'a [Recovered],
    story: &Story,
) -> Result<(Option<&'a Snapshot>, &'a [Stored])> {
    let found = recovered.iter().find(|recovered| address_of(recovered) == &story.address);
    match found.context("the run is not recovered")? {
        Recovered::Run { snapshot, tail, .. } => Ok((snapshot.as_deref(), tail)),
        Recovered::Unreadable { reason, .. } => bail!("the run is unreadable: {reason}"),
    }
}

/// Folds what was recovered, as the engine does, and compares.
fn check(recovered: &[Recovered], story: &Story) -> Result<()> {
    let (snapshot, tail) = state(recovered, story)?;
    let run = match snapshot {
        Some(snapshot) => {
            let mut run = snapshot.run.clone();
            for stored in tail {
                run.evolve(&stored.record)?;
            }
            run
        }
        None => Run::replay(tail.iter().map(|stored| &stored.record))?,
    };
    ensure!(run == story.run);
    let last = tail.last().map(|stored| stored.sequence);
    ensure!(last.or(snapshot.map(|s| s.sequence)) == Some(story.last()));
    Ok(())
}

/// Without snapshots and checkpoints, the history is enough.
pub async fn open_runs_come_back_with_their_records(world: &dyn World) -> Result<()> {
    let log = world.log();
    ensure!(recover(world).await?.is_empty());
    let mut first = Story::start(log, address("order-1")).await?;
    let mut second = Story::start(log, address("order-2")).await?;
    first.signal(log, 10).await?;
    second.signal(log, 3 << 20).await?;
    first.signal(log, 20).await?;
    let recovered = recover(world).await?;
    ensure!(recovered.len() == 2);
    ensure!(state(&recovered, &first)? == (None, first.stored.as_slice()));
    ensure!(state(&recovered, &second)? == (None, second.stored.as_slice()));
    check(&recovered, &first)
}

/// Only what follows the snapshot is handed over.
pub async fn snapshots_shorten_what_is_read(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    story.signal(log, 10).await?;
    story.save(log).await?;
    let snapshot = story.snapshot();
    story.signal(log, 20).await?;
    let recovered = recover(world).await?;
    ensure!(state(&recovered, &story)? == (Some(&snapshot), &story.stored[2..]));
    check(&recovered, &story)
}

/// Runs before and after the checkpoint, with and without snapshots, all come back whole.
pub async fn a_checkpoint_forgets_nothing(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut idle = Story::start(log, address("idle")).await?;
    let mut busy = Story::start(log, address("busy")).await?;
    idle.signal(log, 10).await?;
    busy.signal(log, 10).await?;
    idle.save(log).await?;
    busy.save(log).await?;
    log.checkpoint(PARTITION, busy.last()).await?;
    busy.signal(log, 20).await?;
    let mut young = Story::start(log, address("young")).await?;
    busy.signal(log, 30).await?;
    young.signal(log, 40).await?;
    let mut fresh = Story::start(log, address("fresh")).await?;
    fresh.save(log).await?;
    fresh.signal(log, 50).await?;
    let recovered = recover(world).await?;
    ensure!(recovered.len() == 4);
    for story in [&idle, &busy, &young, &fresh] {
        check(&recovered, story).with_context(|| story.address.key.to_string())?;
    }
    ensure!(state(&recovered, &busy)?.1.len() == 2);
    Ok(())
}

/// A run that is closed and owes nothing is never seen again.
pub async fn retired_runs_stay_away(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut old = Story::start(log, address("old")).await?;
    let mut long = Story::start(log, address("long")).await?;
    let open = Story::start(log, address("open")).await?;
    old.close(log).await?;
    log.retire(&old.address).await?;
    long.save(log).await?;
    open.save(log).await?;
    log.checkpoint(PARTITION, old.last()).await?;
    long.signal(log, 10).await?;
    long.close(log).await?;
    log.retire(&long.address).await?;
    let recovered = recover(world).await?;
    ensure!(recovered.len() == 1, "{} runs", recovered.len());
    check(&recovered, &open)
}

/// A closed run may still owe messages: the engine decides, from its whole state.
pub async fn closed_runs_that_are_not_retired_come_back(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut before = Story::start(log, address("before")).await?;
    before.close(log).await?;
    before.save(log).await?;
    let mut across = Story::start(log, address("across")).await?;
    across.save(log).await?;
    log.checkpoint(PARTITION, across.last()).await?;
    across.close(log).await?;
    let mut after = Story::start(log, address("after")).await?;
    after.close(log).await?;
    let recovered = recover(world).await?;
    for story in [&before, &across, &after] {
        check(&recovered, story).with_context(|| story.address.key.to_string())?;
        ensure!(story.run.status == Status::Terminated);
    }
    Ok(())
}

/// The history is folded instead.
pub async fn a_snapshot_of_another_version_is_ignored(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    story.signal(log, 10).await?;
    story.save(log).await?;
    log.checkpoint(PARTITION, story.last()).await?;
    let other_version = &b"\x82\xA1v\x7F\xA8snapshot\xC0"[..];
    world.save_raw_snapshot(&story.address, other_version.into()).await?;
    let recovered = recover(world).await?;
    ensure!(state(&recovered, &story)? == (None, story.stored.as_slice()));
    check(&recovered, &story)
}

/// A run that cannot be read is named, and the others are not touched.
pub async fn a_corrupt_record_takes_its_run_alone(world: &dyn World) -> Result<()> {
    let log = world.log();
    let healthy = Story::start(log, address("a-healthy")).await?;
    let corrupt = Story::start(log, address("b-corrupt")).await?;
    let unknown = Story::start(log, address("c-unknown")).await?;
    let status = Status::Running;
    let unknown_version = &b"\x82\xA1v\x7F\xA6record\xC0"[..];
    let last = world.append_raw(&corrupt.address, status, (&b"\xFFgarbage"[..]).into()).await?;
    world.append_raw(&unknown.address, status, unknown_version.into()).await?;
    let recovered = recover(world).await?;
    ensure!(recovered.len() == 3);
    check(&recovered, &healthy)?;
    for (recovered, story) in recovered[1..].iter().zip([&corrupt, &unknown]) {
        let Recovered::Unreadable { address, reason, .. } = recovered else {
            bail!("{:?} is not unreadable", story.address.key);
        };
        ensure!(address == &story.address && !reason.is_empty());
    }
    let Recovered::Unreadable { sequence, .. } = &recovered[1] else { bail!("checked above") };
    ensure!(*sequence == last);
    ensure!(log.read(&corrupt.address, 0).await.is_err());
    ensure!(log.read(&corrupt.address, last).await?.is_empty());
    Ok(())
}

/// An owner that does not know that it lost its partition writes an old snapshot over a new one, and
/// a checkpoint has promised that the new one is there.
pub async fn an_earlier_owner_cannot_undo_a_snapshot(world: &dyn World) -> Result<()> {
    let earlier = world.log();
    let mut story = Story::start(earlier, address("order-1")).await?;
    story.save(earlier).await?;
    let old = story.clone();
    let owner = world.reconnect().await?;
    let recovered: Vec<Recovered> = owner.recover(PARTITION).try_collect().await?;
    check(&recovered, &story)?;
    story.signal(&*owner, 10).await?;
    story.save(&*owner).await?;
    owner.checkpoint(PARTITION, story.last()).await?;
    ensure!(old.save(earlier).await.is_err());
    ensure!(earlier.checkpoint(PARTITION, 1_000_000).await.is_err());
    check(&recover(world).await?, &story)
}

/// The new owner may keep states while it still reads: no run comes twice.
pub async fn snapshots_kept_during_a_takeover_do_not_repeat_runs(world: &dyn World) -> Result<()> {
    let log = world.log();
    for index in 0..5 {
        Story::start(log, address(&format!("order-{index}"))).await?.save(log).await?;
    }
    let owner = world.reconnect().await?;
    let mut recovered = owner.recover(PARTITION);
    let mut seen = Vec::new();
    while let Some(found) = recovered.try_next().await? {
        let Recovered::Run { address, snapshot: Some(snapshot), .. } = found else {
            bail!("{:?} has no snapshot", address_of(&found).key);
        };
        owner.save_snapshot(&address, *snapshot).await?;
        seen.push(address.key);
    }
    ensure!(seen.len() == 5, "{seen:?}");
    seen.sort();
    seen.dedup();
    ensure!(seen.len() == 5, "{seen:?}");
    drop(recovered);
    ensure!(recover(world).await?.len() == 5);
    Ok(())
}

/// Many runs, in bulk.
pub async fn a_thousand_runs_come_back(world: &dyn World) -> Result<()> {
    const RUNS: usize = 1_200;
    let log = world.log();
    let write = |index: usize| async move {
        let mut story = Story::start(log, address(&format!("order-{index}"))).await?;
        if index.is_multiple_of(2) {
            story.save(log).await?;
        }
        if index.is_multiple_of(3) {
            story.signal(log, 10).await?;
        }
        anyhow::Ok(story)
    };
    let stories: Vec<Story> =
        stream::iter((0..RUNS).map(write)).buffer_unordered(64).try_collect().await?;
    let recovered = recover(world).await?;
    ensure!(recovered.len() == RUNS, "{} runs", recovered.len());
    for story in &stories {
        check(&recovered, story).with_context(|| story.address.key.to_string())?;
    }
    Ok(())
}
