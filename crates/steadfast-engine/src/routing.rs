//! Which partition a workflow belongs to: a hash that is the same in every process and for ever.

use steadfast_core::{Namespace, WorkflowId};

use crate::ports::Partition;

/// The version of [`partition_of`]. Another hash is another version, and moves every workflow.
pub const ROUTING_VERSION: u32 = 1;

/// FNV-1a over namespace, a zero byte and workflow id, mixed, modulo the number of partitions.
pub fn partition_of(namespace: &Namespace, workflow_id: &WorkflowId, partitions: u32) -> Partition {
    let bytes = namespace.as_str().bytes().chain([0]).chain(workflow_id.as_str().bytes());
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // FNV's low bits are weak: fold the high half in (the finaliser of MurmurHash3).
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    let number = hash % u64::from(partitions.max(1));
    Partition(u32::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests;
