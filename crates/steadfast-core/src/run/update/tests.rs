//! Updates in scripted runs.

use expect_test::expect;

use crate::{
    Failure, Rejection, Span,
    command::{AcceptUpdate, CommandKind},
    event::{UpdateOutcome, WorkflowTaskFailedCause},
    fixture::{self, World},
    input::{Reply, UpdateReply},
    limits::LimitError,
    start::StartRequest,
};

fn accept(id: &str) -> CommandKind {
    let update_id = id.into();
    CommandKind::AcceptUpdate(Box::new(AcceptUpdate { update_id, ..AcceptUpdate::default() }))
}

fn answer(id: &str) -> CommandKind {
    CommandKind::CompleteUpdate { update_id: id.into(), outcome: UpdateOutcome::default() }
}

fn reject(id: &str) -> CommandKind {
    let failure = Box::new(Failure::application("Bad", "not like this"));
    CommandKind::RejectUpdate { update_id: id.into(), failure }
}

fn done() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

fn none() -> [CommandKind; 0] {
    []
}

/// A run whose first task is done.
fn idle() -> World {
    let mut world = World::default();
    world.complete(none()).unwrap();
    world.effects();
    world
}

fn admitted() -> Result<Reply, Rejection> {
    Ok(Reply::Update(UpdateReply::Admitted))
}

#[test]
fn an_update_ends_the_delay_of_a_start() {
    let request = StartRequest { start_delay: Span::from_secs(30), ..fixture::request() };
    let mut world = World::start(request);
    assert_eq!(world.update("u"), admitted());
    let task = world.poll().unwrap();
    assert_eq!(task.updates.len(), 1);
    world.complete([accept("u"), answer("u")]).unwrap();
    world.pass(Span::from_secs(30));
    assert!(world.run.pending_task().is_none(), "the delay is over for good");
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"first_workflow_task_backoff":"30s","task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        6 WorkflowExecutionUpdateCompleted {"accepted_event_id":5,"update_id":"u"}
    "#]].assert_eq(&world.history());
}

