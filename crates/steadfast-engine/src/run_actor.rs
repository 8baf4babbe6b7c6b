//! The actor of one run. Its loop: gather what waits, decide, append with the expected sequence; on
//! the acknowledgement take the new state, answer, run the effects.
//!
//! Invariants: nothing leaves before the acknowledgement (DUR-1); on a wrong sequence the actor is
//! fenced and stops (FENCE-1); on an unknown outcome it stops, and is rebuilt from the log.

mod after;
mod append;
mod draft;
pub(crate) mod effects;
mod embedded;
mod history;
mod later;
mod open;
mod queries;
mod recover;
mod settle;
mod waiters;

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use steadfast_core::{Record, Run, Timestamp};

use self::{
    after::After,
    append::Outcome,
    draft::Decided,
    history::{Ahead, EventTail},
    queries::Queries,
    waiters::Waiters,
};
use crate::{
    context::{PartitionState, Shared},
    embedded::WorkflowHost,
    ports::{Expected, Sequence},
    request::{Answer, Request},
    slot::{Batch, Slot},
    supervise::RunFailure,
};

/// Something waits in the inbox, or is due.
pub(crate) struct Wake;

/// The actor.
pub(crate) struct RunActor;

/// Where an actor works.
#[derive(Clone)]
pub(crate) struct Arguments {
    shared: Arc<Shared>,
    partition: Arc<PartitionState>,
    slot: Arc<Slot>,
}

impl Arguments {
    pub(crate) fn new(
        shared: Arc<Shared>,
        partition: Arc<PartitionState>,
        slot: Arc<Slot>,
    ) -> Self {
        Self { shared, partition, slot }
    }

    fn now(&self) -> Timestamp {
        self.shared.world.clock.now()
    }
}

/// The actor's state: nothing until it is read from the log, or begun.
pub(crate) struct State {
    ctx: Arguments,
    live: Option<Live>,
}

/// A run in memory.
pub(crate) struct Live {
    /// The folded state, as the log has it.
    run: Arc<Run>,
    /// The place of its last record; the fence of the next one.
    sequence: Sequence,
    /// The newest events.
    events: EventTail,
    /// Older events that somebody reads page by page.
    ahead: Ahead,
    /// Who waits for news.
    waiters: Waiters,
    /// Questions to the workflow's code.
    queries: Queries,
    /// Messages of a closed run that are not answered for.
    owed: usize,
    /// The log knows that nothing is owed.
    retired: bool,
    /// Records since the last snapshot.
    unsaved: u64,
    /// When the last request came.
    busy_at: Timestamp,
    /// Who wants it to remove itself in this turn.
    expire: Option<Answer<bool>>,
    /// Why this actor must end once the turn is over.
    failure: Option<RunFailure>,
    /// Code for this run in this process; it forgets the run when this is dropped.
    host: Option<Hosted>,
}

/// A workflow host that may have cached the run.
struct Hosted {
    host: Arc<dyn WorkflowHost>,
    slot: Arc<Slot>,
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.host.evict(self.slot.key());
    }
}

impl Actor for RunActor {
    type Msg = Wake;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Wake>,
        ctx: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { ctx, live: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Wake>,
        _message: Wake,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if Box::pin(state.turn()).await? == Next::Stop {
            myself.stop(None);
        }
        Ok(())
    }
}

/// Whether the actor goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Continue,
    Stop,
}

impl State {
    /// One turn of the loop.
    async fn turn(&mut self) -> Result<Next, RunFailure> {
        let ctx = self.ctx.clone();
        let mut batch = ctx.slot.take(ctx.shared.config.transition_inputs_max);
        // Taken out for the turn: whatever goes wrong, half-done state does not stay.
        let live = match self.live.take() {
            Some(live) => Some(live),
            None => match open::first_open(&mut batch) {
                Some(open) => return self.begin(open, batch).await,
                None => recover::load(&ctx, &mut batch).await?,
            },
        };
        let Some(mut live) = live else {
            return Ok(Next::Stop);
        };
        live.step(&ctx, batch).await?;
        let next = live.settle(&ctx).await?;
        self.live = (next == Next::Continue).then_some(live);
        Ok(next)
    }

    async fn begin(
        &mut self,
        open: Box<crate::request::Open>,
        batch: Batch,
    ) -> Result<Next, RunFailure> {
        let ctx = self.ctx.clone();
        let Some(mut live) = open::open(&ctx, open, batch).await? else {
            return Ok(Next::Stop);
        };
        let next = live.settle(&ctx).await?;
        self.live = (next == Next::Continue).then_some(live);
        Ok(next)
    }
}

