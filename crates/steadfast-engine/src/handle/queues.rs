//! Task queues, for people, and the workers that leave them.

use steadfast_core::{Namespace, TaskQueue};

use super::Engine;
use crate::{
    api::{QueueDescription, TaskKind},
    matching::QueueKey,
};

impl Engine {
    /// Who polls a task queue, and how it goes. A queue that nobody uses is an empty one.
    pub fn describe_task_queue(
        &self,
        namespace: &Namespace,
        task_queue: &TaskQueue,
        kind: TaskKind,
    ) -> QueueDescription {
        let (namespace, task_queue) = (namespace.clone(), task_queue.clone());
        self.shared.matching.describe(&QueueKey { namespace, task_queue, kind })
    }

    /// A worker's process shuts down: its polls end without a task, and workflow tasks that wait at
    /// its sticky queue go to their runs' own queues at once. Either name may be empty.
    pub fn shutdown_worker(
        &self,
        namespace: &Namespace,
        sticky_queue: &TaskQueue,
        worker_instance_key: &str,
    ) {
        let matching = &self.shared.matching;
        for stranded in matching.end_worker(namespace, sticky_queue, worker_instance_key) {
            self.shared.unstick(&stranded.slot);
        }
    }
}
