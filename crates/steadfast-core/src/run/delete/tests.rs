//! Runs that are to leave nothing behind.

use expect_test::expect;

use crate::{Input, command::CommandKind, fixture::World, input::Reply, run::Status};

#[test]
fn an_open_run_is_terminated_first() {
    let mut world = World::default();
    assert_eq!(world.feed(Input::Delete("operator".into())), Ok(Reply::Done));
    assert_eq!(world.run.status, Status::Terminated);
    assert!(world.run.deleting);
    assert_eq!(world.feed(Input::Delete("operator".into())), Ok(Reply::Duplicate));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionTerminated {"reason":"Delete workflow execution"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_closed_run_only_notes_it() {
    let mut world = World::default();
    world.complete([CommandKind::CompleteWorkflow { result: Vec::new() }]).unwrap();
    let before = world.history();
    world.feed(Input::Delete("operator".into())).unwrap();
    assert_eq!((world.run.status, world.history()), (Status::Completed, before));
    world.crash();
    assert!(world.run.deleting);
}
