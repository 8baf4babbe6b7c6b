//! What a run's workflow code and its driver share: the clock, what is pending, what was asked for.
//!
//! Invariants: the lock is never held while user code runs; everything is kept in the order in
//! which the code asked for it, so that a replay does the same things in the same order.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;
use steadfast_core::{
    Command, EventId, Payloads, Timestamp, command::CommandKind, event::UpdateRequest,
};

use super::{
    activity::PendingActivity,
    child::PendingChild,
    condition::Condition,
    error::{Canceled, NonDeterminism},
    external::PendingExternal,
    info::WorkflowInfo,
    local::PendingLocal,
    marker::Peeked,
    query::QueryHandler,
    random::Random,
    signal::SignalQueue,
    slot::Slot,
    timer::PendingTimer,
    update::Updates,
};

/// The state, shared by the driver and all contexts of one run.
#[derive(Clone)]
pub(crate) struct StateHandle(Arc<Mutex<State>>);

impl StateHandle {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// The state. A panic of user code never happens inside, so poison says nothing.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that the executor will run beside the main function.
pub(crate) type Task = BoxFuture<'static, ()>;

/// See the module.
pub(crate) struct State {
    pub(crate) info: Arc<WorkflowInfo>,
    pub(crate) now: Timestamp,
    pub(crate) replaying: bool,
    /// A query handler or an update validator runs: nothing may be asked for.
    pub(crate) read_only: bool,
    /// The main function is over: what still drops asks for nothing.
    pub(crate) closed: bool,
    /// The started event of the workflow task that runs.
    pub(crate) task_started_id: EventId,
    pub(crate) random: Random,
    pub(crate) outgoing: Outgoing,
    /// Refused updates: they leave no event.
    pub(crate) rejections: Vec<Command>,
    pub(crate) peeked: Peeked,
    pub(crate) patches: HashMap<String, bool>,
    pub(crate) side_effects: u64,
    pub(crate) activities: Operations<PendingActivity>,
    pub(crate) locals: Operations<PendingLocal>,
    pub(crate) timers: Operations<PendingTimer>,
    pub(crate) children: Operations<PendingChild>,
    pub(crate) externals: Operations<PendingExternal>,
    pub(crate) conditions: Operations<Condition>,
    pub(crate) signals: BTreeMap<String, SignalQueue>,
    pub(crate) queries: BTreeMap<String, QueryHandler>,
    pub(crate) updates: Updates,
    pub(crate) cancel: Cancellation,
    pub(crate) spawned: Vec<Task>,
    pub(crate) trouble: Option<NonDeterminism>,
}

/// The workflow's own cancellation.
#[derive(Default)]
pub(crate) struct Cancellation {
    /// Asked for by an event whose workflow task did not run yet.
    pub(crate) requested: Option<String>,
    /// Asked for, and the code knows.
    pub(crate) reason: Option<String>,
    pub(crate) waiters: Operations<Slot<()>>,
}

impl State {
    pub(crate) fn new(info: WorkflowInfo, seed: &str) -> Self {
        Self {
            now: info.started_at,
            info: Arc::new(info),
            replaying: false,
            read_only: false,
            closed: false,
            task_started_id: 0,
            random: Random::seeded(seed),
            outgoing: Outgoing::default(),
            rejections: Vec::new(),
            peeked: Peeked::default(),
            patches: HashMap::new(),
            side_effects: 0,
            activities: Operations::default(),
            locals: Operations::default(),
            timers: Operations::default(),
            children: Operations::default(),
            externals: Operations::default(),
            conditions: Operations::default(),
            signals: BTreeMap::new(),
            queries: BTreeMap::new(),
            updates: Updates::default(),
            cancel: Cancellation::default(),
            spawned: Vec::new(),
            trouble: None,
        }
    }

    /// Asks for something.
    ///
    /// # Panics
    /// From a query handler or an update validator, which may only look.
    pub(crate) fn issue(&mut self, command: impl Into<Command>, origin: Origin) -> Ticket {
        assert!(
            !self.read_only,
            "a query handler or an update validator must not change the workflow"
        );
        self.outgoing.push(command.into(), origin)
    }

    /// The first difference between code and history; later ones follow from it.
    pub(crate) fn differs(&mut self, event_id: EventId, code: String, history: String) {
        self.trouble.get_or_insert(NonDeterminism { event_id, code, history });
    }

