//! A worker's process shuts down: its polls end, and nothing waits for it any more.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Namespace, TaskQueue};
use tokio::time::Instant;

use super::{Handed, Matching, Poller, QueueKey, Reference};
use crate::{api::TaskKind, sync::lock};

/// Processes that are remembered as shutting down.
const ENDED_MAX: usize = 1_000;
/// For how long: longer than any poll of theirs can be under way.
const ENDED_FOR: Duration = Duration::from_secs(300);

impl Matching {
    /// Ends the polls of a worker's process, and all at its sticky queue; answers with the tasks that
    /// waited there.
    pub(crate) fn end_worker(
        &self,
        namespace: &Namespace,
        sticky_queue: &TaskQueue,
        instance_key: &str,
    ) -> Vec<Reference> {
        let mut polls = Vec::new();
        if !instance_key.is_empty() {
            self.note_ended(instance_key);
            polls = self.polls_of(namespace, instance_key);
        }
        let (namespace, task_queue) = (namespace.clone(), sticky_queue.clone());
        let key = QueueKey { namespace, task_queue, kind: TaskKind::Workflow };
        let sticky = lock(&self.queues).get(&key).filter(|_| !sticky_queue.is_empty()).cloned();
        let mut stranded = Vec::new();
        if let Some(queue) = sticky {
            let mut queue = lock(&queue);
            queue.pollers.last_poll = None;
            polls.extend(queue.pollers.take_out(None));
            stranded.extend(std::iter::from_fn(|| queue.take_task()));
        }
        for poll in polls {
            // Whoever went away already need not be told.
            drop(poll.hand.send(Handed::Nothing));
        }
        stranded
    }

    fn polls_of(&self, namespace: &Namespace, instance_key: &str) -> Vec<Poller> {
        let queues: Vec<Arc<_>> = {
            let queues = lock(&self.queues);
            let own = queues.iter().filter(|(key, _)| key.namespace == *namespace);
            own.map(|(_, queue)| queue.clone()).collect()
        };
        queues.iter().flat_map(|queue| lock(queue).pollers.take_out(Some(instance_key))).collect()
    }

    fn note_ended(&self, instance_key: &str) {
        let mut ended = lock(&self.ended);
        while ended.len() >= ENDED_MAX
            || ended.front().is_some_and(|(_, at)| at.elapsed() >= ENDED_FOR)
        {
            ended.pop_front();
        }
        ended.push_back((instance_key.to_owned(), Instant::now()));
    }

    /// Whether a worker's process is shutting down.
    pub(crate) fn has_ended(&self, instance_key: &str) -> bool {
        !instance_key.is_empty()
            && lock(&self.ended)
                .iter()
                .any(|(key, at)| key == instance_key && at.elapsed() < ENDED_FOR)
    }
}
