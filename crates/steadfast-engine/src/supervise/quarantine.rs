//! Taking a run out of service, and back.

use std::sync::Arc;

use crate::{api::EngineError, context::Shared, slot::Slot, trace::log::log_key};

/// Takes a run out of service; whoever waits is told why.
pub(crate) fn quarantine(shared: &Shared, slot: &Arc<Slot>, reason: String) {
    let key = slot.key();
    log_key!(error, key, sequence = slot.sequence(), reason, "run is quarantined");
    shared.metrics.quarantines.add(1, &[]);
    for request in slot.quarantine(reason.clone()) {
        request.refuse(EngineError::Quarantined(reason.clone()));
    }
    shared.partitions[slot.address.partition.0 as usize].timers.arm(slot, None);
}

/// Lets a quarantined run try again; answers whether it was quarantined.
pub(crate) fn resume(shared: &Shared, slot: &Arc<Slot>) -> bool {
    let was = slot.resume();
    if was {
        slot.set_takeover();
        shared.follow(slot, slot.wake());
    }
    was
}
