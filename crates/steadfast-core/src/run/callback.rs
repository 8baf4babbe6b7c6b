//! Completion callbacks: who is told when the run has closed for good, and how far that is.
//!
//! A callback waits until the run closes, unless the run then goes on as another that takes the callback
//! over. The closing record makes it due, so a crash cannot forget it; each try is one more record, and
//! it is tried until somebody accepted it or it is given up. Follows `chasm/lib/callback` and
//! `processCloseCallbacks` of `service/history/workflow/mutable_state_impl.go`.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{ReplayError, Run};
use crate::{
    Change, Effect, Event, EventKind, Rejection, RequestId, Span, Timestamp, Transition,
    event::WorkflowExecutionStarted, failure::RetryState, input::Reply,
};

/// What is kept of the reason why a try failed, in bytes.
const FAILURE_BYTES_MAX: usize = 2_000;

/// One callback of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Whom to tell, encoded by the front door.
    pub content: Bytes,
    /// How it came to the run.
    pub origin: Origin,
    /// When it came.
    pub registered_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// How many tries have ended.
    pub attempt: i32,
    /// When the last of them ended.
    pub last_attempt_at: Option<Timestamp>,
    /// Why the last of them failed.
    pub last_failure: Option<String>,
}

/// How a callback came to its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// With the start.
    Start,
    /// Attached to the open run, by this request.
    Attached(RequestId),
}

/// How far a callback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// The run has not closed; or it went on as another, which has the callback now.
    Standby,
    /// It is to be tried, not before this time.
    Due(Timestamp),
    /// Somebody accepted it.
    Succeeded,
    /// It is given up.
    Failed,
}

/// A callback's state as people are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for the close.
    Standby,
    /// Is being tried, or about to be.
    Scheduled,
    /// Waits until this time for its next try.
    BackingOff(Timestamp),
    /// Somebody accepted it.
    Succeeded,
    /// It is given up.
    Failed,
}

/// How one try ended, for the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which callback, by its place in [`Run::callbacks`].
    pub index: u32,
    /// Which try, from 1.
    pub attempt: i32,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether all messages to other runs are answered for: then they need not be sent again.
    pub nothing_owed: bool,
}

/// How one try ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was accepted.
    Delivered,
    /// It failed, and may be tried again after this delay.
    Retry {
        /// Why.
        message: String,
        /// The delay, with its jitter.
        after: Span,
    },
    /// It failed for good.
    Refused {
        /// Why.
        message: String,
    },
}

/// One try that ended, as the record has it: without a failure it succeeded, without a next time it was
/// the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    /// Which callback, by its place in [`Run::callbacks`].
    pub index: u32,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it may be tried again.
    pub retry_at: Option<Timestamp>,
    /// Whether all messages to other runs were answered for.
    pub nothing_owed: bool,
}

impl Callback {
    fn new(content: &Bytes, origin: Origin, registered_at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            content: content.clone(),
            origin,
            registered_at,
            progress: Progress::Standby,
            attempt: 0,
            last_attempt_at: None,
            last_failure: None,
        })
    }

    /// How far it is at this time.
    pub fn state(&self, now: Timestamp) -> State {
        match self.progress {
            Progress::Standby => State::Standby,
            Progress::Due(at) if self.attempt > 0 && now < at => State::BackingOff(at),
            Progress::Due(_) => State::Scheduled,
            Progress::Succeeded => State::Succeeded,
            Progress::Failed => State::Failed,
        }
    }

    fn due_at(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Due(at) => Some(at),
            Progress::Standby | Progress::Succeeded | Progress::Failed => None,
        }
    }
}

/// The callbacks that a run is started with.
pub(super) fn registered(started: &WorkflowExecutionStarted, at: Timestamp) -> Vec<Arc<Callback>> {
    let all = started.completion_callbacks.iter();
    all.map(|content| Callback::new(content, Origin::Start, at)).collect()
}

impl Run {
    pub(super) fn on_callbacks_attached(
        &mut self,
        callbacks: &[Bytes],
        request: &RequestId,
        at: Timestamp,
    ) {
        let attached = callbacks.iter();
        self.callbacks.extend(
            attached.map(|content| Callback::new(content, Origin::Attached(request.clone()), at)),
        );
    }

