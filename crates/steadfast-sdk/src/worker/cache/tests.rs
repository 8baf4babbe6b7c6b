//! The cache is bounded and forgets what was not used.

use steadfast_core::{RunId, RunKey};

use super::Cache;
use crate::workflow::{WorkflowContext, WorkflowDefinition, WorkflowInstance};

fn instance(run_id: &str) -> (RunId, WorkflowInstance) {
    let definition = WorkflowDefinition::new("W", |_: WorkflowContext, ()| async { Ok(()) });
    let run =
        RunKey { namespace: "test".into(), workflow_id: "workflow".into(), run_id: run_id.into() };
    (run_id.into(), WorkflowInstance::new(definition, run))
}

#[test]
fn the_least_recently_used_run_goes_first() {
    let cache = Cache::new(2);
    for name in ["a", "b"] {
        let (run_id, instance) = instance(name);
        cache.put(run_id, instance);
    }
    let a = cache.take(&"a".into()).unwrap();
    cache.put("a".into(), a);
    let (run_id, c) = instance("c");
    cache.put(run_id, c);
    assert_eq!(cache.len(), 2);
    assert!(cache.take(&"b".into()).is_none());
    assert!(cache.take(&"a".into()).is_some() && cache.take(&"c".into()).is_some());
    assert_eq!(cache.len(), 0);
}

#[test]
fn a_cache_of_nothing_keeps_nothing() {
    let cache = Cache::new(0);
    let (run_id, instance) = instance("a");
    cache.put(run_id, instance);
    assert_eq!(cache.len(), 0);
}
