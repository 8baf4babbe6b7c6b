//! A run's place in its partition: the bounded inbox in front of its actor, which outlives it.
//!
//! Requests wait here, not in the actor's mailbox: the mailbox only ever holds one `Wake`. That
//! gives admission control and batches, and requests survive the actor's restart. A passivated run is its
//! slot and nothing else.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use ractor::ActorRef;
use steadfast_core::{RunKey, Timestamp};

use crate::{
    api::EngineError,
    ports::{RunAddress, Sequence},
    request::Request,
    run_actor::Wake,
    supervise::Failures,
    sync::lock,
};

/// One run's place.
pub(crate) struct Slot {
    /// Where its records lie.
    pub(crate) address: RunAddress,
    /// Unique in this process: its name in the timer wheel.
    pub(crate) id: u64,
    state: Mutex<State>,
}

struct State {
    inbox: VecDeque<Request>,
    phase: Phase,
    tick: bool,
    /// The next actor must do what the one before it may not have done.
    takeover: bool,
    armed: Option<Timestamp>,
    sequence: Sequence,
    failures: Option<Box<Failures>>,
}

enum Phase {
    /// Nothing runs; a request wakes it.
    Asleep,
    /// The partition was asked for an actor, or waits before it starts one again.
    Starting,
    /// An actor works; `notified` says that a wake is on its way to it.
    Awake { actor: ActorRef<Wake>, notified: bool },
    /// It waits for an operator.
    Quarantined(String),
    /// It left the directory: look it up again.
    Gone,
}

/// What the one who put something into the inbox must do now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Nothing: an actor has been told.
    Told,
    /// Ask the partition for an actor.
    NeedsActor,
}

/// Why nothing was put into the inbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The slot left the directory.
    Gone,
    /// The inbox is full.
    Full,
    /// The run is quarantined.
    Quarantined(String),
}

impl Refused {
    pub(crate) fn into_error(self, max: usize) -> EngineError {
        match self {
            Self::Gone => EngineError::Unavailable("the run is leaving memory".to_owned()),
            Self::Full => EngineError::Exhausted { what: "the run's inbox", max },
            Self::Quarantined(reason) => EngineError::Quarantined(reason),
        }
    }
}

/// What an actor takes out of its inbox at once.
pub(crate) struct Batch {
    pub(crate) requests: Vec<Request>,
}

