//! What an operator does to whole runs: pause them, let them go on, delete them.

use std::time::Duration;

use steadfast_core::{
    Rejection,
    command::{CommandKind, StartChildWorkflow},
    input::PauseWorkflow,
};
use steadfast_engine::{EngineError, api::*};
use steadfast_sim::Fault;
use tokio::time::Instant;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_paused_run_gets_no_task_until_it_goes_on() {
    let world = TestWorld::new().await;
    world.start("held").await;
    world.turn(vec![schedule("a")]).await;
    let pause = PauseWorkflow { request_id: "p".into(), ..PauseWorkflow::default() };
    world.engine.pause_workflow(&target("held"), pause.clone(), soon()).await.unwrap();
    world.signal("held", "news").await;
    let briefly = || Instant::now() + Duration::from_secs(1);
    let task = world.engine.poll_activity_task(poll(QUEUE), briefly()).await.unwrap();
    assert!(task.is_none(), "its activities are held back");
    let task = world.engine.poll_workflow_task(poll(QUEUE), briefly()).await.unwrap();
    assert!(task.is_none());
    let asked = world.engine.query(&target("held"), Query::default(), soon()).await.unwrap();
    assert!(matches!(asked, QueryAnswer::Rejected(_)));
    let again = PauseWorkflow { request_id: "q".into(), ..pause.clone() };
    let again = world.engine.pause_workflow(&target("held"), again, soon()).await;
    assert!(matches!(again, Err(EngineError::Rejected(Rejection::Paused(_)))));
    world.engine.unpause_workflow(&target("held"), pause, soon()).await.unwrap();
    let activity = world.activity_task().await;
    world.resolve(&activity, done()).await;
    world.turn(vec![finish()]).await;
}

async fn is_gone(world: &TestWorld, id: &str) -> bool {
    let described = world.engine.describe(&target(id), soon()).await;
    matches!(described, Err(EngineError::NotFound { .. }))
}

#[tokio::test(start_paused = true)]
async fn deleted_runs_leave_nothing_open_or_closed() {
    let world = TestWorld::new().await;
    world.start("open").await;
    world.start("closed").await;
    loop {
        let task = world.workflow_task().await;
        if task.run.workflow_id.as_str() == "closed" {
            world.complete(&task, vec![finish()]).await;
            break;
        }
    }
    for id in ["open", "closed"] {
        world.engine.delete_workflow(&target(id), "operator".into(), soon()).await.unwrap();
        assert!(is_gone(&world, id).await, "{id}");
        let again = world.engine.delete_workflow(&target(id), "operator".into(), soon()).await;
        assert!(matches!(again, Err(EngineError::NotFound { .. })), "{again:?}");
    }
    world.start("open").await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_said_yes_to_is_finished_by_the_next_owner() {
    for fault in [Fault::CrashAfter, Fault::DropAck] {
        let mut world = TestWorld::new().await;
        world.start("gone").await;
        world.turn(vec![finish()]).await;
        tokio::time::sleep(Duration::from_secs(30)).await; // tidy: paused clock
        world.log.inject(0, fault);
        let deadline = Instant::now() + Duration::from_secs(1);
        drop(world.engine.delete_workflow(&target("gone"), "operator".into(), deadline).await);
        world.crash().await;
        until("the run is gone", async || is_gone(&world, "gone").await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_deleted_tells_its_parent_first() {
    let world = TestWorld::new().await;
    world.start("parent").await;
    let child = StartChildWorkflow {
        workflow_id: "kid".into(),
        workflow_type: "Order".into(),
        ..StartChildWorkflow::default()
    };
    world.turn(vec![CommandKind::StartChildWorkflow(Box::new(child)).into()]).await;
    until("the child runs", async || !is_gone(&world, "kid").await).await;
    world.engine.delete_workflow(&target("kid"), "operator".into(), soon()).await.unwrap();
    until("the parent hears of it", async || {
        let history = world.history("parent").await;
        history.contains("ChildWorkflowExecutionTerminated")
    })
    .await;
}
