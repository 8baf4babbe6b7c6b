//! Task queues: where references to pending tasks meet waiting polls.
//!
//! A queue holds no tasks, only references: the task is in its run's state, and the run decides
//! whether the reference is still good (a stale one is refused, and the poll goes on). So queues
//! are derived: what is lost with the process is offered again from the runs. Queues are plain values
//! behind locks, not actors: a run asks them for a waiting poll in the middle of a decision, which
//! must cost nothing.

mod ending;
mod poll;
mod pollers;
mod queue;
mod rates;
mod starved;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use steadfast_core::{EventId, Identity, Namespace, RequestId, TaskQueue, Timestamp};
use tokio::{sync::oneshot, time::Instant};

pub(crate) use self::poll::{give_back, give_back_token, poll};
use self::queue::Queue;
use crate::{
    api::{EngineError, Poll, PolledActivityTask, PolledWorkflowTask, QueueDescription, TaskKind},
    slot::Slot,
    sync::lock,
};

/// A queue's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QueueKey {
    pub(crate) namespace: Namespace,
    pub(crate) task_queue: TaskQueue,
    pub(crate) kind: TaskKind,
}

/// A pending task, by name.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) slot: Arc<Slot>,
    pub(crate) task: TaskName,
    /// Its line, from the most urgent, 0.
    pub(crate) line: usize,
}

/// What a reference refers to in its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskName {
    /// A workflow task.
    Workflow { scheduled_event_id: EventId, attempt: i32 },
    /// An activity attempt; with a request id when an earlier poll started it and went away.
    Activity { scheduled_event_id: EventId, attempt: i32, started_by: Option<RequestId> },
    /// A query with no workflow task to ride on.
    Query { id: String },
}

/// A worker that waits.
pub(crate) struct Poller {
    pub(crate) identity: Identity,
    pub(crate) request_id: RequestId,
    /// The worker's process, if it says.
    pub(crate) instance_key: String,
    pub(crate) hand: oneshot::Sender<Handed>,
}

/// What a worker is handed.
pub(crate) enum Handed {
    Workflow(Box<PolledWorkflowTask>),
    Activity(Box<PolledActivityTask>),
    /// Its process is shutting down: no task, and no need to wait for one.
    Nothing,
}

/// A reference and a poll that met: the run decides.
pub(crate) struct Match {
    pub(crate) queue: QueueKey,
    pub(crate) reference: Reference,
    pub(crate) poller: Poller,
}

/// All task queues of the node.
pub(crate) struct Matching {
    queues: Mutex<HashMap<QueueKey, Arc<Mutex<Queue>>>>,
    /// Processes that are shutting down, and since when.
    ended: Mutex<VecDeque<(String, Instant)>>,
    bounds: Bounds,
}

/// The queues' bounds, from the config.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) tasks_max: usize,
    pub(crate) pollers_max: usize,
    pub(crate) sticky_gone: Duration,
    pub(crate) linger: Duration,
}

