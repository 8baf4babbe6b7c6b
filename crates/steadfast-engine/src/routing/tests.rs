//! The hash is part of the durable form: these values never change.

use super::*;

fn at(namespace: &str, id: &str, partitions: u32) -> u32 {
    partition_of(&namespace.into(), &id.into(), partitions).0
}

#[test]
fn spreads_workflows_over_all_partitions() {
    let mut counts = [0_u32; 8];
    for n in 0..8_000 {
        counts[at("default", &format!("order-{n}"), 8) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
}

#[test]
fn separates_namespace_from_workflow_id() {
    assert_ne!(at("ab", "c", 1 << 20), at("a", "bc", 1 << 20));
}
