//! A worker's poll: it waits at its queue until a run hands it a task, or its deadline passes.
//!
//! A poll that its caller abandons gives back what it was handed: the guard's drop tells the run.

use std::sync::Arc;

use steadfast_core::RequestId;
use tokio::sync::oneshot;

use super::{Handed, Poller, QueueKey, TaskKind};
use crate::{
    api::{Completed, EngineError, Poll, TaskToken},
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
    let key = QueueKey { namespace: poll.namespace, task_queue: poll.task_queue, kind };
    loop {
        if shared.stop.is_cancelled() {
            return Err(EngineError::ShuttingDown);
        }
        let (hand, handed) = oneshot::channel();
        let request_id = RequestId::new(shared.world.entropy.uuid());
        let poller = Poller { identity: poll.identity.clone(), request_id, hand };
        let mut guard = Guard { shared, handed: Some(handed) };
        if let Some(found) = shared.matching.poll(&key, poller)? {
            shared.hand_over(found);
        }
        match guard.wait(deadline).await {
            Waited::Handed(handed) => return Ok(Some(handed)),
            Waited::TimedOut => return Ok(None),
            // The run's actor was lost with the poll in its hands.
            Waited::Lost => {}
        }
    }
}

enum Waited {
    Handed(Handed),
    TimedOut,
    Lost,
}

struct Guard<'a> {
    shared: &'a Arc<Shared>,
    handed: Option<oneshot::Receiver<Handed>>,
}

impl Guard<'_> {
    async fn wait(&mut self, deadline: Deadline) -> Waited {
        let Some(receiver) = self.handed.as_mut() else {
            return Waited::Lost;
        };
        let stop = &self.shared.stop;
        tokio::select! {
            biased;
            handed = &mut *receiver => {
                self.handed = None;
                handed.map_or(Waited::Lost, Waited::Handed)
            }
            () = tokio::time::sleep_until(deadline) => self.last_chance(),
            () = stop.cancelled() => Waited::Lost,
        }
    }

    /// The deadline passed; what was handed over in the same moment still counts.
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