    /// The run has closed: whoever is not left to the run that follows is told from now on.
    pub(super) fn on_closed_for_callbacks(&mut self, closing: &Event) {
        if self.reset_to.is_some() || hands_callbacks_on(&closing.kind) {
            return;
        }
        for callback in &mut self.callbacks {
            Arc::make_mut(callback).progress = Progress::Due(closing.at);
        }
    }

    pub(super) fn on_callback_tried(
        &mut self,
        at: Timestamp,
        tried: &Tried,
    ) -> Result<(), ReplayError> {
        let dangling = self.dangling("CallbackTried");
        let callback = self.callbacks.get_mut(tried.index as usize).ok_or(dangling)?;
        let callback = Arc::make_mut(callback);
        callback.attempt += 1;
        callback.last_attempt_at = Some(at);
        callback.last_failure.clone_from(&tried.failure);
        callback.progress = match (&tried.failure, tried.retry_at) {
            (None, _) => Progress::Succeeded,
            (Some(_), Some(retry_at)) => Progress::Due(retry_at),
            (Some(_), None) => Progress::Failed,
        };
        self.nothing_owed |= tried.nothing_owed;
        Ok(())
    }

    /// Where to report the close: from the start, and attached since.
    pub fn completion_callbacks(&self) -> Vec<Bytes> {
        self.callbacks.iter().map(|callback| callback.content.clone()).collect()
    }

    /// Whether nobody is to be told of the close any more. A run that is to be removed tells nobody.
    pub fn callbacks_settled(&self) -> bool {
        self.deleting || self.callbacks.iter().all(|callback| callback.due_at().is_none())
    }

    /// When the next callback of the closed run must be tried, of those that are not being tried.
    pub(super) fn callback_deadline(&self) -> Option<Timestamp> {
        if self.callbacks.is_empty() || self.deleting {
            return None;
        }
        let waiting = self.waiting_callbacks();
        waiting.map(|(_, at)| at).min()
    }

    fn waiting_callbacks(&self) -> impl Iterator<Item = (u32, Timestamp)> {
        let out = &self.session.callbacks_out;
        let due = (0..).zip(&self.callbacks);
        let due = due.filter_map(|(index, callback)| Some((index, callback.due_at()?)));
        due.filter(|(index, _)| !out.contains(index))
    }
}

/// Whether another run follows that takes the callbacks over. A cron schedule's next run does not.
fn hands_callbacks_on(closing: &EventKind) -> bool {
    use EventKind as E;
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other end is one")]
    match closing {
        E::WorkflowExecutionContinuedAsNew(_) => true,
        E::WorkflowExecutionFailed(a) => a.retry_state == RetryState::InProgress,
        E::WorkflowExecutionTimedOut(a) => a.retry_state == RetryState::InProgress,
        _ => false,
    }
}

impl Transition<'_> {
    /// Tries every callback whose time has come.
    pub(super) fn call_back(&mut self) {
        if self.run.callbacks.is_empty() || self.run.deleting {
            return;
        }
        let waiting = self.run.waiting_callbacks();
        let due: Vec<u32> =
            waiting.filter(|(_, at)| *at <= self.now).map(|(index, _)| index).collect();
        for index in due {
            self.run.session.callbacks_out.insert(index);
            self.effect(Effect::CallBack { index });
        }
    }

    /// Records how a try ended; a repeat changes nothing.
    pub(super) fn called_back(&mut self, report: Report) -> Result<Reply, Rejection> {
        let Report { index, attempt, outcome, nothing_owed } = report;
        self.run.session.callbacks_out.remove(&index);
        let known = self.run.callbacks.get(index as usize);
        let is_new = |callback: &&Arc<Callback>| {
            callback.due_at().is_some() && callback.attempt + 1 == attempt
        };
        if known.filter(is_new).is_none() {
            return Ok(Reply::Duplicate);
        }
        let (failure, retry_at) = match outcome {
            Outcome::Delivered => (None, None),
            Outcome::Retry { message, after } => (Some(cut(message)), Some(self.now + after)),
            Outcome::Refused { message } => (Some(cut(message)), None),
        };
        let tried = Tried { index, failure, retry_at, nothing_owed };
        self.change(Change::CallbackTried(Box::new(tried)));
        Ok(Reply::Done)
    }
}

fn cut(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(FAILURE_BYTES_MAX));
    message
}

#[cfg(test)]
mod tests;