    /// The workflow is asked to cancel: what it waits for ends, and new waiting ends at once. This
    /// comes after all news of a workflow task, so that what has ended is not cancelled.
    pub(crate) fn begin_cancel(&mut self) {
        let Some(reason) = self.cancel.requested.take() else {
            return;
        };
        if self.cancel.reason.is_some() {
            return;
        }
        self.cancel.reason = Some(reason);
        for (_, waiter) in self.cancel.waiters.iter_mut() {
            waiter.fill(());
        }
        self.cancel_activities();
        self.cancel_timers();
        self.cancel_children();
        for (_, condition) in self.conditions.iter_mut() {
            if !condition.shielded {
                condition.slot.fill(Err(Canceled));
            }
        }
        for queue in self.signals.values_mut() {
            queue.cancel();
        }
    }

    /// Whether code in this scope is cancelled.
    pub(crate) fn is_cancelled(&self, shielded: bool) -> bool {
        self.cancel.reason.is_some() && !shielded
    }

    /// A signal arrived.
    pub(crate) fn deliver_signal(&mut self, name: &str, input: Payloads) {
        self.signals.entry(name.to_owned()).or_default().deliver(input);
    }

    /// An update arrived; `accepted` in a replay, where its validator has had its say.
    pub(crate) fn deliver_update(&mut self, request: UpdateRequest, accepted: bool) {
        self.updates.deliver(request, accepted);
    }
}

/// What asked for a command, to tell it the event's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Activity(u64),
    Timer(u64),
    Child(u64),
    External(u64),
    /// Nothing waits for the event.
    Other,
}

/// Names one command that was asked for.
pub(crate) type Ticket = u64;

/// A command whose event was not seen yet.
pub(crate) struct Issued {
    ticket: Ticket,
    pub(crate) command: Command,
    pub(crate) origin: Origin,
    sent: bool,
}

/// The commands whose events were not seen yet, in the order they were asked for.
#[derive(Default)]
pub(crate) struct Outgoing {
    queue: VecDeque<Issued>,
    next: Ticket,
}

impl Outgoing {
    fn push(&mut self, command: Command, origin: Origin) -> Ticket {
        self.next += 1;
        self.queue.push_back(Issued { ticket: self.next, command, origin, sent: false });
        self.next
    }

    /// Takes a command back that has not left the process.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) -> bool {
        let before = self.queue.len();
        self.queue.retain(|issued| issued.sent || issued.ticket != ticket);
        self.queue.len() < before
    }

    /// The oldest command.
    pub(crate) fn front(&self) -> Option<&Issued> {
        self.queue.front()
    }

    /// Its event was seen.
    pub(crate) fn pop(&mut self) -> Option<Issued> {
        self.queue.pop_front()
    }

    /// The workflow task is over: nothing can be taken back any more.
    pub(crate) fn mark_sent(&mut self) {
        for issued in self.queue.iter_mut().rev().take_while(|issued| !issued.sent) {
            issued.sent = true;
        }
    }

    /// The commands that have not left the process.
    pub(crate) fn unsent(&self) -> Vec<Command> {
        let unsent = self.queue.iter().filter(|issued| !issued.sent);
        unsent.map(|issued| issued.command.clone()).collect()
    }

    /// Whether this kind of command is the oldest.
    pub(crate) fn front_kind(&self) -> Option<&CommandKind> {
        self.front().map(|issued| &issued.command.kind)
    }
}

/// Things that futures wait for, by the number they were given, and by their event's.
pub(crate) struct Operations<T> {
    last: u64,
    by_number: BTreeMap<u64, T>,
    by_event: HashMap<EventId, u64>,
}

impl<T> Default for Operations<T> {
    fn default() -> Self {
        Self { last: 0, by_number: BTreeMap::new(), by_event: HashMap::new() }
    }
}

impl<T> Operations<T> {
    /// The number that the next one gets, from 1.
    pub(crate) fn take_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn insert(&mut self, number: u64, operation: T) {
        self.by_number.insert(number, operation);
    }

    /// Adds one under a fresh number.
    pub(crate) fn add(&mut self, operation: T) -> u64 {
        let number = self.take_number();
        self.insert(number, operation);
        number
    }

    /// Its command became this event.
    pub(crate) fn bind(&mut self, number: u64, event_id: EventId) {
        if self.by_number.contains_key(&number) {
            self.by_event.insert(event_id, number);
        }
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.by_number.get_mut(&number)
    }

    /// The one that the event started, unless nobody waits for it any more.
    pub(crate) fn by_event(&mut self, event_id: EventId) -> Option<&mut T> {
        let number = self.by_event.get(&event_id)?;
        self.by_number.get_mut(number)
    }

    /// Forgets one, and the event that started it.
    pub(crate) fn remove(&mut self, number: u64, event_id: Option<EventId>) -> Option<T> {
        if let Some(event_id) = event_id {
            self.by_event.remove(&event_id);
        }
        self.by_number.remove(&number)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        self.by_number.iter_mut().map(|(number, operation)| (*number, operation))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.by_number.iter().map(|(number, operation)| (*number, operation))
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.by_number.keys().copied().collect()
    }
}