impl Slot {
    pub(crate) fn new(address: RunAddress, sequence: Sequence) -> Arc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let state = State {
            inbox: VecDeque::new(),
            phase: Phase::Asleep,
            tick: false,
            takeover: false,
            armed: None,
            sequence,
            failures: None,
        };
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { address, id, state: Mutex::new(state) })
    }

    pub(crate) fn key(&self) -> &RunKey {
        &self.address.key
    }

    /// Puts a request into the inbox, or gives it back with the reason.
    pub(crate) fn push(&self, request: Request, max: usize) -> Result<Pushed, (Request, Refused)> {
        let mut state = lock(&self.state);
        match &state.phase {
            Phase::Gone => return Err((request, Refused::Gone)),
            Phase::Quarantined(reason) => {
                let reason = reason.clone();
                return Err((request, Refused::Quarantined(reason)));
            }
            Phase::Asleep | Phase::Starting | Phase::Awake { .. } => {}
        }
        if state.inbox.len() >= max {
            return Err((request, Refused::Full));
        }
        state.inbox.push_back(request);
        Ok(state.notify())
    }

    /// Time has come: the actor looks at its deadlines.
    pub(crate) fn tick(&self) -> Pushed {
        let mut state = lock(&self.state);
        state.armed = None;
        match state.phase {
            Phase::Gone | Phase::Quarantined(_) => Pushed::Told,
            Phase::Asleep | Phase::Starting | Phase::Awake { .. } => {
                state.tick = true;
                state.notify()
            }
        }
    }

    /// Asks for an actor without giving it anything to do.
    pub(crate) fn wake(&self) -> Pushed {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Gone | Phase::Quarantined(_) => Pushed::Told,
            Phase::Asleep | Phase::Starting | Phase::Awake { .. } => state.notify(),
        }
    }

    /// Takes a batch out; tells the actor again when more is left.
    pub(crate) fn take(&self, max: usize) -> Batch {
        let mut state = lock(&self.state);
        let count = state.inbox.len().min(max);
        let requests: Vec<_> = state.inbox.drain(..count).collect();
        if state.inbox.is_empty() && state.inbox.capacity() > 64 {
            state.inbox.shrink_to(16);
        }
        let more = !state.inbox.is_empty();
        state.tick = false;
        if let Phase::Awake { notified, .. } = &mut state.phase {
            *notified = false;
        }
        if more {
            state.notify();
        }
        Batch { requests }
    }

    /// The partition started an actor.
    pub(crate) fn set_awake(&self, actor: ActorRef<Wake>) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Starting) {
            state.phase = Phase::Awake { actor, notified: false };
            state.notify();
        } else {
            actor.stop(Some("not needed".to_owned()));
        }
    }

    /// The actor wants to leave memory. Only an empty inbox lets it.
    pub(crate) fn fall_asleep(&self, sequence: Sequence) -> bool {
        let mut state = lock(&self.state);
        if !state.inbox.is_empty() || state.tick {
            return false;
        }
        state.phase = Phase::Asleep;
        state.sequence = sequence;
        state.failures = None;
        state.inbox.shrink_to_fit();
        true
    }

    /// The slot leaves the directory, if nothing waits in it.
    pub(crate) fn leave(&self) -> bool {
        let mut state = lock(&self.state);
        if !state.inbox.is_empty() {
            return false;
        }
        state.phase = Phase::Gone;
        true
    }

    /// The slot leaves with all that waits in it: the partition or the engine stops.
    pub(crate) fn evict(&self) -> Vec<Request> {
        let mut state = lock(&self.state);
        state.phase = Phase::Gone;
        state.inbox.drain(..).collect()
    }

    /// The actor is gone and will be started again; answers whether anything waits for it.
    pub(crate) fn restarting(&self) -> bool {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Awake { .. } | Phase::Starting => {
                state.phase = Phase::Starting;
                state.takeover = true;
                true
            }
            Phase::Asleep | Phase::Quarantined(_) | Phase::Gone => false,
        }
    }

    /// No actor will be started until somebody wakes the slot.
    pub(crate) fn rest(&self) -> Vec<Request> {
        let mut state = lock(&self.state);
        state.phase = Phase::Asleep;
        state.takeover = true;
        state.inbox.drain(..).collect()
    }

    /// The next actor performs all effects that may have been lost.
    pub(crate) fn set_takeover(&self) {
        lock(&self.state).takeover = true;
    }

    /// Whether the next actor has lost effects to perform.
    pub(crate) fn owes_takeover(&self) -> bool {
        lock(&self.state).takeover
    }

    /// Whether effects may have been lost since the last actor; asked once.
    pub(crate) fn take_takeover(&self) -> bool {
        std::mem::take(&mut lock(&self.state).takeover)
    }

    /// Takes the run out of service; what waited is handed back to be refused.
    pub(crate) fn quarantine(&self, reason: String) -> Vec<Request> {
        let mut state = lock(&self.state);
        state.phase = Phase::Quarantined(reason);
        state.inbox.drain(..).collect()
    }

    /// An operator lets it try again; answers whether it was quarantined.
    pub(crate) fn resume(&self) -> bool {
        let mut state = lock(&self.state);
        let was = matches!(state.phase, Phase::Quarantined(_));
        if was {
            state.phase = Phase::Asleep;
            state.failures = None;
        }
        was
    }

    /// Whether it left the directory.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(lock(&self.state).phase, Phase::Gone)
    }

    /// The last record that is known of.
    pub(crate) fn sequence(&self) -> Sequence {
        lock(&self.state).sequence
    }

    /// Notes the last record.
    pub(crate) fn set_sequence(&self, sequence: Sequence) {
        lock(&self.state).sequence = sequence;
    }

    /// Lets the supervisor count failures.
    pub(crate) fn with_failures<T>(&self, f: impl FnOnce(&mut Failures, Sequence) -> T) -> T {
        let mut state = lock(&self.state);
        let sequence = state.sequence;
        f(state.failures.get_or_insert_default(), sequence)
    }

    /// Replaces what the timer wheel holds for this slot; answers what it held.
    pub(crate) fn set_armed(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        std::mem::replace(&mut lock(&self.state).armed, at)
    }
}

impl State {
    fn notify(&mut self) -> Pushed {
        match &mut self.phase {
            Phase::Asleep => {
                self.phase = Phase::Starting;
                Pushed::NeedsActor
            }
            Phase::Awake { actor, notified } if !*notified => {
                // A failure to send means that the actor is ending; its supervisor restarts it.
                *notified = actor.send_message(Wake).is_ok();
                Pushed::Told
            }
            Phase::Awake { .. } | Phase::Starting | Phase::Quarantined(_) | Phase::Gone => {
                Pushed::Told
            }
        }
    }
}
