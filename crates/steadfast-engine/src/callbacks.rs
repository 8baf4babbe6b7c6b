//! Completion callbacks: each due one is tried beside its run's actor, and the run is told how that
//! ended. What is due is in the run's state, so a crash at any point leads to one more try.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use steadfast_core::{
    EventId, Run, Span,
    run::callback::{Outcome, Report},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    config::EngineConfig,
    context::Shared,
    delivery,
    ports::{CallbackCall, CallbackError},
    request::Request,
    slot::Slot,
    sync::lock,
    trace::log::log_key,
};

/// How many callbacks are tried at a time, together and by destination: one that hangs does not take
/// everybody's room.
pub(crate) struct Rooms {
    all: Semaphore,
    each_max: usize,
    each: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Rooms {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            all: Semaphore::new(config.callback_calls_max.max(1)),
            each_max: config.callback_destination_calls_max.max(1),
            each: Mutex::default(),
        }
    }

    fn of(&self, destination: &str) -> Arc<Semaphore> {
        let mut each = lock(&self.each);
        if let Some(room) = each.get(destination) {
            return room.clone();
        }
        let room = Arc::new(Semaphore::new(self.each_max));
        each.insert(destination.to_owned(), room.clone());
        room
    }

    /// A destination that nobody calls any more is forgotten.
    fn leave(&self, destination: &str, room: Arc<Semaphore>) {
        let mut each = lock(&self.each);
        drop(room);
        if each.get(destination).is_some_and(|room| Arc::strong_count(room) == 1) {
            each.remove(destination);
        }
    }

    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.all.acquire().await.ok()
    }
}

/// What is to be tried; nothing when it was settled meanwhile.
pub(crate) fn call_of(run: &Run, index: u32, config: &EngineConfig) -> Option<CallbackCall> {
    let callback = run.callbacks.get(index as usize)?;
    Some(CallbackCall {
        run: run.key().clone(),
        started_at: run.started_at,
        close_event: run.close_event.clone()?,
        callback: callback.clone(),
        attempt: callback.attempt + 1,
        timeout: Duration::from_millis(config.callback_timeout_ms),
    })
}

/// Tries one callback in the background, and tells the run how that ended.
pub(crate) fn send(shared: &Arc<Shared>, from: &Arc<Slot>, index: u32, call: CallbackCall) {
    let id = (call.run.clone(), EventId::from(index), "callback");
    if !lock(&shared.deliveries).insert(id.clone()) {
        // It is being tried, and the run will hear of it.
        return;
    }
    let (shared, from) = (shared.clone(), from.clone());
    let tracker = shared.tracker.clone();
    tracker.spawn(async move {
        let attempt = call.attempt;
        let outcome = tokio::select! {
            biased;
            outcome = attempt_within_room(&shared, call) => outcome,
            () = shared.stop.cancelled() => return,
        };
        // Before the run hears of it: it may want the next try at once.
        lock(&shared.deliveries).remove(&id);
        let report = Report { index, attempt, outcome, nothing_owed: false };
        delivery::tell_sender(&shared, &from, Request::CalledBack(Box::new(report))).await;
    });
}

async fn attempt_within_room(shared: &Arc<Shared>, call: CallbackCall) -> Outcome {
    let caller = &shared.world.callbacks;
    let destination = caller.destination(&call.callback.content);
    let rooms = &shared.callback_rooms;
    let room = rooms.of(&destination);
    let outcome = {
        let _own = room.acquire().await;
        let _all = rooms.enter().await;
        attempt(shared, call).await
    };
    rooms.leave(&destination, room);
    outcome
}

async fn attempt(shared: &Arc<Shared>, call: CallbackCall) -> Outcome {
    let (run, attempt, closed_at) = (call.run.clone(), call.attempt, call.close_event.at);
    let tried = shared.world.callbacks.call(call).await;
    shared.metrics.callbacks_tried.add(1, &[]);
    let message = match tried {
        Ok(()) => return Outcome::Delivered,
        Err(CallbackError::Final(message)) => {
            log_key!(warn, &run, attempt, error = message, "a completion callback is refused");
            return Outcome::Refused { message };
        }
        Err(CallbackError::Retryable(message)) => message,
    };
    let config = &shared.config;
    let after = delay(attempt, config, fraction(&shared.world.entropy.uuid()));
    let next = shared.world.clock.now() + Span::from(after);
    let give_up_after = Duration::from_millis(config.callback_retry_ms);
    if !give_up_after.is_zero() && Duration::from(next.since(closed_at)) > give_up_after {
        log_key!(warn, &run, attempt, error = message, "a completion callback is given up");
        return Outcome::Refused { message };
    }
    log_key!(debug, &run, attempt, error = message, "a completion callback failed");
    Outcome::Retry { message, after: after.into() }
}

/// The delay after a try that failed: it doubles from the first to the longest one, and up to a fifth
/// of it is taken off, so that callbacks which failed together are not tried together again
/// (`common/backoff/retrypolicy.go`).
fn delay(attempt: i32, config: &EngineConfig, fraction: f64) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(40);
    let millis = config.callback_backoff_ms.saturating_mul(1 << doublings);
    let longest = Duration::from_millis(millis.min(config.callback_backoff_max_ms));
    longest.mul_f64(0.8 + 0.2 * fraction)
}

/// A number from 0 to 1 out of a random id's digits.
fn fraction(uuid: &str) -> f64 {
    let digits = uuid.chars().filter_map(|c| c.to_digit(16)).take(8);
    let number = digits.fold(0, |number: u32, digit| (number << 4) | digit);
    f64::from(number) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
