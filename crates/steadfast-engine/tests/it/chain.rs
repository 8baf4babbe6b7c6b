//! Runs that go on as others.

use steadfast_core::{
    Command, Failure, RetryPolicy,
    command::{CommandKind, ContinueAsNew},
    run::Status,
};
use steadfast_engine::api::*;

use crate::world::*;

fn again() -> Command {
    let continue_as_new = ContinueAsNew { input: json("5"), ..ContinueAsNew::default() };
    CommandKind::ContinueAsNew(Box::new(continue_as_new)).into()
}

#[tokio::test(start_paused = true)]
async fn the_current_run_follows_the_chain() {
    let world = TestWorld::new().await;
    let first = world.start("chain").await;
    for _ in 0..5 {
        world.turn(vec![again()]).await;
        world.signal("chain", "next").await;
    }
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("chain").await, Status::Completed);
    let last = world.engine.describe(&target("chain"), soon()).await.unwrap().run;
    assert_ne!(last.key().run_id, first.run_id);
    assert_eq!(last.started.first_execution_run_id, first.run_id);
    let list = ListRequest { namespace: NAMESPACE.into(), limit: 10, cursor: None };
    assert_eq!(world.engine.list(list, soon()).await.unwrap().runs.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_successor_is_started_once_even_over_a_crash() {
    let mut world = TestWorld::new().await;
    world.start("chain").await;
    let task = world.workflow_task().await;
    world.log.inject(0, steadfast_sim::Fault::CrashAfter);
    let completion = Completion { commands: vec![again()], ..Completion::default() };
    let short = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    assert!(world.engine.complete_workflow_task(&task.token, completion, short).await.is_err());
    world.crash().await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("chain").await, Status::Completed);
    let list = ListRequest { namespace: NAMESPACE.into(), limit: 10, cursor: None };
    assert_eq!(world.engine.list(list, soon()).await.unwrap().runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_retried_as_its_policy_says() {
    let world = TestWorld::new().await;
    let mut request = start_request("retried");
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    request.request.retry_policy = Some(policy);
    world.engine.start_workflow(request, soon()).await.unwrap();
    for attempt in 1..=2 {
        let task = world.workflow_task().await;
        let run = world.engine.describe(&Target::from(&task.run), soon()).await.unwrap().run;
        assert_eq!(run.started.attempt, attempt);
        let failure = Box::new(Failure::application("Broken", "no"));
        world.complete(&task, vec![CommandKind::FailWorkflow { failure }.into()]).await;
    }
    assert_eq!(world.result("retried").await, Status::Failed);
}
