//! Tests of activities: the four timeouts, retries, heartbeats, cancellation, answers by name.

use expect_test::expect;

use crate::{
    Failure, Input, Payload, Rejection, RetryPolicy, Span,
    command::{CommandKind, ScheduleActivity},
    failure::{ApplicationFailure, FailureInfo},
    fixture::World,
    input::{
        ActivityOutcome, ActivityRef, HeartbeatActivity, HeartbeatReply, Reply, ResolveActivity,
    },
};

/// The scheduled event of the activity that [`scheduled`] makes.
const ACTIVITY: i64 = 5;

fn charge() -> ScheduleActivity {
    ScheduleActivity {
        activity_id: "1".into(),
        activity_type: "charge".into(),
        start_to_close_timeout: Span::from_secs(10),
        ..ScheduleActivity::default()
    }
}

fn scheduled(activity: ScheduleActivity) -> World {
    let mut world = World::default();
    world.complete([CommandKind::ScheduleActivity(Box::new(activity))]).unwrap();
    world
}

fn attempt(attempt: i32) -> ActivityRef {
    ActivityRef::Attempt { scheduled_event_id: ACTIVITY, attempt, request_id: "".into() }
}

fn resolve(
    world: &mut World,
    activity: ActivityRef,
    outcome: ActivityOutcome,
) -> Result<Reply, Rejection> {
    let identity = "worker".into();
    let input = ResolveActivity { activity, outcome, identity };
    world.feed(Input::ResolveActivity(Box::new(input)))
}

fn failed(failure: Failure) -> ActivityOutcome {
    ActivityOutcome::Failed { failure, last_heartbeat: None }
}

fn heartbeat(world: &mut World, details: &str) -> Result<Reply, Rejection> {
    let details = vec![Payload::new("json/plain", details.to_owned())];
    let input = HeartbeatActivity { activity: attempt(1), details, identity: "worker".into() };
    world.feed(Input::HeartbeatActivity(Box::new(input)))
}

/// The history after the completed workflow task that scheduled the activity.
fn news(world: &World) -> String {
    world.history().lines().skip(4).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_start_is_durable_before_the_worker_sees_the_task_and_an_event_only_at_the_end() {
    let mut world = scheduled(charge());
    let records = world.records.len();
    let Reply::Activity(task) = world.start_activity(ACTIVITY).unwrap() else { panic!("a task") };
    assert_eq!((task.attempt, world.records.len()), (1, records + 1));
    resolve(&mut world, attempt(1), ActivityOutcome::Completed(Vec::new())).unwrap();
    expect![[r#"
        5 ActivityTaskScheduled {"activity_id":"1","activity_type":"charge","retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue"}
        6 ActivityTaskStarted {"attempt":1,"scheduled_event_id":5}
        7 ActivityTaskCompleted {"scheduled_event_id":5,"started_event_id":6}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&news(&world));
}

#[test]
fn a_started_attempt_is_not_handed_out_again_not_even_after_a_crash() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    world.crash();
    assert_eq!(world.effects(), "");
    assert_eq!(world.start_activity(ACTIVITY), Err(Rejection::ActivityNotFound));
    resolve(&mut world, attempt(1), ActivityOutcome::Completed(Vec::new())).unwrap();
}

#[test]
fn an_answer_is_accepted_once_and_only_from_the_running_attempt() {
    let mut world = scheduled(charge());
    let early = resolve(&mut world, attempt(1), ActivityOutcome::Completed(Vec::new()));
    assert_eq!(early, Err(Rejection::ActivityNotFound), "no attempt runs");
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(1), failed(Failure::application("Flaky", "once"))).unwrap();
    let stale = resolve(&mut world, attempt(1), ActivityOutcome::Completed(Vec::new()));
    assert_eq!(stale, Err(Rejection::ActivityNotFound));
}

#[test]
fn a_failure_is_retried_after_its_backoff() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    world.take_effects();
    resolve(&mut world, attempt(1), failed(Failure::application("Flaky", "once"))).unwrap();
    assert_eq!(world.effects(), "", "the next attempt waits");
    assert_eq!(world.start_activity(ACTIVITY), Err(Rejection::ActivityNotFound));
    world.crash();
    assert_eq!(world.effects(), "", "a takeover does not shorten the wait");
    world.pass(Span::from_secs(1));
    expect!["OfferActivity queue 5 attempt 2\n"].assert_eq(&world.effects());
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(2), ActivityOutcome::Completed(Vec::new())).unwrap();
    let started = news(&world).lines().nth(1).unwrap_or_default().to_owned();
    expect![[r#"6 ActivityTaskStarted {"attempt":2,"last_failure":{"info":{"Application":{"type":"Flaky"}},"message":"once"},"scheduled_event_id":5}"#]].assert_eq(&started);
}

#[test]
fn a_failure_may_name_its_own_delay() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    let info = FailureInfo::Application(ApplicationFailure {
        next_retry_delay: Some(Span::from_secs(7)),
        ..ApplicationFailure::default()
    });
    resolve(&mut world, attempt(1), failed(Failure { info, ..Failure::default() })).unwrap();
    let due = world.run.next_deadline().unwrap();
    assert_eq!(due, world.now + Span::from_secs(7));
}

