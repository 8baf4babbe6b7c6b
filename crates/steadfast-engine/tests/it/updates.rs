//! Requests that the workflow itself answers.

use std::time::Duration;

use steadfast_core::{
    Command, Failure,
    command::{AcceptUpdate, CommandKind},
    event::{UpdateOutcome, UpdateRequest},
};
use steadfast_engine::api::*;
use tokio::time::Instant;

use crate::world::*;

fn update(id: &str, wait: UpdateWait) -> UpdateWorkflow {
    let request =
        UpdateRequest { update_id: id.into(), name: "set".to_owned(), ..UpdateRequest::default() };
    UpdateWorkflow { request, wait, first_execution_run_id: Default::default() }
}

fn accept(id: &str) -> Command {
    let accepted = AcceptUpdate { update_id: id.into(), ..AcceptUpdate::default() };
    CommandKind::AcceptUpdate(Box::new(accepted)).into()
}

fn complete(id: &str) -> Command {
    let outcome = UpdateOutcome::Success(json("7"));
    CommandKind::CompleteUpdate { update_id: id.into(), outcome }.into()
}

#[tokio::test(start_paused = true)]
async fn an_update_is_accepted_and_answered() {
    let world = TestWorld::new().await;
    world.start("updated").await;
    world.turn(vec![]).await;
    let worker = async {
        let task = world.workflow_task().await;
        assert_eq!(task.task.updates.len(), 1);
        world.complete(&task, vec![accept("u"), complete("u")]).await;
    };
    let target = target("updated");
    let asked = world.engine.update(&target, update("u", UpdateWait::Completed), soon());
    let (answer, ()) = tokio::join!(asked, worker);
    let answer = answer.unwrap();
    assert_eq!(answer.outcome, Some(UpdateOutcome::Success(json("7"))));
    let polled = world.engine.poll_update(&target, "u".into(), UpdateWait::Completed, soon()).await;
    assert_eq!(polled.unwrap(), answer);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_update_leaves_no_event() {
    let world = TestWorld::new().await;
    world.start("rejecting").await;
    world.turn(vec![]).await;
    let before = world.history("rejecting").await;
    let worker = async {
        let failure = Box::new(Failure::application("Invalid", "no"));
        let reject = CommandKind::RejectUpdate { update_id: "u".into(), failure };
        world.turn(vec![reject.into()]).await;
    };
    let target = target("rejecting");
    let asked = world.engine.update(&target, update("u", UpdateWait::Accepted), soon());
    let (answer, ()) = tokio::join!(asked, worker);
    assert!(matches!(answer.unwrap().outcome, Some(UpdateOutcome::Failure(_))));
    assert_eq!(world.history("rejecting").await, before);
}

#[tokio::test(start_paused = true)]
async fn at_its_deadline_a_caller_hears_the_stage() {
    let world = TestWorld::new().await;
    world.start("slow").await;
    world.turn(vec![]).await;
    let deadline = Instant::now() + Duration::from_secs(1);
    let (target, update) = (target("slow"), update("u", UpdateWait::Completed));
    let asked = world.engine.update(&target, update, deadline).await;
    assert_eq!(asked.unwrap().stage, UpdateWait::Admitted);
}
