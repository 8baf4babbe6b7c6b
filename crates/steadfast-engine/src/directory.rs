//! Which runs a partition has in memory, by workflow: the current run, and others that somebody
//! asks about. Every open run of the partition is here; a closed one only for as long as it is used.

use std::{collections::HashMap, sync::Arc};

use steadfast_core::{RunId, WorkflowKey};

use crate::slot::Slot;

/// The slots of one partition.
#[derive(Default)]
pub(crate) struct Directory {
    workflows: HashMap<WorkflowKey, Runs>,
}

#[derive(Default)]
struct Runs {
    current: Option<Arc<Slot>>,
    others: Vec<Arc<Slot>>,
}

impl Directory {
    /// The slot of the workflow's current run, if one is in memory.
    pub(crate) fn current(&self, workflow: &WorkflowKey) -> Option<Arc<Slot>> {
        self.workflows.get(workflow)?.current.clone()
    }

    /// The slot of one run, if it is in memory.
    pub(crate) fn find(&self, workflow: &WorkflowKey, run_id: &RunId) -> Option<Arc<Slot>> {
        let runs = self.workflows.get(workflow)?;
        let mut all = runs.current.iter().chain(&runs.others);
        all.find(|slot| slot.key().run_id == *run_id).cloned()
    }

    /// Adds a run that is not (yet) the current one.
    pub(crate) fn insert(&mut self, slot: Arc<Slot>) {
        self.workflows.entry(slot.key().workflow()).or_default().others.push(slot);
    }

    /// Makes a run the workflow's current one.
    pub(crate) fn set_current(&mut self, slot: &Arc<Slot>) {
        let runs = self.workflows.entry(slot.key().workflow()).or_default();
        runs.others.retain(|other| !Arc::ptr_eq(other, slot));
        if runs.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, slot)) {
            return;
        }
        if let Some(before) = runs.current.replace(slot.clone()) {
            runs.others.push(before);
        }
    }

    /// Takes a run out.
    pub(crate) fn remove(&mut self, slot: &Arc<Slot>) {
        let workflow = slot.key().workflow();
        let Some(runs) = self.workflows.get_mut(&workflow) else {
            return;
        };
        runs.others.retain(|other| !Arc::ptr_eq(other, slot));
        if runs.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, slot)) {
            runs.current = None;
        }
        if runs.current.is_none() && runs.others.is_empty() {
            self.workflows.remove(&workflow);
        }
    }

    /// Takes everything out, in the order in which it came: a simulation must repeat itself.
    pub(crate) fn drain(&mut self) -> Vec<Arc<Slot>> {
        let runs = self.workflows.drain().map(|(_, runs)| runs);
        let mut slots: Vec<_> =
            runs.flat_map(|runs| runs.current.into_iter().chain(runs.others)).collect();
        slots.sort_by_key(|slot| slot.id);
        slots
    }
}
