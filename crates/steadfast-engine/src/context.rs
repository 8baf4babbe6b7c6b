//! What all actors of one engine share: the world, the settings, the partitions and the queues.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ractor::ActorRef;
use steadfast_core::{
    EventId, Namespace, RunId, RunKey, TaskQueue, WorkflowId, WorkflowKey, WorkflowType,
};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api::{EngineError, TaskKind},
    callbacks::Rooms,
    config::EngineConfig,
    directory::Directory,
    hosts::Hosts,
    matching::{Bounds, Match, Matching, QueueKey},
    metrics::Metrics,
    node,
    partition::{self, watermark::Watermark},
    ports::{Partition, RunAddress},
    request::Request,
    routing,
    slot::{Pushed, Refused, Slot},
    sync::lock,
    timers::Timers,
    trace::spans::Spans,
    worker::Services,
    world::World,
};

/// What all actors of one engine share.
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) config: EngineConfig,
    pub(crate) partitions: Vec<Arc<PartitionState>>,
    pub(crate) matching: Matching,
    pub(crate) hosts: Hosts,
    pub(crate) metrics: Metrics,
    pub(crate) spans: Spans,
    /// Set when the engine stops.
    pub(crate) stop: CancellationToken,
    /// Owns the tasks that deliver messages between runs.
    pub(crate) tracker: TaskTracker,
    /// Messages that are being delivered, so that none is sent twice at a time.
    pub(crate) deliveries: Mutex<HashSet<(RunKey, EventId, &'static str)>>,
    /// How many completion callbacks are tried at a time.
    pub(crate) callback_rooms: Rooms,
    /// The root actor, once it runs.
    pub(crate) node: Mutex<Option<ActorRef<node::Message>>>,
    /// Which service queues have a worker.
    pub(crate) services: Services,
}

/// One partition, as everybody sees it.
pub(crate) struct PartitionState {
    pub(crate) number: Partition,
    pub(crate) timers: Timers,
    pub(crate) watermark: Mutex<Watermark>,
    pub(crate) wakeups: Semaphore,
    /// Snapshots of runs that are about to leave memory.
    pub(crate) passivations: Semaphore,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) directory: Mutex<Directory>,
    pub(crate) actor: Mutex<Option<ActorRef<partition::Message>>>,
    pub(crate) live: AtomicUsize,
}

/// Runs of one partition that save their snapshots at a time before they leave memory.
const PASSIVATIONS_MAX: usize = 64;

/// Whether a partition takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is being recovered; requests wait.
    Recovering,
    /// It serves.
    Ready,
}

impl PartitionState {
    fn new(number: Partition, config: &EngineConfig) -> Arc<Self> {
        Arc::new(Self {
            number,
            timers: Timers::default(),
            watermark: Mutex::default(),
            wakeups: Semaphore::new(config.wakeups_max.max(1)),
            passivations: Semaphore::new(PASSIVATIONS_MAX),
            status: watch::Sender::new(Status::Recovering),
            directory: Mutex::default(),
            actor: Mutex::default(),
            live: AtomicUsize::new(0),
        })
    }

    /// The slot of a run, or with an empty run id of the current run, if it is in memory.
    pub(crate) fn find(&self, workflow: &WorkflowKey, run_id: &RunId) -> Option<Arc<Slot>> {
        let directory = lock(&self.directory);
        if run_id.is_empty() {
            directory.current(workflow)
        } else {
            directory.find(workflow, run_id)
        }
    }

    /// The slot of a run; a new one when it is not in memory.
    pub(crate) fn find_or_insert(&self, address: RunAddress, sequence: u64) -> Arc<Slot> {
        let mut directory = lock(&self.directory);
        if let Some(slot) = directory.find(&address.key.workflow(), &address.key.run_id) {
            return slot;
        }
        let slot = Slot::new(address, sequence);
        directory.insert(slot.clone());
        slot
    }

    /// The run is the current one of its workflow from now on.
    pub(crate) fn set_current(&self, slot: &Arc<Slot>) {
        lock(&self.directory).set_current(slot);
    }

    /// Takes a slot out of memory, unless something waits in it.
    pub(crate) fn remove(&self, slot: &Arc<Slot>) -> bool {
        let mut directory = lock(&self.directory);
        if !slot.leave() {
            return false;
        }
        directory.remove(slot);
        drop(directory);
        self.timers.arm(slot, None);
        true
    }

