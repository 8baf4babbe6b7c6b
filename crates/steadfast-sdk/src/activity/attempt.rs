//! One attempt: the activity's code beside its heartbeats, the same in a worker and in the engine.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use steadfast_core::Payloads;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{context::Heartbeats, error::ActivityError};
use crate::workflow::panic_text;

/// What the engine says to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    GoOn,
    /// The attempt should stop.
    Stop,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The attempt; zero is no limit.
    pub(crate) start_to_close: Duration,
    /// Silence; zero is no limit.
    pub(crate) heartbeat: Duration,
    /// Heartbeats are not closer together than this, unless the limit of silence needs it.
    pub(crate) heartbeat_interval: Duration,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Attempted {
    /// The code is over; its newest heartbeat details come along.
    Returned(Result<Payloads, ActivityError>, Option<Payloads>),
    /// It took too long: the engine has given it up, and the code is dropped.
    Expired,
}

/// Runs an activity's code to its end. `stop` tells it to stop, and so may the answers to
/// heartbeats, which are sent as often as is needed.
pub(crate) async fn attempt<F, Fut>(
    code: BoxFuture<'static, Result<Payloads, ActivityError>>,
    heartbeats: Heartbeats,
    limits: Limits,
    stop: &CancellationToken,
    beat: F,
) -> Attempted
where
    F: Fn(Payloads, Instant) -> Fut + Send,
    Fut: Future<Output = Beat> + Send,
{
    let last = heartbeats.details.clone();
    let code = AssertUnwindSafe(code).catch_unwind();
    let outcome = tokio::select! {
        outcome = code => outcome,
        () = pulse(heartbeats, limits, stop, beat) => return Attempted::Expired,
        () = expired(limits.start_to_close) => return Attempted::Expired,
    };
    let outcome = outcome.unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        tracing::error!(panic = text, "activity panicked");
        Err(ActivityError::retryable("Panic", text))
    });
    let details = last.borrow().clone();
    Attempted::Returned(outcome, (!details.is_empty()).then_some(details))
}

/// Sends heartbeats, and passes on that the attempt should stop. Never ends by itself.
async fn pulse<F, Fut>(
    mut heartbeats: Heartbeats,
    limits: Limits,
    stop: &CancellationToken,
    beat: F,
) where
    F: Fn(Payloads, Instant) -> Fut,
    Fut: Future<Output = Beat>,
{
    let interval = match limits.heartbeat {
        Duration::ZERO => limits.heartbeat_interval,
        timeout => (timeout * 4 / 5).min(limits.heartbeat_interval),
    };
    let told = heartbeats.cancel.clone();
    let stopping = async {
        stop.cancelled().await;
        told.cancel();
        std::future::pending().await
    };
    let beating = async {
        // The sender is gone when the code let go of its context: its outcome is about to come.
        while heartbeats.details.changed().await.is_ok() {
            let details = heartbeats.details.borrow_and_update().clone();
            let next = Instant::now() + interval;
            if beat(details, next).await == Beat::Stop {
                heartbeats.cancel.cancel();
            }
            tokio::time::sleep_until(next).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stopping => {}
        () = beating => {}
    }
}

/// Ends when the attempt has taken too long.
async fn expired(limit: Duration) {
    if limit.is_zero() { std::future::pending().await } else { tokio::time::sleep(limit).await }
}
