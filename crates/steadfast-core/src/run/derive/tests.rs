//! Derived ids are stable and distinct.

use super::derived_run_id;
use crate::RunKey;

fn key(workflow: &str, run: &str) -> RunKey {
    RunKey { namespace: "default".into(), workflow_id: workflow.into(), run_id: run.into() }
}

#[test]
fn the_same_arguments_give_the_same_id() {
    let id = derived_run_id(&key("w", "r"), 5, "child");
    assert_eq!(id, derived_run_id(&key("w", "r"), 5, "child"));
    assert_eq!(id.as_str(), "d3db2ce3-6e22-59b6-951a-b7bc648109e4");
}

#[test]
fn different_arguments_give_different_ids() {
    let ids = [
        derived_run_id(&key("w", "r"), 5, "child"),
        derived_run_id(&key("w", "r"), 6, "child"),
        derived_run_id(&key("w", "r"), 5, "successor"),
        derived_run_id(&key("w", "s"), 5, "child"),
        derived_run_id(&key("v", "r"), 5, "child"),
    ];
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}
