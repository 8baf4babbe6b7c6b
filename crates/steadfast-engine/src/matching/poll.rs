//! A worker's poll: it waits at its queue until a run hands it a task, or its deadline passes.
//!
//! A poll that its caller abandons gives back what it was handed: the guard's drop tells the run.

use std::{pin::pin, sync::Arc, time::Duration};

use steadfast_core::RequestId;
use tokio::{sync::oneshot, time::Instant};

use super::{Handed, Poller, QueueKey};
use crate::{
    api::{Completed, EngineError, Poll, PollHints, TaskKind, TaskToken},
    context::Shared,
    handle::Deadline,
    request::Request,
};

/// Waits for a task.
pub(crate) async fn poll(
    shared: &Arc<Shared>,
    poll: Poll,
    kind: TaskKind,
    deadline: Deadline,
) -> Result<Option<Handed>, EngineError> {
    let (namespace, task_queue) = (poll.namespace.clone(), poll.task_queue.clone());
    let key = QueueKey { namespace, task_queue, kind };
    let begun = Instant::now();
    let main_queue = shared.matching.main_queue_of(&poll);
    let mut starved = pin!(main_queue.starved());
    loop {
        if shared.stop.is_cancelled() {
            return Err(EngineError::ShuttingDown);
        }
        if shared.matching.has_ended(&poll.worker_instance_key) {
            return Ok(None);
        }
        let (hand, handed) = oneshot::channel();
        let poller = Poller {
            identity: poll.identity.clone(),
            request_id: RequestId::new(shared.world.entropy.uuid()),
            instance_key: poll.worker_instance_key.clone(),
            hand,
        };
        let mut guard = Guard { shared, key: &key, handed: Some(handed) };
        let (found, pace) = shared.matching.poll(&key, poller, &poll, shared.world.clock.now())?;
        if let Some(found) = found {
            shared.hand_over(found);
        }
        match guard.wait(deadline, pace, &mut starved).await {
            Waited::Handed(handed) => return Ok(hinted(shared, &key, begun, handed)),
            Waited::TimedOut => return Ok(None),
            // The run's actor was lost with the poll in its hands.
            Waited::Lost => {}
        }
    }
}

/// The task, with what its worker should know of the queue.
fn hinted(shared: &Shared, key: &QueueKey, begun: Instant, mut handed: Handed) -> Option<Handed> {
    let (backlog, scaling) = shared.matching.hint(key, begun.elapsed());
    let hints = PollHints { backlog, scaling };
    match &mut handed {
        Handed::Workflow(task) => task.hints = hints,
        Handed::Activity(task) => task.hints = hints,
        Handed::Nothing => return None,
    }
    Some(handed)
}

enum Waited {
    Handed(Handed),
    TimedOut,
    Lost,
}

struct Guard<'a> {
    shared: &'a Arc<Shared>,
    key: &'a QueueKey,
    handed: Option<oneshot::Receiver<Handed>>,
}

impl Guard<'_> {
    /// Waits; with a pace it looks now and then whether a limit lets a waiting task go. When `starved`
    /// ends, so does the poll.
    async fn wait(
        &mut self,
        deadline: Deadline,
        pace: Option<Duration>,
        starved: &mut (impl Future<Output = ()> + Unpin),
    ) -> Waited {
        loop {
            let Some(receiver) = self.handed.as_mut() else {
                return Waited::Lost;
            };
            let look = pace.map_or(deadline, |pace| deadline.min(Instant::now() + pace));
            let stop = &self.shared.stop;
            tokio::select! {
                biased;
                handed = &mut *receiver => {
                    self.handed = None;
                    return handed.map_or(Waited::Lost, Waited::Handed);
                }
                () = tokio::time::sleep_until(look) => {}
                () = &mut *starved => return self.last_chance(),
                () = stop.cancelled() => return Waited::Lost,
            }
            if Instant::now() >= deadline {
                return self.last_chance();
            }
            while let Some(found) = self.shared.matching.look_again(self.key) {
                self.shared.hand_over(found);
            }
        }
    }

    /// The poll ends; what was handed over in the same moment still counts.
    fn last_chance(&mut self) -> Waited {
        let Some(mut receiver) = self.handed.take() else {
            return Waited::TimedOut;
        };
        receiver.close();
        receiver.try_recv().map_or(Waited::TimedOut, Waited::Handed)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Some(mut receiver) = self.handed.take() else {
            return;
        };
        receiver.close();
        if let Ok(handed) = receiver.try_recv() {
            give_back(self.shared, handed);
        }
    }
}

impl Completed {
    /// Nobody is there for the tasks in it any more.
    pub(crate) fn give_back(self, shared: &Arc<Shared>) {
        let activities = self.eager.into_iter().map(|task| Handed::Activity(Box::new(task)));
        let next = self.next.into_iter().map(Handed::Workflow);
        for handed in activities.chain(next) {
            give_back(shared, handed);
        }
    }
}

/// Nobody is there for the task any more: its run offers it again.
pub(crate) fn give_back(shared: &Arc<Shared>, handed: Handed) {
    let (token, kind): (TaskToken, _) = match handed {
        Handed::Workflow(task) => (task.token, TaskKind::Workflow),
        Handed::Activity(task) => (task.token, TaskKind::Activity),
        Handed::Nothing => return,
    };
    give_back_token(shared, token, kind);
}

/// The same, of a task that has only its token left.
pub(crate) fn give_back_token(shared: &Arc<Shared>, token: TaskToken, kind: TaskKind) {
    let partition = shared.partition_of(&token.run.namespace, &token.run.workflow_id);
    let workflow = token.run.workflow();
    if let Some(slot) = partition.find(&workflow, &token.run.run_id) {
        // When its inbox is full the task's own deadline brings it back.
        drop(shared.push(&slot, Request::GiveBack(Box::new(token), kind)));
    }
}
