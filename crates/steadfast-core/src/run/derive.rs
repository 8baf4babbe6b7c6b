//! Ids that follow from what is already durable: an effect that is derived again names the same run
//! and the same request, so its receiver recognises the repeat.

use uuid::Uuid;

use crate::{EventId, RunId, RunKey};

/// The id that `purpose` at event `event_id` of `run` leads to; the same for the same arguments.
pub fn derived_run_id(run: &RunKey, event_id: EventId, purpose: &str) -> RunId {
    let (namespace, workflow) = (&run.namespace, &run.workflow_id);
    let name = format!("{namespace}\0{workflow}\0{}\0{event_id}\0{purpose}", run.run_id);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    RunId::new(id.hyphenated().to_string())
}

#[cfg(test)]
mod tests;
