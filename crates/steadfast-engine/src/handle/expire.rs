//! Removing a closed run because its time is over.

use std::sync::Arc;

use super::{
    Deadline,
    ask::{Asked, ask_slot, ready},
};
use crate::{
    api::EngineError,
    context::Shared,
    ports::{AppendError, RunAddress},
    request::{Read, Request},
    supervise::quarantine,
};

/// Asks the run to remove itself. What nobody can read is removed from here.
pub(super) async fn expire(
    shared: &Arc<Shared>,
    address: &RunAddress,
    deadline: Deadline,
) -> Result<bool, EngineError> {
    let partition = &shared.partitions[address.partition.0 as usize];
    ready(shared, partition, deadline).await?;
    let slot = partition.find_or_insert(address.clone(), 0);
    let asked = ask_slot(shared, &slot, deadline, |reply| Request::Read(Read::Expire(reply)));
    match asked.await {
        Asked::Answered(Ok(gone)) => Ok(gone),
        Asked::Answered(Err(EngineError::NotFound { .. })) => Ok(true),
        Asked::Answered(Err(EngineError::Quarantined(_))) => {
            shared.world.log.purge(address).await.map_err(not_purged)?;
            // Its next actor finds nothing, and the slot leaves.
            quarantine::resume(shared, &slot);
            Ok(true)
        }
        Asked::Answered(Err(error)) => Err(error),
        // It left memory meanwhile, or was lost: the next sweep asks again.
        Asked::Gone | Asked::Lost => Ok(false),
    }
}

fn not_purged(error: AppendError) -> EngineError {
    EngineError::Unavailable(error.to_string())
}
