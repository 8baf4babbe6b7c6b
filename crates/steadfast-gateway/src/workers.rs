//! What workers tell of themselves, for as long as they do: volatile, by namespace, bounded by bytes.
//!
//! Only Temporal's API has such heartbeats, so they are kept at this door. Nothing depends on them: they
//! are for people (the Web UI's page of workers, `temporal worker list`) and for tests of SDKs. Times and
//! rules are Temporal's (`service/matching/workers/registry_impl.go`), but for the bound: there it counts
//! workers, and a heartbeat may be as large as a request.

mod filter;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prost::Message;
use steadfast_core::Namespace;
use steadfast_temporal_api::api::{enums::v1::WorkerStatus, worker::v1::WorkerHeartbeat};
use tokio::time::Instant;

pub(crate) use filter::Filter;

/// A worker that has said nothing for this long is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(5 * 60);
/// The task queues of the server's own workers.
const SYSTEM_QUEUE_PREFIX: &str = "temporal-sys-";
/// What an entry costs beside its heartbeat and its names.
const ENTRY_BYTES: usize = 256;

/// The workers that are heard of.
#[derive(Debug)]
pub(crate) struct Workers {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    namespaces: HashMap<Namespace, BTreeMap<String, Entry>>,
    /// Who was heard of when, the one heard of longest ago first.
    order: BTreeMap<u64, (Namespace, String)>,
    heard: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    heartbeat: WorkerHeartbeat,
    at: Instant,
    heard: u64,
    bytes: usize,
}

/// Which workers somebody asks for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Nothing means all of them.
    pub(crate) filter: Option<Filter>,
    /// Whether the server's own workers count.
    pub(crate) with_system: bool,
}

impl Asked {
    fn wants(&self, heartbeat: &WorkerHeartbeat) -> bool {
        let is_system = heartbeat.task_queue.starts_with(SYSTEM_QUEUE_PREFIX);
        (self.with_system || !is_system)
            && self.filter.as_ref().is_none_or(|filter| filter.passes(heartbeat))
    }
}

impl Workers {
    /// Nobody yet; all heartbeats together take this many bytes at most.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::default() }
    }

    /// Notes what a worker says. One that has shut down is forgotten.
    pub(crate) fn heard(&self, namespace: &Namespace, heartbeat: WorkerHeartbeat) {
        let mut state = self.lock();
        state.forget_silent();
        state.remove(namespace, &heartbeat.worker_instance_key);
        if heartbeat.status() != WorkerStatus::Shutdown {
            state.insert(namespace, heartbeat);
        }
        // Those heard of longest ago make room; one that is too large alone goes itself.
        while state.bytes > self.bytes_max && state.remove_oldest() {}
    }

    /// A page of workers in the order of their keys, after this key; and whether there are more.
    pub(crate) fn list(
        &self,
        namespace: &Namespace,
        asked: &Asked,
        after: &str,
        max: usize,
    ) -> (Vec<WorkerHeartbeat>, bool) {
        let mut state = self.lock();
        state.forget_silent();
        let all = state.namespaces.get(namespace).into_iter().flatten();
        let rest = all.skip_while(|(key, _)| !after.is_empty() && key.as_str() <= after);
        let mut wanted = rest.map(|(_, entry)| &entry.heartbeat).filter(|h| asked.wants(h));
        let page = wanted.by_ref().take(max).cloned().collect();
        (page, wanted.next().is_some())
    }

    /// How many workers there are.
    pub(crate) fn count(&self, namespace: &Namespace, asked: &Asked) -> usize {
        let mut state = self.lock();
        state.forget_silent();
        let all = state.namespaces.get(namespace).into_iter().flat_map(BTreeMap::values);
        all.filter(|entry| asked.wants(&entry.heartbeat)).count()
    }

    /// The last that one worker said.
    pub(crate) fn describe(&self, namespace: &Namespace, key: &str) -> Option<WorkerHeartbeat> {
        let mut state = self.lock();
        state.forget_silent();
        Some(state.namespaces.get(namespace)?.get(key)?.heartbeat.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, namespace: &Namespace, heartbeat: WorkerHeartbeat) {
        let key = heartbeat.worker_instance_key.clone();
        let names = 2 * (key.len() + namespace.as_str().len());
        let bytes = heartbeat.encoded_len() + names + ENTRY_BYTES;
        self.heard += 1;
        self.bytes += bytes;
        self.order.insert(self.heard, (namespace.clone(), key.clone()));
        let entry = Entry { heartbeat, at: Instant::now(), heard: self.heard, bytes };
        self.namespaces.entry(namespace.clone()).or_default().insert(key, entry);
    }

    fn remove(&mut self, namespace: &Namespace, key: &str) {
        let Some(workers) = self.namespaces.get_mut(namespace) else { return };
        if let Some(entry) = workers.remove(key) {
            self.bytes -= entry.bytes;
            self.order.remove(&entry.heard);
        }
        if workers.is_empty() {
            self.namespaces.remove(namespace);
        }
    }

    fn remove_oldest(&mut self) -> bool {
        let Some((_, (namespace, key))) = self.order.pop_first() else { return false };
        self.remove(&namespace, &key);
        true
    }

    fn forget_silent(&mut self) {
        let now = Instant::now();
        while let Some((namespace, key)) = self.order.first_key_value().map(|(_, name)| name) {
            let entry = self.namespaces.get(namespace).and_then(|workers| workers.get(key));
            if entry.is_some_and(|entry| now.duration_since(entry.at) < SILENCE_MAX) {
                return;
            }
            self.remove_oldest();
        }
    }
}

#[cfg(test)]
mod tests;