    /// Where a run of this partition lies.
    pub(crate) fn address(&self, key: RunKey, workflow_type: WorkflowType) -> RunAddress {
        RunAddress { partition: self.number, key, workflow_type }
    }
}

impl Shared {
    pub(crate) fn new(config: EngineConfig, world: World) -> Arc<Self> {
        let partitions = (0..config.partitions)
            .map(|number| PartitionState::new(Partition(number), &config))
            .collect();
        let bounds = Bounds {
            tasks_max: config.queue_tasks_max,
            pollers_max: config.queue_pollers_max,
            sticky_gone: Duration::from_millis(config.sticky_gone_ms),
            linger: Duration::from_millis(config.queue_linger_ms),
        };
        let callback_rooms = Rooms::new(&config);
        Arc::new(Self {
            world,
            config,
            partitions,
            matching: Matching::new(bounds),
            hosts: Hosts::default(),
            metrics: Metrics::new(),
            spans: Spans::new(),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
            deliveries: Mutex::default(),
            callback_rooms,
            node: Mutex::default(),
            services: Services::default(),
        })
    }

    /// The partition that a workflow belongs to.
    pub(crate) fn partition_of(
        &self,
        namespace: &Namespace,
        workflow_id: &WorkflowId,
    ) -> &Arc<PartitionState> {
        let partition = routing::partition_of(namespace, workflow_id, self.config.partitions);
        &self.partitions[partition.0 as usize]
    }

    /// Puts a request in front of a run, and sees to it that an actor takes it.
    pub(crate) fn push(
        &self,
        slot: &Arc<Slot>,
        request: Request,
    ) -> Result<(), (Request, Refused)> {
        let max = self.config.run_inbox_max;
        match slot.push(request, max) {
            Ok(pushed) => {
                self.follow(slot, pushed);
                Ok(())
            }
            Err((request, refused)) => {
                if refused == Refused::Full {
                    self.metrics.inbox_rejections.add(1, &[]);
                }
                Err((request, refused))
            }
        }
    }

    /// Does what a slot said must be done.
    pub(crate) fn follow(&self, slot: &Arc<Slot>, pushed: Pushed) {
        match pushed {
            Pushed::Told => {}
            Pushed::NeedsActor => {
                let partition = &self.partitions[slot.address.partition.0 as usize];
                if let Some(actor) = lock(&partition.actor).as_ref() {
                    // A partition that is ending evicts its slots and refuses what waits there.
                    drop(actor.send_message(partition::Message::Spawn(slot.clone())));
                }
            }
        }
    }

    /// Whether a partition has room for one more run in memory.
    pub(crate) fn admit(&self, partition: &PartitionState) -> Result<(), EngineError> {
        let max = self.config.live_runs_max;
        if partition.live.load(Ordering::Relaxed) < max {
            return Ok(());
        }
        self.metrics.inbox_rejections.add(1, &[]);
        Err(EngineError::Exhausted { what: "the partition's live runs", max })
    }

    /// Wakes the runs whose workflow tasks wait in a queue: a host of this process takes them.
    pub(crate) fn wake_queue(&self, namespace: Namespace, task_queue: TaskQueue) {
        let key = QueueKey { namespace, task_queue, kind: TaskKind::Workflow };
        for reference in self.matching.drain(&key) {
            let slot = reference.slot.clone();
            let hosted = &slot.address.workflow_type;
            if self.hosts.has_workflow(&key.namespace, &key.task_queue, hosted) {
                self.follow(&slot, slot.wake());
            } else if let Some(found) = self.matching.offer(key.clone(), reference) {
                self.hand_over(found);
            }
        }
    }

    /// The cache holder of a run is gone: its workflow tasks go to its own queue.
    pub(crate) fn unstick(&self, slot: &Arc<Slot>) {
        let reset = Box::new(steadfast_core::Input::ResetSticky);
        // A run whose inbox is full waits for the sticky queue's own timeout.
        drop(self.push(slot, Request::Input(reset, None)));
    }

    /// Lets a run decide about a poll and a task that met. A run that takes no requests leaves the
    /// poll to the next task.
    pub(crate) fn hand_over(&self, found: Match) {
        let mut next = Some(found);
        while let Some(found) = next.take() {
            let slot = found.reference.slot.clone();
            let Err((Request::Take(found), _)) = self.push(&slot, Request::Take(Box::new(found)))
            else {
                return;
            };
            next = self.matching.again(&found.queue, found.poller);
        }
    }
}