impl Live {
    fn new(run: Run, sequence: Sequence, events: EventTail, ctx: &Arguments) -> Self {
        let hosts = &ctx.shared.hosts;
        let host = hosts.workflow_host(&run).map(|host| Hosted { host, slot: ctx.slot.clone() });
        Self {
            run: Arc::new(run),
            sequence,
            events,
            ahead: Ahead::default(),
            waiters: Waiters::default(),
            queries: Queries::default(),
            owed: 0,
            retired: false,
            unsaved: 0,
            busy_at: ctx.now(),
            expire: None,
            failure: None,
            host,
        }
    }

    /// Decides about a batch, makes it durable, and only then acts on it.
    async fn step(&mut self, ctx: &Arguments, batch: Batch) -> Result<(), RunFailure> {
        if !batch.requests.is_empty() {
            self.busy_at = ctx.now();
        }
        if self.only_reads(ctx, &batch) {
            for request in batch.requests {
                if let Request::Read(read) = request {
                    self.read(ctx, read).await;
                }
            }
            return Ok(());
        }
        self.prepare_host(ctx).await?;
        let decided = self.decide(ctx, batch);
        if decided.record.entries.is_empty() {
            return self.commit(ctx, decided, None).await;
        }
        if self.retired {
            // A takeover must find it again: this record makes it owe something.
            self.unretire(ctx).await?;
        }
        let record = decided.record.clone();
        let expected = Expected::Run(self.sequence);
        match append::append(ctx, record, &decided.run, expected).await? {
            Outcome::Durable(sequence) => self.commit(ctx, decided, Some(sequence)).await,
            Outcome::WrongSequence => Err(RunFailure::Fenced),
            Outcome::TooLarge { bytes, max } => {
                self.host = None;
                self.refuse_too_large(ctx, decided.after, bytes, max);
                Ok(())
            }
        }
    }

    /// When the run must be told the time. A closed run's callbacks wait for what it owes other runs.
    fn deadline(&self, run: &Run) -> Option<Timestamp> {
        if !run.status.is_open() && self.owed > 0 {
            return None;
        }
        run.next_deadline()
    }

    /// Whether the batch changes nothing, and nothing is due.
    fn only_reads(&self, ctx: &Arguments, batch: &Batch) -> bool {
        let due = self.deadline(&self.run).is_some_and(|at| at <= ctx.now());
        let host_may_work = self.run.pending_task().is_some()
            && (self.host.is_some() || ctx.shared.hosts.workflow_host(&self.run).is_some());
        let mut requests = batch.requests.iter();
        !due && !host_may_work && requests.all(|request| matches!(request, Request::Read(_)))
    }

    /// The record is durable: this is the state now, and everybody may know.
    async fn commit(
        &mut self,
        ctx: &Arguments,
        decided: Decided,
        sequence: Option<Sequence>,
    ) -> Result<(), RunFailure> {
        let Decided { run, record, effects, after } = decided;
        let was_open = self.run.status.is_open();
        ctx.shared.spans.transition(&self.run, &run, &record);
        self.run = Arc::new(run);
        if let Some(sequence) = sequence {
            self.took(ctx, &record, sequence);
        }
        if !self.run.status.is_open() && sequence.is_some() {
            self.owed += effects.iter().filter(|effect| effects::is_send(effect)).count();
            if was_open {
                ctx.shared.metrics.runs_closed.add(1, &[]);
            }
        }
        let mut reads = Vec::new();
        for after in after {
            if let After::Read(read) = after {
                reads.push(read);
            } else {
                self.settle_after(ctx, after).await;
            }
        }
        self.run_effects(ctx, effects);
        for read in reads {
            self.read(ctx, read).await;
        }
        self.waiters.wake(&self.run, &self.events);
        self.dispatch_queries(ctx);
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Temporal ends a run at this length; here it goes on, and its operator hears of it once.
    fn warn_of_long_history(&self, ctx: &Arguments, record: &Record) {
        let max = ctx.shared.config.history_events_warn;
        let events = self.run.next_event_id - 1;
        let before = events - i64::try_from(record.events().count()).unwrap_or(0);
        if before < max && events >= max {
            let key = self.run.key();
            tracing::warn!(
                namespace = %key.namespace,
                workflow_id = %key.workflow_id,
                run_id = %key.run_id,
                events,
                bytes = self.run.history_bytes,
                "history is very long, the workflow should continue as new"
            );
        }
    }

    fn took(&mut self, ctx: &Arguments, record: &Record, sequence: Sequence) {
        self.sequence = sequence;
        self.warn_of_long_history(ctx, record);
        self.unsaved += 1;
        ctx.slot.set_sequence(sequence);
        self.events.extend(record.events(), ctx.shared.config.history_cache_events);
    }
}
