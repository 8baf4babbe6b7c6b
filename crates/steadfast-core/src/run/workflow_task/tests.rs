//! Tests of workflow tasks: attempts, timeouts, stickiness, buffering, speculative tasks.

use expect_test::expect;

use crate::{
    Command, Input, Rejection, Span,
    command::CommandKind,
    event::WorkflowTaskFailedCause,
    fixture::{self, World},
    input::{FailWorkflowTask, Reply, StartWorkflowTask},
    start::StartRequest,
};

fn complete_workflow() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

fn timer(id: &str) -> CommandKind {
    CommandKind::StartTimer { timer_id: id.into(), start_to_fire_timeout: Span::from_secs(5) }
}

fn none() -> [Command; 0] {
    []
}

#[test]
fn started_and_completed_are_written_together() {
    let mut world = World::default();
    world.poll().unwrap();
    assert_eq!(world.records.len(), 1, "that a task is out is not written");
    world.complete([complete_workflow()]).unwrap();
    assert_eq!(world.records.len(), 2);
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn an_answer_is_accepted_once() {
    let mut world = World::default();
    let task = world.poll().unwrap().task;
    world.complete(none()).unwrap();
    let again = world.feed(fixture::complete(task, Vec::new(), None));
    assert_eq!(again, Err(Rejection::WorkflowTaskNotFound));
}

#[test]
fn a_repeated_poll_gets_the_same_task_and_another_poll_gets_none() {
    let mut world = World::default();
    let task = world.poll().unwrap();
    let poll = |request_id: &str| {
        Input::StartWorkflowTask(StartWorkflowTask {
            scheduled_event_id: 2,
            attempt: 1,
            request_id: request_id.into(),
            identity: "worker".into(),
        })
    };
    let repeated = world.feed(poll("poll-1")).unwrap();
    assert_eq!(repeated, Reply::WorkflowTask(Box::new(task)));
    assert_eq!(world.feed(poll("poll-9")), Err(Rejection::WorkflowTaskNotFound));
}

#[test]
fn what_arrives_while_a_task_is_out_follows_its_commands() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("first").unwrap();
    world.signal("second").unwrap();
    world.complete([timer("t")]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"5s","timer_id":"t"}
        6 WorkflowExecutionSignaled {"signal_name":"first"}
        7 WorkflowExecutionSignaled {"signal_name":"second"}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_workflow_may_not_close_on_what_it_has_not_seen() {
    let mut world = World::default();
    world.poll().unwrap();
    world.signal("news").unwrap();
    let refused = world.complete([complete_workflow()]).unwrap_err();
    assert!(matches!(
        refused,
        Rejection::BadCompletion { cause: WorkflowTaskFailedCause::UnhandledCommand, .. }
    ));
    world.complete([complete_workflow()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"UnhandledCommand","failure":{"info":{"Server":{"non_retryable":true}},"message":"UnhandledCommand","source":"Server"},"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"news"}
        6 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        7 WorkflowTaskStarted {"scheduled_event_id":6}
        8 WorkflowTaskCompleted {"scheduled_event_id":6,"started_event_id":7}
        9 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn only_the_first_failure_of_many_is_in_the_history() {
    let mut world = World::default();
    for _ in 0..5 {
        world.fail_task(WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure).unwrap();
        world.pass(Span::from_secs(60));
    }
    assert_eq!(world.run.pending_task().unwrap().attempt, 6);
    world.complete([complete_workflow()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"WorkflowWorkerUnhandledFailure","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":6,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn repeated_failures_slow_down() {
    let mut world = World::default();
    for _ in 0..3 {
        world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
    }
    world.take_effects();
    assert_eq!(world.poll(), Err(Rejection::WorkflowTaskNotFound), "attempt 4 waits");
    world.pass(Span::from_secs(1));
    expect!["OfferWorkflowTask queue 5 attempt 4\n"].assert_eq(&world.effects());
    world.poll().unwrap();
}

#[test]
fn news_makes_a_failed_task_a_first_attempt_again() {
    let mut world = World::default();
    world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
    world.signal("news").unwrap();
    world.complete(none()).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"NonDeterministicError","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"news"}
        6 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        7 WorkflowTaskStarted {"scheduled_event_id":6}
        8 WorkflowTaskCompleted {"scheduled_event_id":6,"started_event_id":7}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_silent_worker_times_out_and_the_task_is_offered_again() {
    let mut world = World::default();
    world.poll().unwrap();
    world.take_effects();
    world.pass(Span::from_secs(10));
    expect!["OfferWorkflowTask queue 5 attempt 2\n"].assert_eq(&world.effects());
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskTimedOut {"scheduled_event_id":2,"started_event_id":3,"timeout_type":"StartToClose"}
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_crash_offers_the_task_again_and_the_old_answer_is_stale() {
    let mut world = World::default();
    let before = world.poll().unwrap().task;
    world.signal("buffered").unwrap();
    world.crash();
    expect!["OfferWorkflowTask queue 2 attempt 1\n"].assert_eq(&world.effects());
    let stale = world.feed(fixture::complete(before, Vec::new(), None));
    assert_eq!(stale, Err(Rejection::WorkflowTaskNotFound));
    let task = world.poll().unwrap();
    assert_eq!(task.task.started_event_id, 4, "the buffered signal got its number first");
    world.complete([complete_workflow()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionSignaled {"signal_name":"buffered"}
        4 WorkflowTaskStarted {"scheduled_event_id":2}
        5 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":4}
        6 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_sticky_task_that_nobody_takes_goes_to_the_runs_own_queue() {
    let mut world = World::default();
    world.complete_sticky([timer("t")]).unwrap();
    world.take_effects();
    world.signal("wake").unwrap();
    expect!["OfferWorkflowTask sticky 7 attempt 1\n"].assert_eq(&world.effects());
    world.pass(Span::from_secs(5));
    assert!(world.effects().contains("OfferWorkflowTask queue"), "{}", world.history());
    assert!(world.history().contains(r#""timeout_type":"ScheduleToStart""#));
}

#[test]
fn a_sticky_worker_that_is_gone_is_forgotten_at_once() {
    let mut world = World::default();
    world.complete_sticky([timer("t")]).unwrap();
    world.signal("wake").unwrap();
    world.take_effects();
    world.feed(Input::ResetSticky).unwrap();
    expect!["OfferWorkflowTask queue 7 attempt 1\n"].assert_eq(&world.effects());
    assert!(!world.poll().unwrap().sticky);
}

#[test]
fn a_bad_command_fails_the_task_and_leaves_nothing_else() {
    let mut world = World::default();
    let commands = [timer("twice"), timer("twice")];
    let refused = world.complete(commands).unwrap_err();
    assert!(matches!(
        refused,
        Rejection::BadCompletion { cause: WorkflowTaskFailedCause::StartTimerDuplicateId, .. }
    ));
    assert!(world.run.timers.is_empty());
    assert_eq!(world.run.pending_task().unwrap().attempt, 2);
}

#[test]
fn a_start_delay_holds_the_first_task_back() {
    let request = StartRequest { start_delay: Span::from_secs(30), ..fixture::request() };
    let mut world = World::start(request);
    world.signal("early").unwrap();
    assert!(world.run.pending_task().is_none());
    world.pass(Span::from_secs(30));
    assert!(world.run.pending_task().is_some());
}

#[test]
fn a_termination_fails_the_task_that_is_out() {
    let mut world = World::default();
    let task = world.poll().unwrap().task;
    world.feed(Input::Terminate(Box::default())).unwrap();
    let late = FailWorkflowTask {
        task,
        cause: WorkflowTaskFailedCause::Unspecified,
        failure: None,
        identity: "worker".into(),
    };
    let late = world.feed(Input::FailWorkflowTask(Box::new(late)));
    assert_eq!(late, Err(Rejection::WorkflowTaskNotFound));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"cause":"ForceCloseCommand","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionTerminated
    "#]]
    .assert_eq(&world.history());
}

#[test]
fn a_speculative_task_whose_update_is_refused_leaves_no_trace() {
    let mut world = World::default();
    world.complete(none()).unwrap();
    let (events, records) = (world.run.next_event_id, world.records.len());
    world.update("u").unwrap();
    assert_eq!(world.poll().unwrap().updates.len(), 1);
    let failure = Box::new(crate::Failure::application("No", "no"));
    world.complete([CommandKind::RejectUpdate { update_id: "u".into(), failure }]).unwrap();
    assert_eq!((world.run.next_event_id, world.records.len()), (events, records));
}

#[test]
fn failures_in_a_row_are_reported_until_a_task_completes() {
    use crate::run::workflow_task::PROBLEMS_ATTRIBUTE;
    let mut world = World::default();
    for _ in 0..4 {
        world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
        world.pass(Span::from_secs(61));
    }
    assert!(!world.run.search_attributes.contains_key(PROBLEMS_ATTRIBUTE));
    world.fail_task(WorkflowTaskFailedCause::NonDeterministicError).unwrap();
    world.pass(Span::from_secs(61));
    let shown = world.run.search_attributes[PROBLEMS_ATTRIBUTE].data.clone();
    let expected =
        r#"["category=WorkflowTaskFailed","cause=WorkflowTaskFailedCauseNonDeterministicError"]"#;
    assert_eq!(shown, expected);
    world.crash();
    assert_eq!(world.run.search_attributes[PROBLEMS_ATTRIBUTE].data, expected);
    world.complete(Vec::<crate::Command>::new()).unwrap();
    assert!(!world.run.search_attributes.contains_key(PROBLEMS_ATTRIBUTE));
}

#[test]
fn a_long_history_is_told_to_continue_as_new_with_its_reasons() {
    use crate::event::SuggestContinueAsNewReason as Reason;
    let mut world = World::default();
    world.limits.suggest_continue_as_new_events = 3;
    world.limits.suggest_continue_as_new_bytes = 1;
    world.poll().unwrap();
    let out = world.run.session.task_out.clone().unwrap();
    let reasons = [Reason::HistorySizeTooLarge, Reason::TooManyHistoryEvents];
    assert_eq!(out.suggest_continue_as_new, reasons);
}

/// A worker's answer that only asks for another task.
fn heartbeat(world: &mut World) -> Result<Reply, Rejection> {
    let task = world.poll()?.task;
    let mut input = fixture::complete(task, Vec::new(), None);
    if let Input::CompleteWorkflowTask(input) = &mut input {
        input.force_new_task = true;
    }
    world.feed(input)
}

#[test]
fn a_worker_may_not_answer_with_heartbeats_for_ever() {
    let mut world = World::default();
    world.limits.workflow_task_heartbeats_max = Span::from_secs(20);
    for _ in 0..3 {
        heartbeat(&mut world).unwrap();
        world.pass(Span::from_secs(9));
    }
    assert_eq!(heartbeat(&mut world), Err(Rejection::HeartbeatsTooLong));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        6 WorkflowTaskStarted {"scheduled_event_id":5}
        7 WorkflowTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        9 WorkflowTaskStarted {"scheduled_event_id":8}
        10 WorkflowTaskCompleted {"scheduled_event_id":8,"started_event_id":9}
        11 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        12 WorkflowTaskStarted {"scheduled_event_id":11}
        13 WorkflowTaskTimedOut {"scheduled_event_id":11,"started_event_id":12,"timeout_type":"StartToClose"}
        14 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&world.history());
    // The next task begins anew, and so does what follows a task that does anything.
    heartbeat(&mut world).unwrap();
    world.pass(Span::from_secs(15));
    world.complete([timer("t")]).unwrap();
    world.signal("again").unwrap();
    world.pass(Span::from_secs(4));
    heartbeat(&mut world).unwrap();
    world.pass(Span::from_secs(9));
    heartbeat(&mut world).unwrap();
}
