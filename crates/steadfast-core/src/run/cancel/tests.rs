//! Cancellation and termination of scripted runs.

use expect_test::expect;

use crate::{
    Execution, Input, Rejection,
    command::CommandKind,
    fixture::World,
    input::{Reply, RequestCancel, Terminate},
};

fn cancel(request_id: &str) -> RequestCancel {
    RequestCancel {
        reason: "enough".to_owned(),
        request_id: request_id.into(),
        ..RequestCancel::default()
    }
}

fn feed(world: &mut World, request: RequestCancel) -> Result<Reply, Rejection> {
    world.feed(Input::RequestCancel(Box::new(request)))
}

fn terminate(world: &mut World, first_run: &str) -> Result<Reply, Rejection> {
    world.feed(Input::Terminate(Box::new(Terminate {
        reason: "no more".to_owned(),
        first_execution_run_id: first_run.into(),
        ..Terminate::default()
    })))
}

#[test]
fn a_cancel_request_is_recorded_once_and_the_workflow_decides() {
    let mut world = World::default();
    assert_eq!(feed(&mut world, cancel("a")), Ok(Reply::Done));
    assert_eq!(feed(&mut world, cancel("a")), Ok(Reply::Duplicate));
    assert_eq!(feed(&mut world, cancel("b")), Ok(Reply::Duplicate));
    world.complete([CommandKind::CancelWorkflow { details: Vec::new() }]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionCancelRequested {"cause":"enough"}
        4 WorkflowTaskStarted {"scheduled_event_id":2}
        5 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":4}
        6 WorkflowExecutionCanceled
    "#]]
    .assert_eq(&world.history());
    assert_eq!(feed(&mut world, cancel("c")), Ok(Reply::Duplicate));
}

#[test]
fn a_cancel_request_names_the_chain_or_the_parent_it_means() {
    let mut world = World::default();
    let request = RequestCancel { first_execution_run_id: "other".into(), ..cancel("a") };
    assert_eq!(feed(&mut world, request), Err(Rejection::WrongFirstRun));
    let asker = Execution { workflow_id: "parent".into(), run_id: "run".into() };
    let external = Some((asker, 5));
    let request = RequestCancel { external, child_workflow_only: true, ..cancel("a") };
    assert_eq!(feed(&mut world, request), Err(Rejection::NotParent));
    let request = RequestCancel { first_execution_run_id: "run-1".into(), ..cancel("a") };
    assert_eq!(feed(&mut world, request), Ok(Reply::Done));
}

#[test]
fn a_termination_closes_the_run_under_a_task_that_is_out() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("unheard").unwrap();
    world.effects();
    assert_eq!(terminate(&mut world, "other"), Err(Rejection::WrongFirstRun));
    assert_eq!(terminate(&mut world, "run-1"), Ok(Reply::Done));
    assert_eq!(terminate(&mut world, ""), Err(Rejection::Closed));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"ForceCloseCommand","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"unheard"}
        6 WorkflowExecutionTerminated {"reason":"no more"}
    "#]].assert_eq(&world.history());
    assert_eq!(world.effects(), "Closed\n");
}
