//! Workflow code in this process, by where its tasks go.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use steadfast_core::{Namespace, Run, TaskQueue, WorkflowType};

use crate::embedded::WorkflowHost;

type HostKey = (Namespace, TaskQueue, WorkflowType);

/// The workflow hosts of this process.
#[derive(Default)]
pub(crate) struct Hosts {
    workflows: RwLock<HashMap<HostKey, Arc<dyn WorkflowHost>>>,
}

impl Hosts {
    /// From now on this host runs its workflow types on this queue.
    pub(crate) fn add(
        &self,
        namespace: &Namespace,
        task_queue: &TaskQueue,
        host: &Arc<dyn WorkflowHost>,
    ) {
        let mut workflows = self.workflows.write().unwrap_or_else(PoisonError::into_inner);
        for workflow_type in host.workflow_types() {
            let key = (namespace.clone(), task_queue.clone(), workflow_type);
            workflows.insert(key, host.clone());
        }
    }

    /// Whether this process runs such workflows.
    pub(crate) fn has_workflow(
        &self,
        namespace: &Namespace,
        task_queue: &TaskQueue,
        workflow_type: &WorkflowType,
    ) -> bool {
        self.find(namespace, task_queue, workflow_type).is_some()
    }

    /// The host of a run.
    pub(crate) fn workflow_host(&self, run: &Run) -> Option<Arc<dyn WorkflowHost>> {
        let started = &run.started;
        self.find(&run.key().namespace, &started.task_queue, &started.workflow_type)
    }

    fn find(
        &self,
        namespace: &Namespace,
        task_queue: &TaskQueue,
        workflow_type: &WorkflowType,
    ) -> Option<Arc<dyn WorkflowHost>> {
        let workflows = self.workflows.read().unwrap_or_else(PoisonError::into_inner);
        if workflows.is_empty() {
            return None;
        }
        let key = (namespace.clone(), task_queue.clone(), workflow_type.clone());
        workflows.get(&key).cloned()
    }
}
