//! One run: its folded state, and the two functions that everything hangs on.
//!
//! [`Transition::feed`] decides: it takes a draft of the run and one input and says what happened.
//! [`Run::evolve`] folds what happened into the state. A live run and a replayed one go through the
//! same `evolve`, so `replay(records) == live state` (invariant DUR-2) holds by construction; the
//! [`Session`], which dies with the process, is not part of that.
//!
//! This file only dispatches. Behaviour lives in one file per feature below.

pub mod activity;
pub mod callback;
pub mod cancel;
pub mod child;
pub mod close;
pub mod commands;
pub mod deadlines;
pub mod delete;
pub mod derive;
pub mod external;
pub mod open;
pub mod options;
pub mod pause;
pub mod properties;
pub mod reset;
pub mod signal;
pub mod successor;
pub mod timer;
pub mod update;
pub mod workflow_task;

mod buffer;
mod evolve;
mod transition;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

pub use self::transition::Transition;
use crate::{
    ActivityId, Event, EventId, PayloadMap, RequestId, RunKey, TimerId, Timestamp, UpdateId,
    input::Sticky, record::Opened,
};

/// The state of one run: a fold over its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it began; never changes.
    pub opened: Arc<Opened>,
    /// The started event; never changes.
    pub started: Arc<crate::event::WorkflowExecutionStarted>,
    /// When it started.
    pub started_at: Timestamp,
    /// Open, or how it closed.
    pub status: Status,
    /// When it closed.
    pub closed_at: Option<Timestamp>,
    /// The closing event, kept for whoever asks for the result.
    pub close_event: Option<Arc<Event>>,
    /// The number that the next event gets.
    pub next_event_id: EventId,
    /// Payload bytes in the history, about.
    pub history_bytes: u64,
    /// The time of the last transition: time never goes back inside a run.
    pub last_at: Timestamp,
    /// The workflow task that waits or is out.
    pub workflow_task: Option<workflow_task::Pending>,
    /// The started event of the last completed workflow task.
    pub previous_started_event_id: EventId,
    /// When the first workflow task may be scheduled (cron, retry, start delay), until it is.
    pub first_task_not_before: Option<Timestamp>,
    /// The cache holder's queue.
    pub sticky: Option<Sticky>,
    /// Pending activities by scheduled event.
    pub activities: BTreeMap<EventId, Arc<activity::Activity>>,
    /// Pending activities by name.
    pub activity_ids: BTreeMap<ActivityId, EventId>,
    /// Running timers.
    pub timers: BTreeMap<TimerId, timer::Timer>,
    /// Children that are to start or run, by initiated event.
    pub children: BTreeMap<EventId, Arc<child::Child>>,
    /// Signals and cancel requests to other runs, by initiated event.
    pub external: BTreeMap<EventId, Arc<external::Message>>,
    /// Updates that the workflow accepted, and their outcomes.
    pub updates: BTreeMap<UpdateId, Arc<update::Update>>,
    /// Updates that the history has as admitted (a reset carried them over), not accepted yet.
    pub updates_admitted: BTreeMap<UpdateId, Arc<update::CarriedOver>>,
    /// The reset that another run is to follow from, or followed from.
    pub reset_to: Option<Arc<crate::input::Reset>>,
    /// Requests that were attached to the run while it was open, with their events (0: buffered).
    pub requests_attached: BTreeMap<RequestId, EventId>,
    /// Completion callbacks: from the start, then those attached since.
    pub callbacks: Vec<Arc<callback::Callback>>,
    /// Whether everything that the closed run owed other runs is known to be delivered.
    pub nothing_owed: bool,
    /// The newest options from outside, encoded by the front door.
    pub options: Option<bytes::Bytes>,
    /// Whether everything of the run is to be removed, once it owes nothing.
    pub deleting: bool,
    /// Who paused the run, while it is paused.
    pub pause: Option<Arc<pause::Pause>>,
    /// Request ids seen, for deduplication.
    pub requests_seen: BTreeSet<RequestId>,
    /// The same in their order: the oldest is forgotten when there are too many.
    pub requests_in_order: VecDeque<RequestId>,
    /// How many records the run has.
    pub state_transitions: u64,
    /// The worker that completed the last workflow task, if it said what it is.
    pub worker: Option<Arc<crate::event::WorkerVersion>>,
    /// The first workflow tasks of the builds that the run and those before it in the chain have seen.
    pub reset_points: Arc<Vec<crate::event::ResetPoint>>,
    /// How many signals arrived.
    pub signal_count: u64,
    /// Events that wait for the workflow task that is out; their ids are still 0.
    pub buffered: Vec<Arc<Event>>,
    /// Whether cancellation was asked for, and by which request.
    pub cancel_requested: Option<RequestId>,
    /// Notes that visibility shows.
    pub memo: PayloadMap,
    /// What visibility can search.
    pub search_attributes: PayloadMap,
    /// What lives only as long as the process: not written, not compared.
    #[serde(skip)]
    pub session: Session,
}

