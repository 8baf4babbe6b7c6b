//! Writing one record, for as long as it takes.

use std::sync::Arc;

use steadfast_core::{Record, Run};
use tokio::time::Instant;
use tracing::Instrument;

use super::Arguments;
use crate::{
    config::Backoff,
    ports::{Append, AppendError, Expected, Sequence},
    supervise::RunFailure,
    sync::lock,
    trace::{self, log::log_run, traceparent},
};

/// What is known after an append.
pub(super) enum Outcome {
    /// It is written.
    Durable(Sequence),
    /// Another record was written first.
    WrongSequence,
    /// It cannot be written at all.
    TooLarge { bytes: usize, max: usize },
}

/// Appends; waits while the log is not reachable, because then nothing was written.
pub(super) async fn append(
    ctx: &Arguments,
    record: Arc<Record>,
    run: &Run,
    expected: Expected,
) -> Result<Outcome, RunFailure> {
    let entries = record.entries.len();
    let span = trace::append(run, entries);
    let from = ctx.now();
    let append = Append {
        address: ctx.slot.address.clone(),
        expected,
        record,
        status: run.status,
        traceparent: Some(traceparent(run)),
    };
    let outcome = try_append(ctx, run, append).instrument(span).await?;
    if let Outcome::Durable(sequence) = outcome {
        let spans = &ctx.shared.spans;
        spans.appended(run, entries, sequence, from, ctx.now());
    }
    Ok(outcome)
}

async fn try_append(ctx: &Arguments, run: &Run, append: Append) -> Result<Outcome, RunFailure> {
    let config = &ctx.shared.config;
    let mut backoff = Backoff::new(config.append_backoff_ms, config.append_backoff_max_ms);
    lock(&ctx.partition.watermark).begin(ctx.slot.id);
    loop {
        let started = Instant::now();
        match ctx.shared.world.log.append(append.clone()).await {
            Ok(sequence) => {
                lock(&ctx.partition.watermark).acked(sequence);
                ctx.shared.metrics.appends.add(1, &[]);
                let seconds = started.elapsed().as_secs_f64();
                ctx.shared.metrics.append_seconds.record(seconds, &[]);
                return Ok(Outcome::Durable(sequence));
            }
            Err(AppendError::WrongSequence) => {
                ctx.shared.metrics.appends_fenced.add(1, &[]);
                return Ok(Outcome::WrongSequence);
            }
            Err(AppendError::TooLarge { bytes, max }) => {
                return Ok(Outcome::TooLarge { bytes, max });
            }
            Err(AppendError::Unknown(error)) => {
                return Err(RunFailure::Unknown(error.to_string()));
            }
            Err(AppendError::Unavailable(error)) => {
                log_run!(warn, run, %error, "append waits for the log");
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
