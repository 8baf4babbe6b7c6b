//! Tests of what attempts answer: too much, too late, by name, and how that reads in the history.

use expect_test::expect;

use crate::{
    EventKind, Failure, Input, Payload, Rejection, RetryPolicy, Span, Timestamp,
    command::{CommandKind, ScheduleActivity},
    failure::{FailureInfo, RetryState, TimeoutType},
    fixture::World,
    input::{
        ActivityOutcome, ActivityRef, HeartbeatActivity, HeartbeatReply, Reply, ResolveActivity,
    },
};

const ACTIVITY: i64 = 5;

fn scheduled(schedule_to_close: u64, maximum_attempts: i32) -> World {
    let mut world = World::default();
    world.limits.payload_bytes_max = 100;
    let retry_policy = RetryPolicy { maximum_attempts, ..RetryPolicy::default() };
    let activity = ScheduleActivity {
        activity_id: "1".into(),
        activity_type: "charge".into(),
        start_to_close_timeout: Span::from_secs(10),
        schedule_to_close_timeout: Span::from_secs(schedule_to_close),
        retry_policy: Some(retry_policy),
        ..ScheduleActivity::default()
    };
    world.complete([CommandKind::ScheduleActivity(Box::new(activity))]).unwrap();
    world
}

fn by_name() -> ActivityRef {
    ActivityRef::Id("1".into())
}

fn resolve(world: &mut World, outcome: ActivityOutcome) -> Result<Reply, Rejection> {
    let (activity, identity) = (by_name(), "worker".into());
    world.feed(Input::ResolveActivity(Box::new(ResolveActivity { activity, outcome, identity })))
}

fn failed(message: &str) -> ActivityOutcome {
    let failure = Failure::application("Flaky", message);
    ActivityOutcome::Failed { failure, last_heartbeat: None }
}

fn large() -> Vec<Payload> {
    vec![Payload::new("json/plain", vec![b' '; 101])]
}

/// The history after the activity's Scheduled event.
fn news(world: &World) -> String {
    world.history().lines().skip(5).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_too_large_is_a_failure_that_says_so() {
    let mut world = scheduled(0, 0);
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, ActivityOutcome::Completed(large())).unwrap();
    expect![[r#"
        6 ActivityTaskStarted {"attempt":1,"scheduled_event_id":5}
        7 ActivityTaskFailed {"failure":{"info":{"Server":{"non_retryable":true}},"message":"Complete result exceeds size limit.","source":"Server"},"retry_state":"NonRetryableFailure","scheduled_event_id":5,"started_event_id":6}
        8 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]]
    .assert_eq(&news(&world));
}

#[test]
fn a_failure_that_is_too_large_is_cut() {
    let mut world = scheduled(0, 0);
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, failed(&"why ".repeat(50))).unwrap();
    let shown = news(&world);
    assert!(shown.contains("Failure exceeds size limit.") && shown.contains("Flaky"), "{shown}");
    assert!(shown.len() < 700, "{shown}");
}

#[test]
fn a_heartbeat_that_is_too_large_ends_the_attempt() {
    let mut world = scheduled(0, 0);
    world.start_activity(ACTIVITY).unwrap();
    let (activity, details) = (by_name(), large());
    let beat = HeartbeatActivity { activity, details, identity: "worker".into() };
    let told = world.feed(Input::HeartbeatActivity(Box::new(beat))).unwrap();
    let stop = HeartbeatReply { cancel_requested: true, ..HeartbeatReply::default() };
    assert_eq!(told, Reply::Heartbeat(stop));
    assert!(news(&world).contains("Heartbeat details exceed size limit."));
}

#[test]
fn only_a_result_may_come_before_the_start() {
    let mut world = scheduled(0, 0);
    assert_eq!(resolve(&mut world, failed("no")), Err(Rejection::ActivityNotFound));
    let canceled = ActivityOutcome::Canceled(Vec::new());
    assert_eq!(resolve(&mut world, canceled), Err(Rejection::ActivityNotFound));
    resolve(&mut world, ActivityOutcome::Completed(Vec::new())).unwrap();
}

#[test]
fn the_started_event_has_the_time_of_the_start() {
    let mut world = scheduled(0, 0);
    world.start_activity(ACTIVITY).unwrap();
    let started = world.now;
    world.pass(Span::from_secs(3));
    resolve(&mut world, ActivityOutcome::Completed(Vec::new())).unwrap();
    let time_of = |wanted: &str| -> Timestamp {
        let events = world.records.iter().flat_map(crate::Record::events);
        events.into_iter().find(|event| event.kind.name() == wanted).unwrap().at
    };
    assert_eq!(time_of("ActivityTaskStarted"), started);
    assert_eq!(time_of("ActivityTaskCompleted"), world.now);
}

fn timed_out(world: &World) -> (Failure, RetryState) {
    let events = world.records.iter().flat_map(crate::Record::events);
    let timed_out = events.filter_map(|event| {
        let EventKind::ActivityTaskTimedOut(a) = &event.kind else {
            return None;
        };
        Some((a.failure.clone(), a.retry_state))
    });
    timed_out.last().unwrap()
}

#[test]
fn a_retry_that_would_end_too_late_is_a_timeout_with_its_cause() {
    let mut world = scheduled(12, 0);
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, failed("why")).unwrap();
    world.pass(Span::from_secs(1));
    world.start_activity(ACTIVITY).unwrap();
    world.pass(Span::from_secs(20));
    let (failure, retry_state) = timed_out(&world);
    assert_eq!(retry_state, RetryState::Timeout);
    assert!(failure.message.starts_with("Not enough time to schedule next retry"));
    let FailureInfo::Timeout { timeout, .. } = failure.info else { panic!("a timeout") };
    assert_eq!(timeout, TimeoutType::ScheduleToClose);
    assert_eq!(failure.cause.unwrap().message, "why");
}

#[test]
fn the_last_timeout_of_an_attempt_says_why_the_one_before_failed() {
    let mut world = scheduled(0, 2);
    world.start_activity(ACTIVITY).unwrap();
    resolve(&mut world, failed("why")).unwrap();
    world.pass(Span::from_secs(1));
    world.start_activity(ACTIVITY).unwrap();
    world.pass(Span::from_secs(10));
    let (failure, retry_state) = timed_out(&world);
    assert_eq!(retry_state, RetryState::MaximumAttemptsReached);
    assert_eq!(failure.message, "activity StartToClose timeout");
    assert_eq!(failure.cause.unwrap().message, "why");
}
