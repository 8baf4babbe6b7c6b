//! Messages to other runs in scripted runs.

use expect_test::expect;

use crate::{
    EventId, Execution, Input, Rejection,
    command::{
        CommandKind, RequestCancelExternalWorkflow, SignalExternalWorkflow, StartChildWorkflow,
    },
    event::{ExternalFailedCause, WorkflowTaskFailedCause},
    fixture::World,
    input::{ExternalReport, Reply},
};

fn target() -> Execution {
    Execution { workflow_id: "other".into(), run_id: "".into() }
}

fn signal() -> CommandKind {
    CommandKind::SignalExternalWorkflow(Box::new(SignalExternalWorkflow {
        execution: target(),
        signal_name: "hello".to_owned(),
        ..SignalExternalWorkflow::default()
    }))
}

fn cancel() -> CommandKind {
    CommandKind::RequestCancelExternalWorkflow(Box::new(RequestCancelExternalWorkflow {
        execution: target(),
        ..RequestCancelExternalWorkflow::default()
    }))
}

fn report(id: EventId, outcome: Result<(), ExternalFailedCause>) -> Input {
    Input::External(Box::new(ExternalReport { initiated_event_id: id, outcome }))
}

#[test]
fn messages_are_sent_until_they_are_answered_for() {
    let mut world = World::default();
    world.complete([signal(), cancel()]).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send Signal other/ hello for 5
        Send RequestCancel other/ for 6
    "#]]
    .assert_eq(&world.effects());
    assert_eq!(world.feed(report(5, Ok(()))), Ok(Reply::Done));
    assert_eq!(world.feed(report(5, Ok(()))), Ok(Reply::Duplicate));
    world.crash();
    expect![[r#"
        OfferWorkflowTask queue 8 attempt 1
        Send RequestCancel other/ for 6
    "#]]
    .assert_eq(&world.effects());
    world.feed(report(6, Ok(()))).unwrap();
    assert!(world.run.external.is_empty());
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 SignalExternalWorkflowExecutionInitiated {"signal_name":"hello"}
        6 RequestCancelExternalWorkflowExecutionInitiated
        7 ExternalWorkflowExecutionSignaled {"initiated_event_id":5}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        9 ExternalWorkflowExecutionCancelRequested {"initiated_event_id":6}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn an_absent_target_fails_the_message() {
    let mut world = World::default();
    world.complete([signal(), cancel()]).unwrap();
    let gone = Err(ExternalFailedCause::ExternalWorkflowExecutionNotFound);
    world.feed(report(5, gone)).unwrap();
    world.feed(report(6, gone)).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 SignalExternalWorkflowExecutionInitiated {"signal_name":"hello"}
        6 RequestCancelExternalWorkflowExecutionInitiated
        7 SignalExternalWorkflowExecutionFailed {"cause":"ExternalWorkflowExecutionNotFound","initiated_event_id":5}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        9 RequestCancelExternalWorkflowExecutionFailed {"cause":"ExternalWorkflowExecutionNotFound","initiated_event_id":6}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_message_sent_again_has_the_same_request_id() {
    let mut world = World::default();
    world.complete([signal()]).unwrap();
    let sent = world.take_effects();
    world.crash();
    let again = world.take_effects();
    assert_eq!(again.len(), 1);
    assert!(sent.contains(&again[0]));
}

#[test]
fn a_child_is_not_cancelled_by_the_task_that_starts_it() {
    let mut world = World::default();
    let child = StartChildWorkflow {
        workflow_id: "other".into(),
        workflow_type: "sub".into(),
        ..StartChildWorkflow::default()
    };
    let start = CommandKind::StartChildWorkflow(Box::new(child));
    let refused = world.complete([start, cancel()]);
    let Err(Rejection::BadCompletion { cause, .. }) = refused else {
        panic!("accepted: {refused:?}");
    };
    assert_eq!(cause, WorkflowTaskFailedCause::BadRequestCancelExternalAttributes);
}
