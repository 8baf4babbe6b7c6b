//! Runs that start, signal, cancel and outlive each other.

use steadfast_core::{
    Command, Execution,
    command::{CommandKind, SignalExternalWorkflow, StartChildWorkflow},
    run::Status,
    start::ParentClosePolicy,
};
use steadfast_engine::api::PolledWorkflowTask;

use crate::world::*;

fn child(id: &str, parent_close_policy: ParentClosePolicy) -> Command {
    let child = StartChildWorkflow {
        workflow_id: id.into(),
        workflow_type: "Child".into(),
        parent_close_policy,
        ..StartChildWorkflow::default()
    };
    CommandKind::StartChildWorkflow(Box::new(child)).into()
}

async fn task_of(world: &TestWorld, id: &str) -> PolledWorkflowTask {
    let task = world.workflow_task().await;
    assert_eq!(task.run.workflow_id.as_str(), id);
    task
}

#[tokio::test(start_paused = true)]
async fn a_parent_hears_of_its_childs_start_and_end() {
    let world = TestWorld::new().await;
    world.start("parent").await;
    let task = task_of(&world, "parent").await;
    world.complete(&task, vec![child("kid", ParentClosePolicy::Terminate)]).await;
    let mut seen = Vec::new();
    while world.engine.describe(&target("parent"), soon()).await.unwrap().run.status.is_open() {
        let task = world.workflow_task().await;
        let is_parent = task.run.workflow_id.as_str() == "parent";
        let ended = is_parent && world.history("parent").await.contains("ExecutionCompleted");
        let commands = if !is_parent || ended { vec![finish()] } else { vec![] };
        world.complete(&task, commands).await;
        seen.push(task.run.workflow_id.to_string());
    }
    let history = world.history("parent").await;
    assert_eq!(history.matches("ChildWorkflowExecutionStarted").count(), 1, "{history}");
    assert_eq!(history.matches("ChildWorkflowExecutionCompleted").count(), 1, "{history}");
    assert_eq!(world.result("kid").await, Status::Completed);
    assert!(seen.contains(&"kid".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_child_survives_a_crash_and_is_started_once() {
    let mut world = TestWorld::new().await;
    world.start("parent").await;
    let task = task_of(&world, "parent").await;
    // The record is written, and the process dies before the child is started.
    world.log.inject(0, steadfast_sim::Fault::CrashAfter);
    let completion = steadfast_engine::api::Completion {
        commands: vec![child("kid", ParentClosePolicy::Terminate)],
        ..Default::default()
    };
    let short = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    assert!(world.engine.complete_workflow_task(&task.token, completion, short).await.is_err());
    world.crash().await;
    until("child", async || world.engine.describe(&target("kid"), soon()).await.is_ok()).await;
    until("report", async || {
        world.history("parent").await.contains("ChildWorkflowExecutionStarted")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_taken_child_id_fails_the_start() {
    let world = TestWorld::new().await;
    world.start("kid").await;
    task_of(&world, "kid").await;
    world.start("parent").await;
    let task = task_of(&world, "parent").await;
    world.complete(&task, vec![child("kid", ParentClosePolicy::Terminate)]).await;
    task_of(&world, "parent").await;
    assert!(world.history("parent").await.contains("StartChildWorkflowExecutionFailed"));
}

#[tokio::test(start_paused = true)]
async fn a_closing_parent_takes_its_children_along_or_not() {
    let world = TestWorld::new().await;
    world.start("parent").await;
    let task = task_of(&world, "parent").await;
    let policies = [
        ("doomed", ParentClosePolicy::Terminate),
        ("asked", ParentClosePolicy::RequestCancel),
        ("free", ParentClosePolicy::Abandon),
    ];
    world.complete(&task, policies.iter().map(|(id, policy)| child(id, *policy)).collect()).await;
    until("children", async || {
        let history = world.history("parent").await;
        history.matches("ChildWorkflowExecutionStarted").count() == 3
    })
    .await;
    loop {
        let task = world.workflow_task().await;
        if task.run.workflow_id.as_str() == "parent" {
            world.complete(&task, vec![finish()]).await;
            break;
        }
    }
    assert_eq!(world.result("doomed").await, Status::Terminated);
    until("cancel request", async || {
        world.history("asked").await.contains("WorkflowExecutionCancelRequested")
    })
    .await;
    let free = world.engine.describe(&target("free"), soon()).await.unwrap();
    assert_eq!(free.run.status, Status::Running);
}

#[tokio::test(start_paused = true)]
async fn signals_to_other_runs_arrive_or_fail() {
    let world = TestWorld::new().await;
    world.start("to").await;
    task_of(&world, "to").await;
    world.start("from").await;
    let task = task_of(&world, "from").await;
    let signal = |id: &str| {
        let signal = SignalExternalWorkflow {
            execution: Execution { workflow_id: id.into(), run_id: Default::default() },
            signal_name: "hi".to_owned(),
            ..SignalExternalWorkflow::default()
        };
        Command::from(CommandKind::SignalExternalWorkflow(Box::new(signal)))
    };
    world.complete(&task, vec![signal("to"), signal("nobody")]).await;
    until("both reports", async || {
        let description = world.engine.describe(&target("from"), soon()).await.unwrap();
        description.run.external.is_empty()
    })
    .await;
    let run = world.engine.describe(&target("to"), soon()).await.unwrap().run;
    assert_eq!(run.signal_count, 1);
}
