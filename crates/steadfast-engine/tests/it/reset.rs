//! Runs that begin again from an earlier point.

use steadfast_core::{
    Command, RequestId,
    command::{CommandKind, StartChildWorkflow},
    input::Reset,
    run::Status,
};
use steadfast_engine::{Engine, EngineError, api::*};
use steadfast_sim::Fault;

use crate::world::*;

fn reset(finish: i64, request_id: &str) -> ResetWorkflow {
    let reset = Reset {
        workflow_task_finish_event_id: finish,
        reason: "try again".to_owned(),
        request_id: RequestId::new(request_id),
        ..Reset::default()
    };
    ResetWorkflow { reset }
}

async fn statuses(engine: &Engine) -> Vec<(String, Status)> {
    let request = ListRequest { namespace: NAMESPACE.into(), limit: 100, cursor: None };
    let listed = engine.list(request, soon()).await.unwrap();
    let runs = listed.runs.into_iter();
    runs.map(|run| (run.key.run_id.as_str().to_owned(), run.status)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_open_run_is_reset_and_the_new_one_finishes() {
    let world = TestWorld::new().await;
    let base = world.start("again").await;
    world.turn(vec![timer("t", 100)]).await;
    world.signal("again", "one").await;
    world.turn(vec![]).await;
    let run_id =
        world.engine.reset_workflow(&target("again"), reset(4, "r"), soon()).await.unwrap();
    assert_ne!(run_id, base.run_id);
    let old = Target::from(&address("again", &base.run_id).key);
    let described = world.engine.describe(&old, soon()).await.unwrap().run;
    assert_eq!(described.status, Status::Terminated);
    assert_eq!(described.reset_to.as_ref().map(|reset| &reset.new_run_id), Some(&run_id));
    let repeated = world.engine.reset_workflow(&target("again"), reset(4, "r"), soon()).await;
    assert_eq!(repeated.unwrap(), run_id, "the same request");
    let task = world.turn(vec![finish()]).await;
    assert_eq!(task.run.run_id, run_id);
    assert_eq!(
        world.history("again").await,
        "1 WorkflowExecutionStarted\n2 WorkflowTaskScheduled\n3 WorkflowTaskStarted\n\
         4 WorkflowTaskFailed\n5 WorkflowExecutionSignaled\n6 WorkflowTaskScheduled\n\
         7 WorkflowTaskStarted\n8 WorkflowTaskCompleted\n9 WorkflowExecutionCompleted"
    );
    for finish in [2, 50] {
        let refused = world.engine.reset_workflow(&old, reset(finish, "bad"), soon()).await;
        assert!(matches!(refused, Err(EngineError::Rejected(_))), "{finish}: {refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_append_loses_no_reset_and_makes_no_second_run() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::DropAck, Fault::DropRequest] {
        for skip in 0..3 {
            let mut world = TestWorld::new().await;
            world.start("crash").await;
            world.turn(vec![timer("t", 100)]).await;
            world.log.inject(skip, fault);
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(2);
            let asked =
                world.engine.reset_workflow(&target("crash"), reset(4, "r"), deadline).await;
            world.crash().await;
            let run_id = world.engine.reset_workflow(&target("crash"), reset(4, "r"), soon()).await;
            let run_id = run_id.unwrap_or_else(|error| panic!("{fault:?} {skip}: {error}"));
            if let Ok(before) = asked {
                assert_eq!(before, run_id);
            }
            let task = world.workflow_task().await;
            assert_eq!(task.run.run_id, run_id, "{fault:?} {skip}");
            let statuses = statuses(&world.engine).await;
            let open = statuses.iter().filter(|(_, status)| status.is_open()).count();
            assert_eq!((statuses.len(), open), (2, 1), "{fault:?} {skip}: {statuses:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_repeated_late_finds_the_closed_run_it_made() {
    let world = TestWorld::new().await;
    let base = world.start("late").await;
    world.turn(vec![finish()]).await;
    let old = Target::from(&address("late", &base.run_id).key);
    let run_id = world.engine.reset_workflow(&old, reset(4, "r"), soon()).await.unwrap();
    world.turn(vec![finish()]).await;
    tokio::time::sleep(std::time::Duration::from_secs(30)).await; // tidy: paused clock
    // Another run holds the id by now.
    world.start("late").await;
    let again = world.engine.reset_workflow(&old, reset(4, "r"), soon()).await.unwrap();
    assert_eq!(again, run_id);
    assert_eq!(statuses(&world.engine).await.len(), 3, "no run was made twice");
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_was_said_yes_to_is_carried_out_by_the_next_owner() {
    let mut world = TestWorld::new().await;
    let base = world.start("owed").await;
    world.turn(vec![finish()]).await;
    // Long closed: retired, out of memory, behind the checkpoint.
    tokio::time::sleep(std::time::Duration::from_secs(30)).await; // tidy: paused clock
    world.log.inject(1, Fault::CrashBefore);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(2);
    let lost = world.engine.reset_workflow(&target("owed"), reset(4, "r"), deadline).await;
    assert!(lost.is_err());
    world.crash().await;
    // Nobody asks again.
    let task = world.turn(vec![finish()]).await;
    assert_ne!(task.run.run_id, base.run_id);
    assert_eq!(world.result("owed").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_older_closed_run_is_reset_while_another_is_open() {
    let world = TestWorld::new().await;
    let base = world.start("older").await;
    world.turn(vec![finish()]).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await; // tidy: paused clock
    let current = world.start("older").await;
    let old = Target::from(&address("older", &base.run_id).key);
    let run_id = world.engine.reset_workflow(&old, reset(4, "r"), soon()).await.unwrap();
    let current = Target::from(&address("older", &current.run_id).key);
    let described = world.engine.describe(&current, soon()).await.unwrap().run;
    assert_eq!(described.status, Status::Terminated);
    assert_eq!(described.reset_to, None, "only the base run names the new one");
    let current = world.engine.describe(&target("older"), soon()).await.unwrap().run;
    assert_eq!(current.key().run_id, run_id);
    world.turn(vec![finish()]).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_reports_to_the_run_that_takes_its_parents_place() {
    let world = TestWorld::new().await;
    world.start("parent").await;
    let child = StartChildWorkflow {
        workflow_id: "kid".into(),
        workflow_type: "Order".into(),
        ..StartChildWorkflow::default()
    };
    let child: Command = CommandKind::StartChildWorkflow(Box::new(child)).into();
    world.turn(vec![child]).await;
    let kid = world.workflow_task().await;
    assert_eq!(kid.run.workflow_id.as_str(), "kid");
    let parent = world.turn(vec![]).await;
    assert_eq!(parent.run.workflow_id.as_str(), "parent");
    let run_id =
        world.engine.reset_workflow(&target("parent"), reset(8, "r"), soon()).await.unwrap();
    let again = world.turn(vec![]).await;
    assert_eq!(again.run.run_id, run_id);
    world.complete(&kid, vec![finish()]).await;
    let last = world.turn(vec![finish()]).await;
    assert_eq!(last.run.run_id, run_id);
    assert!(world.history("parent").await.contains("ChildWorkflowExecutionCompleted"));
}
