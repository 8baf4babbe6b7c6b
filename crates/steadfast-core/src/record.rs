//! What one transition leaves behind: one JetStream message.
//!
//! A record holds events, which clients can read, and changes, which they cannot but which must
//! survive as well. The order of entries is the order in which they are folded. The wire form, its
//! version and its golden files are `steadfast-protocol`'s.

use serde::{Deserialize, Serialize};

use crate::{
    Event, EventId, Failure, Identity, Payloads, RequestId, RunId, RunKey, TimerId, Timestamp,
    UpdateId,
    input::{Reset, Sticky},
    run::workflow_task::Problem,
};

/// One durable transition of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it was decided.
    pub at: Timestamp,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// One fold step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// Numbered history.
    Event(Event),
    /// Numbered history that waited in the buffer: the state it makes was folded when it arrived.
    Flushed(Event),
    /// State that history does not show.
    Change(Change),
}

/// State that history does not show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// The run's beginning: what the started event does not say.
    Opened(Box<Opened>),
    /// The workflow task's next attempt: after the first, tasks are not in history until they end.
    WorkflowTaskAttempt {
        /// The number of the attempt.
        attempt: i32,
        /// When it was scheduled.
        scheduled_at: Timestamp,
        /// Not offered before this (backoff of repeated failures).
        not_before: Timestamp,
        /// For `describe`.
        last_failure: Option<Box<Failure>>,
        /// How the attempt before it came to nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    /// The pending workflow task is void (its only updates were rejected, or the run is paused).
    WorkflowTaskDropped,
    /// Where the next workflow task goes first; nothing means the normal queue.
    StickySet(Option<Sticky>),
    /// The pending workflow task moved from the sticky to the normal queue.
    WorkflowTaskUnstuck,
    /// An attempt of an activity started; the event is written when it ends.
    ActivityStarted {
        /// The activity.
        scheduled_event_id: EventId,
        /// The worker.
        identity: Identity,
        /// The poll.
        request_id: RequestId,
    },
    /// An attempt failed, and there will be another.
    ActivityRetry {
        /// The activity.
        scheduled_event_id: EventId,
        /// The next attempt's number.
        attempt: i32,
        /// When it may start.
        not_before: Timestamp,
        /// Why the last one failed.
        failure: Box<Failure>,
        /// Who failed.
        identity: Identity,
        /// Progress, when the failure brought it.
        heartbeat: Option<Payloads>,
    },
    /// Progress of an activity (coalesced: not every heartbeat is written).
    ActivityHeartbeat {
        /// The activity.
        scheduled_event_id: EventId,
        /// Its progress.
        details: Payloads,
    },
    /// An operator holds an activity back.
    ActivityPaused {
        /// The activity.
        scheduled_event_id: EventId,
        /// Who.
        identity: Identity,
        /// Why.
        reason: String,
        /// The operator's request.
        request_id: RequestId,
    },
    /// An operator let an activity go on, reset it or changed its options.
    ActivityAdjusted(Box<crate::run::activity::Adjusted>),
    /// An event that waits for the workflow task that is out; its id is given when it is flushed.
    Buffered(Box<Event>),
    /// A request was seen: repeats change nothing.
    RequestSeen(RequestId),
    /// The request that was seen first is forgotten: there are too many.
    RequestForgotten,
    /// Cancellation was asked for, by this request.
    CancelRequested(RequestId),
    /// A message to another run was delivered and answered for.
    Delivered(EventId),
    /// A timer was cancelled whose firing still waits in the buffer: the firing never happened.
    TimerFiringForgotten(TimerId),
    /// The run is reset: another one, which it owes, begins with a part of its history.
    Reset(Box<Reset>),
    /// What was pending at the reset point is scheduled anew, at this record's time.
    Rescheduled,
    /// Everything of the run is to be removed, once it owes nothing.
    DeleteRequested(Identity),
    /// An update that the history has as admitted was refused: it is not delivered again.
    UpdateRefused(UpdateId),
    /// One try to deliver a completion callback of the closed run ended.
    CallbackTried(Box<crate::run::callback::Tried>),
}

/// A run's beginning: what the started event does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The run.
    pub key: RunKey,
    /// The request that started it: a repeat of it gets this run as its answer.
    pub request_id: RequestId,
    /// The run whose history it begins with, when a reset made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Box<ResetOrigin>>,
}

/// Where a run comes from that a reset made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResetOrigin {
    /// The reset request: a repeat of it gets this run as its answer.
    pub request_id: RequestId,
    /// Whose history it begins with, by event: the oldest run first, the base run last.
    pub forks: Vec<Fork>,
    /// When the first of these runs started.
    pub original_start: Timestamp,
}

/// Events that a run was given by a reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fork {
    /// The run that wrote them.
    pub run_id: RunId,
    /// The last of them.
    pub through: EventId,
}

impl Record {
    /// How the run began, in its first record.
    pub fn opened(&self) -> Option<&Opened> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Change(Change::Opened(opened)) => Some(&**opened),
            Entry::Event(_) | Entry::Flushed(_) | Entry::Change(_) => None,
        })
    }

    /// The numbered events in it, in order, without the rest.
    pub fn into_events(self) -> impl Iterator<Item = Event> {
        self.entries.into_iter().filter_map(|entry| match entry {
            Entry::Event(event) | Entry::Flushed(event) => Some(event),
            Entry::Change(_) => None,
        })
    }

    /// The numbered events in it, in order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Event(event) | Entry::Flushed(event) => Some(event),
            Entry::Change(_) => None,
        })
    }
}
