//! The runs that a worker keeps in memory, the least recently used of which go first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use steadfast_core::RunId;

use crate::workflow::WorkflowInstance;

/// See the module. A run that is taken out to be worked on is not in here meanwhile.
pub(crate) struct Cache {
    runs_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    runs: HashMap<RunId, (u64, WorkflowInstance)>,
    by_use: BTreeMap<u64, RunId>,
    uses: u64,
}

impl Cache {
    pub(crate) fn new(runs_max: usize) -> Self {
        Self { runs_max, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a run out.
    pub(crate) fn take(&self, run_id: &RunId) -> Option<WorkflowInstance> {
        let mut inner = self.lock();
        let (used, instance) = inner.runs.remove(run_id)?;
        inner.by_use.remove(&used);
        Some(instance)
    }

    /// Puts a run in, and drops the one that was not used for longest when there are too many.
    pub(crate) fn put(&self, run_id: RunId, instance: WorkflowInstance) {
        if self.runs_max == 0 {
            return;
        }
        let mut evicted = Vec::new();
        {
            let mut inner = self.lock();
            inner.uses += 1;
            let used = inner.uses;
            if let Some((before, instance)) = inner.runs.insert(run_id.clone(), (used, instance)) {
                inner.by_use.remove(&before);
                evicted.push(instance);
            }
            inner.by_use.insert(used, run_id);
            while inner.runs.len() > self.runs_max {
                let Some((_, oldest)) = inner.by_use.pop_first() else {
                    break;
                };
                evicted.extend(inner.runs.remove(&oldest).map(|(_, instance)| instance));
            }
        }
        // User code is dropped without the lock.
        drop(evicted);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().runs.len()
    }
}

#[cfg(test)]
mod tests;
