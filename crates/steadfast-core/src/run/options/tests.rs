//! What is attached to a run from outside.

use expect_test::expect;

use crate::{
    Input, Rejection,
    event::WorkflowExecutionOptionsUpdated,
    fixture::World,
    input::{OptionsUpdate, Reply},
    limits::LimitError,
};

fn attach(world: &mut World, request_id: &str, callbacks: usize) -> Result<Reply, Rejection> {
    let event = WorkflowExecutionOptionsUpdated {
        attached_request_id: request_id.into(),
        attached_completion_callbacks: vec![bytes::Bytes::from_static(b"callback"); callbacks],
        ..WorkflowExecutionOptionsUpdated::default()
    };
    world.feed(Input::UpdateOptions(Box::new(OptionsUpdate { event, links: Vec::new() })))
}

#[test]
fn a_request_is_attached_once_and_wakes_nobody() {
    let mut world = World::default();
    world.complete(Vec::<crate::Command>::new()).unwrap();
    world.effects();
    assert_eq!(attach(&mut world, "again", 1), Ok(Reply::Done));
    assert_eq!(attach(&mut world, "again", 1), Ok(Reply::Duplicate));
    assert_eq!(attach(&mut world, "start", 1), Ok(Reply::Duplicate), "the one that started it");
    assert_eq!(world.effects(), "");
    assert_eq!(world.run.requests_attached["again"], 5);
    assert_eq!(world.run.completion_callbacks().len(), 1);
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionOptionsUpdated {"attached_completion_callbacks":[[99,97,108,108,98,97,99,107]],"attached_request_id":"again"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn while_a_task_is_out_it_waits_for_its_number() {
    let mut world = World::default();
    world.poll().unwrap();
    attach(&mut world, "again", 0).unwrap();
    assert_eq!(world.run.requests_attached["again"], 0);
    world.complete(Vec::<crate::Command>::new()).unwrap();
    assert_eq!(world.run.requests_attached["again"], 5);
}

#[test]
fn callbacks_are_limited() {
    let mut world = World::default();
    world.limits.callbacks_max = 2;
    attach(&mut world, "a", 2).unwrap();
    let refused = attach(&mut world, "b", 1);
    let Err(Rejection::Limit(limit @ LimitError::TooManyCallbacks { .. })) = refused else {
        panic!("{refused:?}");
    };
    expect!["cannot attach more than 2 callbacks to a workflow (2 callbacks already attached)"]
        .assert_eq(&limit.to_string());
}
