//! The root actor: it supervises partitions and the workers that live in this process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::{
    context::{PartitionState, Shared},
    partition::PartitionActor,
    supervise::policy,
    worker::{Worker, WorkerActor},
};

/// What the root actor is told.
pub(crate) enum Message {
    /// Start a partition.
    StartPartition(Arc<PartitionState>),
    /// Start a worker.
    StartWorker(Arc<Worker>),
    /// Forget queues that nobody uses.
    Sweep,
}

/// The actor.
pub(crate) struct NodeActor;

/// Its state.
pub(crate) struct State {
    shared: Arc<Shared>,
    children: HashMap<ActorId, Child>,
    failures: HashMap<u32, u32>,
}

#[derive(Clone)]
enum Child {
    Partition(Arc<PartitionState>),
    Worker(Arc<Worker>),
}

impl Actor for NodeActor {
    type Msg = Message;
    type State = State;
    type Arguments = Arc<Shared>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        shared: Arc<Shared>,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { shared, children: HashMap::new(), failures: HashMap::new() })
    }

    async fn post_start(
        &self,
        myself: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        for partition in &state.shared.partitions {
            myself.send_message(Message::StartPartition(partition.clone()))?;
        }
        let period = Duration::from_millis(state.shared.config.queue_linger_ms.max(1_000));
        myself.send_interval(period, || Message::Sweep);
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let supervisor = myself.get_cell();
        let shared = state.shared.clone();
        match message {
            Message::StartPartition(partition) => {
                let arguments = (shared, partition.clone());
                let spawned =
                    PartitionActor::spawn_linked(None, PartitionActor, arguments, supervisor).await;
                let (actor, _) = spawned?;
                state.children.insert(actor.get_id(), Child::Partition(partition));
            }
            Message::StartWorker(worker) => {
                let arguments = (shared, worker.clone());
                let spawned =
                    WorkerActor::spawn_linked(None, WorkerActor, arguments, supervisor).await;
                let (actor, _) = spawned?;
                state.children.insert(actor.get_id(), Child::Worker(worker));
            }
            Message::Sweep => state.shared.matching.sweep(),
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

impl State {
    fn ended(&mut self, cell: &ActorCell) {
        self.children.remove(&cell.get_id());
    }

    /// Partitions and workers are always started again: nothing else can do their work.
    fn failed(&mut self, myself: &ActorRef<Message>, cell: &ActorCell, error: &ActorProcessingErr) {
        let Some(child) = self.children.remove(&cell.get_id()) else {
            return;
        };
        if self.shared.stop.is_cancelled() {
            return;
        }
        match child {
            Child::Partition(partition) => {
                let number = partition.number.0;
                let count = self.failures.entry(number).or_default();
                *count = count.saturating_add(1);
                let delay = policy::delay(*count, &self.shared.config);
                tracing::error!(partition = number, %error, ?delay, "partition failed");
                myself.send_after(delay, move || Message::StartPartition(partition));
            }
            Child::Worker(worker) => {
                let delay = policy::delay(1, &self.shared.config);
                tracing::error!(task_queue = %worker.task_queue, %error, ?delay, "worker failed");
                myself.send_after(delay, move || Message::StartWorker(worker));
            }
        }
    }
}