#[test]
fn attempts_end_where_the_policy_says() {
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    let mut world = scheduled(ScheduleActivity { retry_policy: Some(policy), ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(1), failed(Failure::application("Flaky", "1"))).unwrap();
    world.pass(Span::from_secs(1));
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(2), failed(Failure::application("Flaky", "2"))).unwrap();
    assert!(news(&world).contains(r#""retry_state":"MaximumAttemptsReached""#));
    assert!(world.run.activities.is_empty());
}

#[test]
fn a_non_retryable_type_ends_it_at_once() {
    let non_retryable_error_types = vec!["Invalid".to_owned()];
    let policy = RetryPolicy { non_retryable_error_types, ..RetryPolicy::default() };
    let mut world = scheduled(ScheduleActivity { retry_policy: Some(policy), ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(1), failed(Failure::application("Invalid", "no"))).unwrap();
    assert!(news(&world).contains(r#""retry_state":"NonRetryableFailure""#));
}

#[test]
fn a_silent_attempt_times_out_and_is_retried() {
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    let mut world = scheduled(ScheduleActivity { retry_policy: Some(policy), ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    world.pass(Span::from_secs(11));
    assert_eq!(world.run.activities[&ACTIVITY].attempt, 2);
    world.start_activity(ACTIVITY).unwrap();
    world.pass(Span::from_secs(10));
    let end = news(&world).lines().nth(2).unwrap_or_default().to_owned();
    expect![[r#"7 ActivityTaskTimedOut {"failure":{"cause":{"info":{"Timeout":{"timeout":"StartToClose"}},"message":"activity StartToClose timeout","source":"Server"},"info":{"Timeout":{"timeout":"StartToClose"}},"message":"activity StartToClose timeout","source":"Server"},"retry_state":"MaximumAttemptsReached","scheduled_event_id":5,"started_event_id":6}"#]].assert_eq(&end);
}

#[test]
fn nobody_takes_it_in_time() {
    let schedule_to_start_timeout = Span::from_secs(3);
    let mut world = scheduled(ScheduleActivity { schedule_to_start_timeout, ..charge() });
    world.pass(Span::from_secs(3));
    let end = news(&world).lines().nth(1).unwrap_or_default().to_owned();
    expect![[r#"6 ActivityTaskTimedOut {"failure":{"info":{"Timeout":{"timeout":"ScheduleToStart"}},"message":"activity ScheduleToStart timeout","source":"Server"},"retry_state":"Timeout","scheduled_event_id":5}"#]].assert_eq(&end);
}

#[test]
fn all_attempts_together_have_a_deadline_and_it_names_the_last_failure() {
    let schedule_to_close_timeout = Span::from_secs(2);
    let mut world = scheduled(ScheduleActivity { schedule_to_close_timeout, ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, attempt(1), failed(Failure::application("Flaky", "why"))).unwrap();
    world.pass(Span::from_secs(2));
    let end = news(&world).lines().nth(1).unwrap_or_default().to_owned();
    assert!(end.contains(r#""timeout":"ScheduleToClose""#) && end.contains("why"), "{end}");
}

#[test]
fn heartbeats_keep_it_alive_and_their_details_reach_the_next_attempt() {
    let heartbeat_timeout = Span::from_secs(2);
    let mut world = scheduled(ScheduleActivity { heartbeat_timeout, ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    for step in ["10", "20", "30"] {
        world.pass(Span::from_millis(1_500));
        let reply = heartbeat(&mut world, step).unwrap();
        assert_eq!(reply, Reply::Heartbeat(HeartbeatReply::default()));
    }
    world.pass(Span::from_secs(2));
    let activity = world.run.activities[&ACTIVITY].clone();
    assert_eq!((activity.attempt, activity.started.is_none()), (2, true));
    assert_eq!(activity.heartbeat_details, vec![Payload::new("json/plain", "30")]);
}

#[test]
fn quick_heartbeats_are_not_all_written() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    let records = world.records.len();
    for step in 0..100 {
        world.pass(Span::from_millis(10));
        heartbeat(&mut world, &step.to_string()).unwrap();
    }
    assert_eq!(world.records.len(), records + 1, "one a second");
}

#[test]
fn a_takeover_gives_a_heartbeating_worker_its_whole_time_again() {
    let heartbeat_timeout = Span::from_secs(2);
    let mut world = scheduled(ScheduleActivity { heartbeat_timeout, ..charge() });
    world.start_activity(ACTIVITY).unwrap();
    world.now = world.now + Span::from_secs(3);
    world.crash();
    world.pass(Span::from_millis(1_900));
    assert_eq!(world.run.activities[&ACTIVITY].attempt, 1);
    world.pass(Span::from_millis(100));
    assert_eq!(world.run.activities[&ACTIVITY].attempt, 2);
}

#[test]
fn a_waiting_activity_is_cancelled_on_the_spot() {
    let mut world = scheduled(charge());
    world.signal("go").unwrap();
    world.take_effects();
    let cancel = CommandKind::RequestCancelActivity { scheduled_event_id: ACTIVITY };
    world.complete([cancel]).unwrap();
    assert!(world.effects().starts_with("WithdrawActivity queue 5\n"));
    let end: String = news(&world).lines().skip(5).map(|line| format!("{line}\n")).collect();
    expect![[r#"
        10 ActivityTaskCancelRequested {"scheduled_event_id":5}
        11 ActivityTaskCanceled {"details":["\"ACTIVITY_ID_NOT_STARTED\""],"latest_cancel_requested_event_id":10,"scheduled_event_id":5}
        12 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&end);
}

#[test]
fn a_running_activity_hears_of_its_cancellation_and_may_accept_it() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    let unasked = resolve(&mut world, attempt(1), ActivityOutcome::Canceled(Vec::new()));
    assert!(matches!(unasked, Err(Rejection::Invalid(_))));
    world.signal("go").unwrap();
    let cancel = CommandKind::RequestCancelActivity { scheduled_event_id: ACTIVITY };
    world.complete([cancel]).unwrap();
    let reply = heartbeat(&mut world, "1").unwrap();
    let told = HeartbeatReply { cancel_requested: true, ..HeartbeatReply::default() };
    assert_eq!(reply, Reply::Heartbeat(told));
    resolve(&mut world, attempt(1), ActivityOutcome::Canceled(Vec::new())).unwrap();
    assert!(news(&world).contains("ActivityTaskCanceled"));
}

#[test]
fn a_cancelled_activity_is_not_retried() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    world.signal("go").unwrap();
    let cancel = CommandKind::RequestCancelActivity { scheduled_event_id: ACTIVITY };
    world.complete([cancel]).unwrap();
    resolve(&mut world, attempt(1), failed(Failure::application("Flaky", "late"))).unwrap();
    assert!(news(&world).contains(r#""retry_state":"CancelRequested""#));
}

#[test]
fn an_answer_by_name_needs_no_attempt() {
    let mut world = scheduled(charge());
    let by_name = ActivityRef::Id("1".into());
    resolve(&mut world, by_name.clone(), ActivityOutcome::Completed(Vec::new())).unwrap();
    assert!(news(&world).contains("ActivityTaskStarted"), "Temporal makes up a start");
    let again = resolve(&mut world, by_name, ActivityOutcome::Completed(Vec::new()));
    assert_eq!(again, Err(Rejection::ActivityNotFound));
}

#[test]
fn an_end_that_waits_in_the_buffer_refers_to_its_start() {
    let mut world = scheduled(charge());
    world.start_activity(ACTIVITY).unwrap();
    world.signal("go").unwrap();
    world.poll().unwrap();
    resolve(&mut world, attempt(1), ActivityOutcome::Completed(Vec::new())).unwrap();
    world.signal("later").unwrap();
    world.complete::<CommandKind>([]).unwrap();
    let end: String = news(&world).lines().skip(5).map(|line| format!("{line}\n")).collect();
    expect![[r#"
        10 ActivityTaskStarted {"attempt":1,"scheduled_event_id":5}
        11 WorkflowExecutionSignaled {"signal_name":"later"}
        12 ActivityTaskCompleted {"scheduled_event_id":5,"started_event_id":10}
        13 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&end);
}

#[test]
fn bad_attributes_fail_the_workflow_task() {
    let bad = [
        ScheduleActivity { activity_id: "".into(), ..charge() },
        ScheduleActivity { activity_type: "".into(), ..charge() },
        ScheduleActivity { start_to_close_timeout: Span::ZERO, ..charge() },
        ScheduleActivity { activity_id: "x".repeat(1_001).into(), ..charge() },
    ];
    for activity in bad {
        let mut world = World::default();
        let refused = world.complete([CommandKind::ScheduleActivity(Box::new(activity))]);
        assert!(matches!(refused, Err(Rejection::BadCompletion { .. })), "{refused:?}");
    }
}
