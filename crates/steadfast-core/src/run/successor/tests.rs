//! Runs that go on as others.

use expect_test::expect;

use super::{check_cron, cron_backoff};
use crate::{
    Failure, Payload, PayloadMap, RetryPolicy, Span, Timestamp,
    command::{CommandKind, ContinueAsNew, StartChildWorkflow},
    event::ResetPoint,
    fixture::{EPOCH, World, request},
    start::StartRequest,
};

fn fail() -> CommandKind {
    CommandKind::FailWorkflow { failure: Box::new(Failure::application("Broken", "broke")) }
}

fn complete(result: &'static str) -> CommandKind {
    CommandKind::CompleteWorkflow { result: vec![Payload::new("json/plain", result)] }
}

fn world(change: impl FnOnce(&mut StartRequest)) -> World {
    let mut request = request();
    change(&mut request);
    World::start(request)
}

#[test]
fn continue_as_new_takes_over_what_is_not_said() {
    let mut world = world(|request| {
        request.workflow_run_timeout = Span::from_secs(60);
        request.memo.insert("note".to_owned(), Payload::new("json/plain", "1"));
    });
    world.pass(Span::from_secs(2));
    let input = vec![Payload::new("json/plain", "2")];
    let command = ContinueAsNew { input, ..ContinueAsNew::default() };
    world.complete([CommandKind::ContinueAsNew(Box::new(command))]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"memo":{"note":"1"},"task_queue":"queue","workflow_run_timeout":"60s"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionContinuedAsNew {"input":["2"],"memo":{"note":"1"},"new_execution_run_id":"0a9baaee","task_queue":"queue","workflow_run_timeout":"60s"}
    "#]].assert_eq(&world.history());
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send StartSuccessor workflow/0a9baaee Workflow attempt 1 in 0ns for 5
        Closed
    "#]]
    .assert_eq(&world.effects());
    let next = world.successor().expect("a run follows");
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"blanks":4,"continued_execution_run_id":"run-1","initiator":"Workflow","input":["2"],"memo":{"note":"1"},"task_queue":"queue","workflow_run_timeout":"60s"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
    assert_eq!(next.run.started.first_execution_run_id, world.run.key().run_id);
}

#[test]
fn the_builds_of_a_run_are_its_own() {
    let mut world = world(|request| {
        request.search_attributes.insert("City".to_owned(), Payload::new("json/plain", "1"));
    });
    world.complete_as("one", [CommandKind::ContinueAsNew(Box::default())]).unwrap();
    let shown = &world.run.search_attributes["BuildIds"].data;
    assert_eq!(shown, r#"["unversioned","unversioned:one"]"#);
    let next = world.successor().expect("a run follows");
    assert_eq!(next.run.search_attributes.keys().collect::<Vec<_>>(), ["City"]);
}

#[test]
fn a_chain_knows_where_each_build_took_it_over() {
    let points = |world: &World| -> Vec<_> {
        let points = world.run.reset_points.iter();
        let point = |point: &ResetPoint| {
            (
                point.build_id.clone(),
                point.first_task_completed_event_id,
                point.resettable,
                point.ended_at.is_some(),
            )
        };
        points.map(point).collect()
    };
    let mut world = World::default();
    let child = StartChildWorkflow {
        workflow_id: "c".into(),
        workflow_type: "sub".into(),
        ..StartChildWorkflow::default()
    };
    let child = CommandKind::StartChildWorkflow(Box::new(child));
    world.complete_as("one", [child]).unwrap();
    world.signal("go on").unwrap();
    world.complete_as("one", [CommandKind::ModifyProperties { upserted_memo: memo() }]).unwrap();
    world.signal("go on").unwrap();
    world.complete_as("two", [CommandKind::ContinueAsNew(Box::default())]).unwrap();
    let (one, two) = ("one".to_owned(), "two".to_owned());
    let expected = [(one.clone(), 4, true, false), (two.clone(), 14, false, false)];
    assert_eq!(points(&world), expected);
    let mut next = world.successor().expect("a run follows");
    next.pass(Span::from_secs(1));
    next.complete_as("two", [complete("1")]).unwrap();
    assert_eq!(points(&next), [(one, 4, true, true), (two, 14, false, true)]);
    assert_eq!(*next.run.reset_points, next.run.started.prev_reset_points);
}

fn memo() -> PayloadMap {
    PayloadMap::from([("note".to_owned(), Payload::new("json/plain", "1"))])
}

#[test]
fn a_chain_does_not_spin() {
    let mut world = World::default();
    world.pass(Span::from_millis(300));
    world.complete([CommandKind::ContinueAsNew(Box::default())]).unwrap();
    let mut next = world.successor().expect("a run follows");
    assert_eq!(next.run.started.first_workflow_task_backoff, Span::from_millis(700));
    assert!(next.run.pending_task().is_none());
    next.pass(Span::from_millis(700));
    assert!(next.run.pending_task().is_some());
}

#[test]
fn a_failed_run_is_tried_again_until_its_policy_ends() {
    let mut world = world(|request| {
        request.retry_policy = Some(RetryPolicy {
            initial_interval: Span::from_secs(3),
            maximum_attempts: 2,
            ..RetryPolicy::default()
        });
    });
    world.complete([fail()]).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 2 attempt 1
        Send StartSuccessor workflow/0a9baaee Retry attempt 2 in 3s for 5
        Closed
    "#]]
    .assert_eq(&world.effects());
    let mut second = world.successor().expect("a second attempt");
    second.pass(Span::from_secs(3));
    second.complete([fail()]).unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":2,"continued_execution_run_id":"run-1","continued_failure":{"info":{"Application":{"type":"Broken"}},"message":"broke"},"first_workflow_task_backoff":"3s","initiator":"Retry","retry_policy":{"initial_interval":"3s","maximum_attempts":2,"maximum_interval":"300s"},"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionFailed {"failure":{"info":{"Application":{"type":"Broken"}},"message":"broke"},"retry_state":"MaximumAttemptsReached"}
    "#]].assert_eq(&second.history());
    assert!(second.successor().is_none());
    second.crash();
    assert_eq!(second.effects(), "");
}

#[test]
fn a_run_that_takes_too_long_is_tried_again_unless_the_execution_is_over() {
    let with = |execution| {
        let mut world = world(|request| {
            request.workflow_run_timeout = Span::from_secs(10);
            request.workflow_execution_timeout = Span::from_secs(execution);
            request.retry_policy = Some(RetryPolicy::default());
        });
        world.pass(Span::from_secs(10));
        world
    };
    let retried = with(60);
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue","workflow_execution_expiration":1735689660000000000,"workflow_execution_timeout":"60s","workflow_run_timeout":"10s"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionTimedOut {"new_execution_run_id":"0a9baaee","retry_state":"InProgress"}
    "#]].assert_eq(&retried.history());
    let second = retried.successor().expect("a second attempt");
    assert_eq!(second.run.started.attempt, 2);
    let expiration = second.run.started.workflow_execution_expiration;
    assert_eq!(expiration, Some(EPOCH + Span::from_secs(60)));
    let over = with(10);
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue","workflow_execution_expiration":1735689610000000000,"workflow_execution_timeout":"10s","workflow_run_timeout":"10s"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowExecutionTimedOut {"retry_state":"Timeout"}
    "#]].assert_eq(&over.history());
    assert!(over.successor().is_none());
}

#[test]
fn a_cron_run_is_followed_by_the_next_whatever_its_end() {
    let mut first = world(|request| request.cron_schedule = "*/5 * * * *".to_owned());
    assert!(first.run.pending_task().is_none());
    first.pass(Span::from_secs(300));
    first.complete([complete("1")]).unwrap();
    let mut second = first.successor().expect("the next run");
    second.pass(Span::from_secs(300));
    second.complete([fail()]).unwrap();
    let third = second.successor().expect("the next run");
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"cron_schedule":"*/5 * * * *","first_workflow_task_backoff":"300s","initiator":"CronSchedule","task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionCompleted {"new_execution_run_id":"0a9baaee","result":["1"]}
        1 WorkflowExecutionStarted {"attempt":1,"continued_execution_run_id":"run-1","cron_schedule":"*/5 * * * *","first_workflow_task_backoff":"300s","initiator":"CronSchedule","last_completion_result":["1"],"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionFailed {"failure":{"info":{"Application":{"type":"Broken"}},"message":"broke"},"new_execution_run_id":"d29b7ff1","retry_state":"RetryPolicyNotSet"}
        1 WorkflowExecutionStarted {"attempt":1,"continued_execution_run_id":"0a9baaee","continued_failure":{"info":{"Application":{"type":"Broken"}},"message":"broke"},"cron_schedule":"*/5 * * * *","first_workflow_task_backoff":"300s","initiator":"CronSchedule","last_completion_result":["1"],"task_queue":"queue"}
    "#]].assert_eq(&(first.history() + &second.history() + &third.history()));
}

#[test]
fn the_next_run_follows_from_the_records_alone() {
    let mut world = world(|request| {
        request.cron_schedule = "@every 7s".to_owned();
        request.retry_policy = Some(RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() });
    });
    world.pass(Span::from_secs(8));
    world.complete([fail()]).unwrap();
    let owed = world.run.owed_when_closed();
    assert_eq!(owed.len(), 1);
    world.now = world.now + Span::from_secs(1000);
    world.crash();
    assert_eq!(world.run.owed_when_closed(), owed);
}

#[test]
fn cron_schedules_are_checked() {
    for good in [
        "* * * * *",
        "0 12 * * MON-FRI",
        "@daily",
        "@every 1h30m",
        "CRON_TZ=Europe/Berlin 0 9 * * *",
        "TZ=UTC @hourly",
    ] {
        assert_eq!(check_cron(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "never",
        "* * * *",
        "0 0 0 * * *",
        "61 * * * *",
        "@every",
        "@every soon",
        "CRON_TZ=Nowhere/Here 0 9 * * *",
        "0 0 31 2 *",
        "@fortnightly",
    ] {
        assert!(check_cron(bad).is_err(), "{bad}");
    }
}

#[test]
fn cron_delays_count_from_the_last_scheduled_time() {
    let at = |seconds: u64| EPOCH + Span::from_secs(seconds);
    let delay = |schedule, scheduled, now| cron_backoff(schedule, scheduled, now);
    assert_eq!(delay("* * * * *", at(0), at(0)), Some(Span::from_secs(60)));
    assert_eq!(delay("* * * * *", at(0), at(61)), Some(Span::from_secs(59)));
    assert_eq!(delay("*/5 * * * *", at(0), at(301)), Some(Span::from_secs(299)));
    assert_eq!(delay("@every 10s", at(0), at(4)), Some(Span::from_secs(6)));
    assert_eq!(delay("@every 10s", at(0), at(34)), Some(Span::from_secs(6)));
    assert_eq!(delay("@daily", at(0), at(3600)), Some(Span::from_secs(82_800)));
    let berlin = "CRON_TZ=Europe/Berlin 0 9 * * *";
    assert_eq!(delay(berlin, at(0), at(0)), Some(Span::from_secs(8 * 3600)));
    assert!(delay("nonsense", at(0), Timestamp(0)).is_some());
    assert_eq!(delay("nonsense", at(0), at(1)), None);
}