/// Whether a run is open, and how it closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Open.
    #[default]
    Running,
    /// Open, but no workflow task is offered.
    Paused,
    /// Returned.
    Completed,
    /// Failed.
    Failed,
    /// Ended cancelled.
    Canceled,
    /// Terminated.
    Terminated,
    /// Went on as a new run.
    ContinuedAsNew,
    /// Took too long.
    TimedOut,
}

impl Status {
    /// Whether the run still takes inputs.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// Its name, as Temporal's `WorkflowExecutionStatus` in camel case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Terminated => "Terminated",
            Self::ContinuedAsNew => "ContinuedAsNew",
            Self::TimedOut => "TimedOut",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Running,
            Self::Paused,
            Self::Completed,
            Self::Failed,
            Self::Canceled,
            Self::Terminated,
            Self::ContinuedAsNew,
            Self::TimedOut,
        ]
        .into_iter()
        .find(|status| status.name() == name)
    }
}

/// What lives only as long as the process: a crash may forget it, and nothing is lost.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The workflow task that is out: its Started event is written with its end.
    pub task_out: Option<workflow_task::Out>,
    /// Updates that the workflow has not seen; their clients ask again after a crash.
    pub admitted: BTreeMap<UpdateId, update::Admitted>,
    /// Heartbeats since the last written one, by scheduled event.
    pub heartbeats: BTreeMap<EventId, activity::Heartbeat>,
    /// A workflow task that exists only to deliver updates, and is written only if they change
    /// anything.
    pub speculative: Option<workflow_task::Pending>,
    /// Whether the workflow tried to close and was told that there is news: more news must wait.
    pub close_attempted: bool,
    /// When the first of the workflow tasks was scheduled that were only heartbeats until now.
    pub heartbeats_since: Option<Timestamp>,
    /// Whether the pending workflow task's next attempt was offered after its backoff.
    pub task_offered: bool,
    /// Activities whose next attempt was offered after its backoff, with that attempt.
    pub activities_offered: BTreeMap<EventId, i32>,
    /// Completion callbacks that are being tried.
    pub callbacks_out: BTreeSet<u32>,
    /// When this process took the run over: heartbeats before that may be unknown.
    pub resumed_at: Timestamp,
}

/// The session is never compared: DUR-2 speaks of what is durable.
impl PartialEq for Session {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Run {
    /// Which run this is.
    pub fn key(&self) -> &RunKey {
        &self.opened.key
    }

    /// Folds a run out of its records, oldest first; the first must open it.
    pub fn replay<'a>(
        records: impl IntoIterator<Item = &'a crate::Record>,
    ) -> Result<Self, ReplayError> {
        let mut records = records.into_iter();
        let first = records.next().ok_or(ReplayError::Empty)?;
        let mut run = Self::from_first(first)?;
        for record in records {
            run.evolve(record)?;
        }
        Ok(run)
    }
}

/// A history that does not fold: the run is quarantined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There are no records.
    #[error("the run has no records")]
    Empty,
    /// The first record does not open the run.
    #[error("the first record does not open the run")]
    NotOpened,
    /// Event ids are not contiguous (invariant HIST-1).
    #[error("event {found} where {expected} must follow")]
    Gap {
        /// The id that must follow.
        expected: EventId,
        /// The id that was read.
        found: EventId,
    },
    /// An entry speaks of something that is not there.
    #[error("event {event_id} ({kind}) refers to something that is not pending")]
    Dangling {
        /// The event, or the next one for a change.
        event_id: EventId,
        /// The entry's kind.
        kind: &'static str,
    },
}
