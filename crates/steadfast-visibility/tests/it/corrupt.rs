//! A record that cannot be read stops its run, and nothing else.

use steadfast_core::run::Status;

use crate::world::{World, attributes};

#[tokio::test]
async fn a_corrupt_record_stops_its_run_and_nothing_else() {
    let mut world = World::new();
    let following = world.follow().await;
    world.start("a", 1, attributes(&[])).await;
    world.start("b", 2, attributes(&[])).await;
    let address = world.address("a", "run-a");
    world.log.append_raw(&address, Status::Completed, bytes::Bytes::from_static(b"nonsense"));
    let stranger = world.address("c", "run-c");
    world.log.append_raw(&stranger, Status::Running, bytes::Bytes::from_static(b"nonsense"));
    world.complete("b", 3).await;
    let page = following.page("ORDER BY WorkflowId", 10, Default::default()).await.unwrap();
    let shown: Vec<_> = page
        .runs
        .iter()
        .map(|run| (run.execution.workflow_id.as_str(), run.status.name(), run.is_unreadable))
        .collect();
    assert_eq!(shown, [("a", "Running", true), ("b", "Completed", false)]);
    following.stop().await;
}
