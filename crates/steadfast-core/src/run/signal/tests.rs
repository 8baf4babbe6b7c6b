//! Signals in scripted runs.

use expect_test::expect;

use crate::{
    Input, Rejection,
    command::CommandKind,
    fixture::World,
    input::{Reply, Signal},
    limits::LimitError,
};

fn signal(name: &str, request_id: &str) -> Input {
    Input::Signal(Box::new(Signal {
        name: name.to_owned(),
        request_id: request_id.into(),
        ..Signal::default()
    }))
}

fn none() -> [CommandKind; 0] {
    []
}

fn done() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

#[test]
fn a_signal_wakes_the_workflow() {
    let mut world = World::default();
    world.complete(none()).unwrap();
    world.effects();
    world.signal("go").unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"go"}
        6 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&world.history());
    assert_eq!(world.effects(), "OfferWorkflowTask queue 6 attempt 1\n");
}

#[test]
fn a_signal_during_a_workflow_task_waits_for_its_end() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("one").unwrap();
    world.signal("two").unwrap();
    assert_eq!(world.run.next_event_id, 3);
    world.complete([CommandKind::CancelTimer { timer_id: "no".into() }]).unwrap_err();
    world.complete(none()).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"BadCancelTimerAttributes","failure":{"info":{"Server":{"non_retryable":true}},"message":"BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: no","source":"Server"},"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"one"}
        6 WorkflowExecutionSignaled {"signal_name":"two"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskCompleted {"scheduled_event_id":7,"started_event_id":8}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_repeated_request_changes_nothing_even_when_the_run_is_closed() {
    let mut world = World::default();
    assert_eq!(world.feed(signal("go", "request")), Ok(Reply::Done));
    assert_eq!(world.feed(signal("go", "request")), Ok(Reply::Duplicate));
    world.crash();
    assert_eq!(world.feed(signal("go", "request")), Ok(Reply::Duplicate));
    world.complete([done()]).unwrap();
    assert_eq!(world.feed(signal("go", "request")), Ok(Reply::Duplicate));
    assert_eq!(world.feed(signal("go", "another")), Err(Rejection::Closed));
    assert_eq!(world.run.signal_count, 1);
}

#[test]
fn a_buffered_signal_survives_a_crash() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("go").unwrap();
    world.crash();
    world.tick();
    world.complete([done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionSignaled {"signal_name":"go"}
        4 WorkflowTaskStarted {"scheduled_event_id":2}
        5 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":4}
        6 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn signals_beyond_the_limit_are_refused() {
    let mut world = World::default();
    world.limits.signals_total_max = 1;
    world.signal("one").unwrap();
    let refused = world.signal("two");
    assert!(matches!(refused, Err(Rejection::Limit(LimitError::TooMany { max: 1, .. }))));
    assert!(matches!(world.signal(""), Err(Rejection::Limit(LimitError::Empty { .. }))));
}

#[test]
fn a_run_does_not_signal_itself() {
    let mut world = World::default();
    let external = Some(world.run.key().execution());
    let signal = Signal { name: "go".to_owned(), external, ..Signal::default() };
    let refused = world.feed(Input::Signal(Box::new(signal)));
    assert!(matches!(refused, Err(Rejection::Invalid(_))));
}

#[test]
fn beyond_the_limit_the_oldest_request_is_forgotten() {
    let mut world = World::default();
    world.limits.request_ids_max = 2;
    let mut signal = |id: &str| {
        let signal = Signal { name: "go".into(), request_id: id.into(), ..Signal::default() };
        world.feed(Input::Signal(Box::new(signal))).unwrap()
    };
    for id in ["a", "b", "c"] {
        assert_eq!(signal(id), Reply::Done);
    }
    assert_eq!((signal("b"), signal("c")), (Reply::Duplicate, Reply::Duplicate));
    assert_eq!(signal("a"), Reply::Done, "it was forgotten");
    assert_eq!(world.run.requests_seen.len(), 2);
}
