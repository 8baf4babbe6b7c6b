//! The partition's actor: it recovers a history stream's open runs, then starts and supervises
//! their actors.

pub(crate) mod recover;
pub(crate) mod watermark;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::EngineError,
    context::{PartitionState, Shared, Status},
    run_actor::{self, RunActor},
    slot::Slot,
    supervise::{
        policy::{Treatment, treat},
        quarantine::quarantine,
    },
    sync::lock,
    trace::log::log_key,
};

/// What a partition's actor is told.
pub(crate) enum Message {
    /// Read the open runs from the log; the first message.
    Recover,
    /// Start an actor for a slot that waits for one.
    Spawn(Arc<Slot>),
}

/// The actor.
pub(crate) struct PartitionActor;

/// Its state.
pub(crate) struct State {
    shared: Arc<Shared>,
    partition: Arc<PartitionState>,
    runs: HashMap<ActorId, Arc<Slot>>,
    upkeep: Vec<AbortOnDropHandle<()>>,
}

impl Actor for PartitionActor {
    type Msg = Message;
    type State = State;
    type Arguments = (Arc<Shared>, Arc<PartitionState>);

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        (shared, partition): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { shared, partition, runs: HashMap::new(), upkeep: Vec::new() })
    }

    async fn post_start(
        &self,
        myself: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.partition.status.send_replace(Status::Recovering);
        evict_all(&state.partition, || EngineError::Unavailable("restarting".to_owned()));
        *lock(&state.partition.actor) = Some(myself.clone());
        myself.send_message(Message::Recover)?;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Recover => {
                let effects = recover::recover(&state.shared, &state.partition).await?;
                state.start_upkeep();
                state.partition.status.send_replace(Status::Ready);
                recover::perform(&state.shared, effects);
            }
            Message::Spawn(slot) => state.spawn(myself, slot).await?,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(cell, _, _) => state.ended(&cell),
            SupervisionEvent::ActorFailed(cell, error) => state.failed(&myself, &cell, &error),
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

/// Empties the directory; whoever waits is told why.
pub(crate) fn evict_all(partition: &PartitionState, error: impl Fn() -> EngineError) {
    let slots = lock(&partition.directory).drain();
    for slot in slots {
        for request in slot.evict() {
            request.refuse(error());
        }
    }
    partition.timers.clear();
    partition.live.store(0, Ordering::Relaxed);
    *lock(&partition.watermark) = watermark::Watermark::default();
}

impl State {
    async fn spawn(
        &mut self,
        myself: ActorRef<Message>,
        slot: Arc<Slot>,
    ) -> Result<(), ActorProcessingErr> {
        let arguments =
            run_actor::Arguments::new(self.shared.clone(), self.partition.clone(), slot.clone());
        let spawned = RunActor::spawn_linked(None, RunActor, arguments, myself.get_cell()).await;
        let (actor, _) = spawned?;
        self.runs.insert(actor.get_id(), slot.clone());
        self.partition.live.fetch_add(1, Ordering::Relaxed);
        self.shared.metrics.live_runs.add(1, &[]);
        slot.set_awake(actor);
        Ok(())
    }

    fn forget(&mut self, cell: &ActorCell) -> Option<Arc<Slot>> {
        let slot = self.runs.remove(&cell.get_id())?;
        self.partition.live.fetch_sub(1, Ordering::Relaxed);
        self.shared.metrics.live_runs.add(-1, &[]);
        Some(slot)
    }

    /// An actor left memory as it should; if it was stopped in mid-work, it is started again.
    fn ended(&mut self, cell: &ActorCell) {
        self.forget(cell);
    }

    fn failed(&mut self, myself: &ActorRef<Message>, cell: &ActorCell, error: &ActorProcessingErr) {
        let Some(slot) = self.forget(cell) else {
            return;
        };
        if !slot.restarting() {
            return;
        }
        let config = &self.shared.config;
        let treatment = slot.with_failures(|failures, at| treat(error, failures, at, config));
        let (key, sequence) = (slot.key(), slot.sequence());
        log_key!(warn, key, sequence, %error, ?treatment, "run actor failed");
        match treatment {
            Treatment::RestartAfter(delay) => {
                myself.send_after(delay, move || Message::Spawn(slot));
            }
            Treatment::Rest => {
                for request in slot.rest() {
                    request.refuse(EngineError::Unavailable(error.to_string()));
                }
                // If this is still the owner, the run's deadlines must not be forgotten.
                let later = Duration::from_millis(config.restart_backoff_max_ms);
                let at = self.shared.world.clock.now() + later.into();
                self.partition.timers.arm(&slot, Some(at));
            }
            Treatment::Quarantine(reason) => quarantine(&self.shared, &slot, reason),
        }
    }

    fn start_upkeep(&mut self) {
        let (shared, partition) = (self.shared.clone(), self.partition.clone());
        let timers = async move {
            let clock = shared.world.clock.clone();
            let fire = |slot: &Arc<Slot>| shared.follow(slot, slot.tick());
            partition.timers.run(clock.as_ref(), fire).await;
        };
        let (shared, partition) = (self.shared.clone(), self.partition.clone());
        let checkpoints = async move {
            loop {
                tokio::time::sleep(Duration::from_millis(shared.config.checkpoint_ms)).await;
                checkpoint(&shared, &partition).await;
            }
        };
        self.upkeep = vec![
            AbortOnDropHandle::new(tokio::spawn(timers)),
            AbortOnDropHandle::new(tokio::spawn(checkpoints)),
        ];
    }
}

async fn checkpoint(shared: &Shared, partition: &PartitionState) {
    let Some(through) = lock(&partition.watermark).advance() else {
        return;
    };
    if let Err(error) = shared.world.log.checkpoint(partition.number, through).await {
        tracing::warn!(partition = partition.number.0, %error, "failed to note a checkpoint");
    }
}