#[test]
fn an_update_is_accepted_and_answered_in_one_speculative_task() {
    let mut world = idle();
    assert_eq!(world.update("u"), admitted());
    assert_eq!(world.run.next_event_id, 5, "nothing is written for a speculative task");
    let task = world.poll().unwrap();
    assert_eq!(task.updates.len(), 1);
    world.complete([accept("u"), answer("u")]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        9 WorkflowExecutionUpdateCompleted {"accepted_event_id":8,"update_id":"u"}
    "#]].assert_eq(&world.history());
    expect![[r#"
        OfferWorkflowTask queue 5 attempt 1
        UpdateStage u Completed: success
    "#]]
    .assert_eq(&world.effects());
    let known = Reply::Update(UpdateReply::Completed(UpdateOutcome::default()));
    assert_eq!(world.update("u"), Ok(known.clone()));
    world.crash();
    assert_eq!(world.update("u"), Ok(known));
}

#[test]
fn an_update_may_be_answered_later() {
    let mut world = idle();
    world.update("u").unwrap();
    world.complete([accept("u")]).unwrap();
    assert_eq!(world.update("u"), Ok(Reply::Update(UpdateReply::Accepted)));
    world.crash();
    world.signal("now").unwrap();
    world.complete([answer("u")]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        9 WorkflowExecutionSignaled {"signal_name":"now"}
        10 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        11 WorkflowTaskStarted {"scheduled_event_id":10}
        12 WorkflowTaskCompleted {"scheduled_event_id":10,"started_event_id":11}
        13 WorkflowExecutionUpdateCompleted {"accepted_event_id":8,"update_id":"u"}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_rejected_update_leaves_no_trace() {
    let mut world = idle();
    let before = world.records.len();
    world.update("u").unwrap();
    world.complete([reject("u")]).unwrap();
    assert_eq!(world.records.len(), before);
    expect![[r#"
        OfferWorkflowTask queue 5 attempt 1
        UpdateStage u Rejected: not like this
    "#]]
    .assert_eq(&world.effects());
    assert!(world.run.pending_task().is_none());
    world.signal("go").unwrap();
    world.complete(none()).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"go"}
        6 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        7 WorkflowTaskStarted {"scheduled_event_id":6}
        8 WorkflowTaskCompleted {"scheduled_event_id":6,"started_event_id":7}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_worker_that_says_nothing_of_an_update_rejects_it() {
    let mut world = idle();
    world.update("u").unwrap();
    world.complete(none()).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 5 attempt 1
        UpdateStage u Rejected: Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.
    "#]].assert_eq(&world.effects());
    assert!(world.run.session.admitted.is_empty());
}

#[test]
fn updates_of_a_failed_task_are_delivered_again() {
    let mut world = idle();
    world.update("u").unwrap();
    assert_eq!(world.poll().unwrap().updates.len(), 1);
    world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
    assert_eq!(world.poll().unwrap().updates.len(), 1);
    world.complete([accept("u"), answer("u")]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskFailed {"cause":"NonDeterministicError","scheduled_event_id":5,"started_event_id":6}
        8 WorkflowTaskScheduled {"attempt":2,"task_queue":"queue"}
        9 WorkflowTaskStarted {"scheduled_event_id":8}
        10 WorkflowTaskCompleted {"scheduled_event_id":8,"started_event_id":9}
        11 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        12 WorkflowExecutionUpdateCompleted {"accepted_event_id":11,"update_id":"u"}
    "#]].assert_eq(&world.history());
}

#[test]
fn an_update_that_arrives_during_a_task_gets_the_next_one() {
    let mut world = World::default();
    world.poll().unwrap();
    world.update("u").unwrap();
    world.complete(none()).unwrap();
    let task = world.poll().unwrap();
    assert_eq!(task.updates.len(), 1);
    world.complete([accept("u"), answer("u")]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        9 WorkflowExecutionUpdateCompleted {"accepted_event_id":8,"update_id":"u"}
    "#]].assert_eq(&world.history());
}

#[test]
fn a_workflow_does_not_close_over_an_update_it_has_not_seen() {
    let mut world = World::default();
    world.poll().unwrap();
    world.update("u").unwrap();
    let refused = world.complete([done()]);
    assert!(matches!(
        refused,
        Err(Rejection::BadCompletion { cause: WorkflowTaskFailedCause::UnhandledCommand, .. })
    ));
    world.complete([accept("u"), answer("u"), done()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"UnhandledCommand","failure":{"info":{"Server":{"non_retryable":true}},"message":"UnhandledCommand","source":"Server"},"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":2,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowExecutionUpdateAccepted {"accepted_request":{"name":"change","update_id":"u"},"accepted_request_message_id":"u/request"}
        9 WorkflowExecutionUpdateCompleted {"accepted_event_id":8,"update_id":"u"}
        10 WorkflowExecutionCompleted
    "#]].assert_eq(&world.history());
}

#[test]
fn a_closing_run_fails_what_it_accepted_and_aborts_the_rest() {
    let mut world = idle();
    world.update("accepted").unwrap();
    world.complete([accept("accepted")]).unwrap();
    world.update("seen").unwrap();
    world.poll().unwrap();
    world.effects();
    world.complete([done()]).unwrap();
    expect![[r#"
        UpdateStage accepted Completed: Workflow Update failed because the Workflow completed before the Update completed.
        UpdateStage seen Aborted
        Closed
    "#]].assert_eq(&world.effects());
    world.crash();
    assert!(matches!(
        world.update("accepted"),
        Ok(Reply::Update(UpdateReply::Completed(UpdateOutcome::Failure(_))))
    ));
    assert_eq!(world.update("seen"), Err(Rejection::Closed));
}

#[test]
fn an_admitted_update_is_forgotten_in_a_crash_and_asked_again() {
    let mut world = idle();
    world.update("u").unwrap();
    world.crash();
    assert!(world.run.pending_task().is_none());
    assert_eq!(world.update("u"), admitted());
    assert_eq!(world.effects(), "OfferWorkflowTask queue 5 attempt 1\n");
}

#[test]
fn wrong_update_commands_fail_the_workflow_task() {
    for commands in [
        vec![accept("unknown")],
        vec![reject("unknown")],
        vec![answer("unknown")],
        vec![answer("u")],
        vec![accept("u"), accept("u")],
        vec![accept("u"), answer("u"), answer("u")],
        vec![accept("u"), reject("u")],
    ] {
        let mut world = idle();
        world.update("u").unwrap();
        let refused = world.complete(commands);
        let Err(Rejection::BadCompletion { cause, .. }) = refused else {
            panic!("accepted: {refused:?}");
        };
        assert_eq!(cause, WorkflowTaskFailedCause::BadUpdateWorkflowExecutionMessage);
        assert_eq!(world.poll().unwrap().updates.len(), 1, "it is delivered again");
    }
}

#[test]
fn updates_are_limited_in_flight_and_in_all() {
    let mut world = idle();
    world.limits.updates_in_flight_max = 1;
    world.update("a").unwrap();
    let refused = world.update("b");
    assert!(matches!(refused, Err(Rejection::Limit(LimitError::TooMany { max: 1, .. }))));
    world.complete([accept("a"), answer("a")]).unwrap();
    world.update("b").unwrap();
    world.complete([accept("b"), answer("b")]).unwrap();
    world.limits.updates_total_max = 2;
    let refused = world.update("c");
    assert!(matches!(refused, Err(Rejection::Limit(LimitError::TooMany { max: 2, .. }))));
}

#[test]
fn a_run_that_cannot_answer_refuses_updates_at_once() {
    let mut world = idle();
    world.signal("go").unwrap();
    for _ in 0..2 {
        world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
    }
    assert!(matches!(world.update("u"), Err(Rejection::NotReady(_))));
    // A workflow that is about to close again takes neither updates nor signals.
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("news").unwrap();
    world.complete([done()]).unwrap_err();
    world.signal("between").unwrap();
    world.poll().unwrap();
    assert_eq!(world.update("u"), Err(Rejection::Closing));
    assert_eq!(world.signal("more"), Err(Rejection::Closing));
    world.complete([done()]).unwrap();
}

#[test]
fn a_dropped_task_says_where_the_history_ends() {
    let mut world = idle();
    world.update("u").unwrap();
    let Ok(Reply::WorkflowTaskCompleted { dropped_after, .. }) = world.complete([reject("u")])
    else {
        panic!("the rejection is accepted");
    };
    assert_eq!(dropped_after, Some(3));
}
