//! Rebuilding a run from the log: its snapshot, then the records behind it.

use super::{Arguments, Live, effects, history::EventTail, open};
use crate::{
    config::Backoff,
    partition::recover::fold,
    ports::{ReadError, Snapshot, Stored},
    slot::Batch,
    supervise::RunFailure,
    sync::lock,
    trace::log::log_key,
};

/// Reads the run; nothing, and the slot is gone, when the log has no such run.
pub(super) async fn load(ctx: &Arguments, batch: &mut Batch) -> Result<Option<Live>, RunFailure> {
    let takeover = ctx.slot.take_takeover();
    let live = match read(ctx).await {
        Ok(Some(live)) => live,
        Ok(None) => {
            let requests = std::mem::take(&mut batch.requests);
            return open::leave(ctx, Batch { requests });
        }
        Err(failure) => {
            ctx.slot.set_takeover();
            return Err(failure);
        }
    };
    Ok(Some(if takeover { take_over(ctx, live) } else { live }))
}

/// Does again what the actor before this one may not have done.
fn take_over(ctx: &Arguments, mut live: Live) -> Live {
    let pending = live.run.pending_effects();
    if !live.run.status.is_open() {
        live.owed = pending.iter().filter(|effect| effects::is_send(effect)).count();
        live.retired = false;
    }
    live.run_effects(ctx, pending);
    live
}

/// Folds the run's newest state.
pub(super) async fn read(ctx: &Arguments) -> Result<Option<Live>, RunFailure> {
    let _permit = ctx.partition.wakeups.acquire().await;
    let (snapshot, tail) = fetch(ctx).await?;
    let before = snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence);
    let Some(sequence) =
        tail.last().map(|stored| stored.sequence).or((before > 0).then_some(before))
    else {
        return Ok(None);
    };
    let first_uncovered = tail.first().map(|stored| stored.sequence);
    let mut run = fold(snapshot.map(Box::new), &tail).map_err(RunFailure::Unreadable)?;
    run.resume(ctx.now());
    ctx.slot.set_sequence(sequence);
    let max = ctx.shared.config.history_cache_events;
    let events = EventTail::of(&tail, run.next_event_id, max);
    let mut live = Live::new(run, sequence, events, ctx);
    live.unsaved = first_uncovered.map_or(0, |_| 1);
    // Only a takeover knows of a closed run that owes other runs something.
    live.retired = !live.run.status.is_open() && live.run.callbacks_settled();
    if let Some(first) = first_uncovered.filter(|_| !live.retired) {
        lock(&ctx.partition.watermark).mark(ctx.slot.id, first);
    }
    Ok(Some(live))
}

async fn fetch(ctx: &Arguments) -> Result<(Option<Snapshot>, Vec<Stored>), RunFailure> {
    let config = &ctx.shared.config;
    let mut backoff = Backoff::new(config.append_backoff_ms, config.append_backoff_max_ms);
    loop {
        match try_fetch(ctx).await {
            Ok(found) => return Ok(found),
            Err(ReadError::Corrupt { sequence, reason }) => {
                let reason = format!("record {sequence}: {reason}");
                return Err(RunFailure::Unreadable(reason));
            }
            Err(ReadError::Unavailable(error)) => {
                log_key!(warn, ctx.slot.key(), %error, "run waits for the log");
            }
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep(backoff.advance()) => {}
            () = ctx.shared.stop.cancelled() => {
                return Err(RunFailure::Unreachable("the engine is stopping".to_owned()));
            }
        }
    }
}

async fn try_fetch(ctx: &Arguments) -> Result<(Option<Snapshot>, Vec<Stored>), ReadError> {
    let log = &ctx.shared.world.log;
    let snapshot = log.load_snapshot(&ctx.slot.address).await?;
    let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence);
    let tail = log.read(&ctx.slot.address, after).await?;
    Ok((snapshot, tail))
}