impl Matching {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { queues: Mutex::default(), ended: Mutex::default(), bounds }
    }

    /// Offers a task: either it meets a waiting poll at once, or it waits.
    pub(crate) fn offer(&self, key: QueueKey, reference: Reference) -> Option<Match> {
        let queue = self.queue(&key);
        let mut queue = lock(&queue);
        queue.count_added();
        match queue.dispatch_poller() {
            Some(poller) => Some(Match { queue: key, reference, poller }),
            None => {
                queue.push_task(reference, self.bounds.tasks_max);
                queue.unwanted.notify_waiters();
                None
            }
        }
    }

    /// A poll comes: either it meets a waiting task at once, or it waits. The second answer is how
    /// often it must look again, where tasks are held back by a limit.
    pub(crate) fn poll(
        &self,
        key: &QueueKey,
        poller: Poller,
        poll: &Poll,
        now: Timestamp,
    ) -> Result<(Option<Match>, Option<Duration>), EngineError> {
        let queue = self.queue(key);
        let mut queue = lock(&queue);
        queue.pollers.note(&poller, poll.max_tasks_per_second, poll.capabilities.clone(), now);
        if let Some(per_second) = poll.max_tasks_per_second {
            queue.limit_to(per_second);
        }
        let pace = queue.pace();
        if let Some(reference) = queue.dispatch_task() {
            return Ok((Some(Match { queue: key.clone(), reference, poller }), pace));
        }
        let max = self.bounds.pollers_max;
        let pushed = queue.pollers.push(poller, max);
        pushed.map_err(|()| EngineError::Exhausted { what: "the task queue's polls", max })?;
        Ok((None, pace))
    }

    /// Where a limit held tasks back that may go now: the first of them, with a waiting poll.
    pub(crate) fn look_again(&self, key: &QueueKey) -> Option<Match> {
        let queue = lock(&self.queues).get(key).cloned()?;
        let mut queue = lock(&queue);
        if !queue.pollers.any() {
            return None;
        }
        let reference = queue.dispatch_task()?;
        let poller = queue.pollers.take()?;
        Some(Match { queue: key.clone(), reference, poller })
    }

    /// A poll whose reference was stale goes on; what the stale one used of a limit is lost.
    pub(crate) fn again(&self, key: &QueueKey, poller: Poller) -> Option<Match> {
        if poller.hand.is_closed() {
            return None;
        }
        let queue = self.queue(key);
        let mut queue = lock(&queue);
        match queue.dispatch_task() {
            Some(reference) => Some(Match { queue: key.clone(), reference, poller }),
            None => {
                queue.pollers.push_first(poller);
                None
            }
        }
    }

    /// A waiting poll, for a task that is being decided right now.
    pub(crate) fn reserve(&self, key: &QueueKey) -> Option<Poller> {
        let queue = lock(&self.queues).get(key).cloned()?;
        let mut queue = lock(&queue);
        if queue.has_tasks() {
            return None;
        }
        let poller = queue.dispatch_poller()?;
        queue.count_added();
        Some(poller)
    }

    /// What a poll that got a task after this long should know: tasks that still wait, and whether
    /// to poll more or less.
    pub(crate) fn hint(&self, key: &QueueKey, waited: Duration) -> (usize, i32) {
        let Some(queue) = lock(&self.queues).get(key).cloned() else {
            return (0, 0);
        };
        let mut queue = lock(&queue);
        (queue.backlog(), queue.scaling(waited))
    }

    /// A queue, for people.
    pub(crate) fn describe(&self, key: &QueueKey) -> QueueDescription {
        let queue = lock(&self.queues).get(key).cloned();
        queue.map_or_else(QueueDescription::default, |queue| lock(&queue).describe())
    }

    /// Whether a worker polls this queue, or did so a moment ago.
    pub(crate) fn is_alive(&self, key: &QueueKey) -> bool {
        let Some(queue) = lock(&self.queues).get(key).cloned() else {
            return false;
        };
        let mut queue = lock(&queue);
        queue.pollers.any()
            || queue.pollers.last_poll.is_some_and(|at| at.elapsed() < self.bounds.sticky_gone)
    }

    /// Takes everything out of a queue.
    pub(crate) fn drain(&self, key: &QueueKey) -> Vec<Reference> {
        let Some(queue) = lock(&self.queues).get(key).cloned() else {
            return Vec::new();
        };
        let mut queue = lock(&queue);
        std::iter::from_fn(|| queue.take_task()).collect()
    }

    /// Takes an activity's reference back, where that is cheap; else it is refused as stale.
    pub(crate) fn withdraw(&self, key: &QueueKey, slot: &Arc<Slot>, scheduled: EventId) {
        if let Some(queue) = lock(&self.queues).get(key).cloned() {
            lock(&queue).withdraw(slot, scheduled);
        }
    }

    /// Forgets references to runs that are gone, and queues that nobody uses.
    pub(crate) fn sweep(&self) {
        let linger = self.bounds.linger;
        lock(&self.queues).retain(|_, queue| {
            let shared = Arc::strong_count(queue) > 1;
            let mut queue = lock(queue);
            queue.prune();
            shared || queue.is_used(linger)
        });
    }

    fn queue(&self, key: &QueueKey) -> Arc<Mutex<Queue>> {
        let mut queues = lock(&self.queues);
        if let Some(queue) = queues.get(key) {
            return queue.clone();
        }
        queues.entry(key.clone()).or_default().clone()
    }
}
