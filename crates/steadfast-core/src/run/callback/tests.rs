//! Who is told of a run's close, when, and how often.

use std::fmt::Write;

use bytes::Bytes;
use expect_test::expect;

use super::{Outcome, Report, State};
use crate::{
    Failure, Input, RetryPolicy, Span,
    command::{CommandKind, ContinueAsNew},
    event::{ParentRef, WorkflowExecutionOptionsUpdated},
    fixture::{EPOCH, World, key, request},
    input::{OptionsUpdate, Reply, Reset, Start},
    start::{Lineage, StartRequest},
};

const SECOND: Span = Span::from_secs(1);

fn with_callbacks(callbacks: &[&'static str]) -> StartRequest {
    let content = |name: &&'static str| Bytes::from_static(name.as_bytes());
    StartRequest { completion_callbacks: callbacks.iter().map(content).collect(), ..request() }
}

fn world(callbacks: &[&'static str]) -> World {
    World::start(with_callbacks(callbacks))
}

fn attach(world: &mut World, callback: &'static str) {
    let event = WorkflowExecutionOptionsUpdated {
        attached_request_id: "second".into(),
        attached_completion_callbacks: vec![Bytes::from_static(callback.as_bytes())],
        ..WorkflowExecutionOptionsUpdated::default()
    };
    let update = OptionsUpdate { event, links: Vec::new() };
    world.feed(Input::UpdateOptions(Box::new(update))).unwrap();
}

fn complete(world: &mut World) {
    world.complete([CommandKind::CompleteWorkflow { result: Vec::new() }]).unwrap();
}

fn terminate(world: &mut World) {
    world.feed(Input::Terminate(Box::default())).unwrap();
}

fn report(world: &mut World, index: u32, attempt: i32, outcome: Outcome) -> Reply {
    let report = Report { index, attempt, outcome, nothing_owed: true };
    world.feed(Input::CalledBack(report)).unwrap()
}

fn retry(after: Span) -> Outcome {
    Outcome::Retry { message: "refused".to_owned(), after }
}

/// Every callback in a line: name, tries, state, why the last try failed.
fn callbacks(world: &World) -> String {
    let mut text = String::new();
    for callback in &world.run.callbacks {
        let name = String::from_utf8_lossy(&callback.content);
        let state = match callback.state(world.now) {
            State::BackingOff(at) => format!("BackingOff {:?}", at.since(world.now)),
            state @ (State::Standby | State::Scheduled | State::Succeeded | State::Failed) => {
                format!("{state:?}")
            }
        };
        let failure = callback.last_failure.as_deref().unwrap_or("-");
        let since = callback.registered_at.since(EPOCH);
        writeln!(text, "{name} since {since:?}: {} {state} {failure}", callback.attempt).unwrap();
    }
    text
}

#[test]
fn nobody_is_told_before_the_close_and_everybody_then() {
    let mut world = world(&["a"]);
    world.pass(SECOND);
    attach(&mut world, "b");
    expect![[r#"
        a since 0ns: 0 Standby -
        b since 1s: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&world));
    world.effects();
    complete(&mut world);
    expect![[r#"
        CallBack 0
        CallBack 1
        Closed
    "#]]
    .assert_eq(&world.effects());
    expect![[r#"
        a since 0ns: 0 Scheduled -
        b since 1s: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&world));
    assert_eq!(world.run.next_deadline(), None, "they are being tried");
    assert!(!world.run.callbacks_settled());
}

#[test]
fn a_refusal_is_tried_again_after_its_delay_and_success_ends_it() {
    let mut world = world(&["a"]);
    complete(&mut world);
    world.effects();
    assert_eq!(report(&mut world, 0, 1, retry(SECOND)), Reply::Done);
    expect![[r#"
        a since 0ns: 1 BackingOff 1s refused
    "#]]
    .assert_eq(&callbacks(&world));
    world.pass(Span::from_millis(999));
    assert_eq!(world.effects(), "");
    world.pass(Span::from_millis(1));
    expect![[r#"
        CallBack 0
    "#]]
    .assert_eq(&world.effects());
    expect![[r#"
        a since 0ns: 1 Scheduled refused
    "#]]
    .assert_eq(&callbacks(&world));
    world.pass(SECOND);
    assert_eq!(world.effects(), "", "it is out");
    assert_eq!(report(&mut world, 0, 2, Outcome::Delivered), Reply::Done);
    expect![[r#"
        a since 0ns: 2 Succeeded -
    "#]]
    .assert_eq(&callbacks(&world));
    assert!(world.run.callbacks_settled());
    let records = world.records.len();
    assert_eq!(report(&mut world, 0, 2, Outcome::Delivered), Reply::Duplicate);
    assert_eq!(report(&mut world, 7, 1, Outcome::Delivered), Reply::Duplicate);
    assert_eq!(world.records.len(), records);
}

#[test]
fn what_is_refused_for_good_is_not_tried_again() {
    let mut world = world(&["a"]);
    terminate(&mut world);
    report(&mut world, 0, 1, Outcome::Refused { message: "x".repeat(3_000) });
    assert_eq!(world.run.callbacks[0].state(world.now), State::Failed);
    assert_eq!(world.run.callbacks[0].last_failure.as_ref().unwrap().len(), 2_000);
    assert_eq!(world.run.next_deadline(), None);
}

#[test]
fn a_crash_forgets_no_callback_and_keeps_the_delay() {
    let mut world = world(&["a", "b", "c"]);
    complete(&mut world);
    report(&mut world, 0, 1, Outcome::Delivered);
    report(&mut world, 1, 1, retry(SECOND));
    world.crash();
    assert_eq!(world.effects(), "");
    world.tick();
    expect![[r#"
        CallBack 2
    "#]]
    .assert_eq(&world.effects());
    world.pass(SECOND);
    expect![[r#"
        CallBack 1
    "#]]
    .assert_eq(&world.effects());
    expect![[r#"
        a since 0ns: 1 Succeeded -
        b since 0ns: 1 Scheduled refused
        c since 0ns: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&world));
}

#[test]
fn messages_to_other_runs_come_first_and_are_not_sent_again_after() {
    let parent = ParentRef {
        namespace: "default".into(),
        execution: crate::Execution { workflow_id: "parent".into(), run_id: "parent-1".into() },
        initiated_event_id: 5,
    };
    let lineage = Lineage { parent: Some(parent), ..Lineage::default() };
    let start = Start { request: with_callbacks(&["a"]), lineage, signal: None };
    let mut world = World::open(key(), start, EPOCH).unwrap();
    world.effects();
    complete(&mut world);
    expect![[r#"
        Send ReportToParent parent/parent-1 Completed for 5
        Closed
    "#]]
    .assert_eq(&world.effects());
    // The engine ticks once the message is answered for.
    world.tick();
    expect![[r#"
        CallBack 0
    "#]]
    .assert_eq(&world.effects());
    report(&mut world, 0, 1, retry(SECOND));
    world.crash();
    assert_eq!(world.effects(), "", "the parent has been told");
}

#[test]
fn the_run_that_follows_takes_them_over() {
    let mut continued = world(&["a"]);
    attach(&mut continued, "b");
    continued.pass(SECOND);
    let command = ContinueAsNew::default();
    continued.complete([CommandKind::ContinueAsNew(Box::new(command))]).unwrap();
    expect![[r#"
        a since 0ns: 0 Standby -
        b since 0ns: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&continued));
    assert!(continued.run.callbacks_settled());
    expect![[r#"
        a since 1s: 0 Standby -
        b since 1s: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&continued.successor().unwrap()));

    let failure = || Box::new(Failure::application("Broken", "broke"));
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    let retried = StartRequest { retry_policy: Some(policy), ..with_callbacks(&["a"]) };
    let mut failed = World::start(retried);
    failed.complete([CommandKind::FailWorkflow { failure: failure() }]).unwrap();
    expect![[r#"
        a since 0ns: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&failed));
    let mut last = failed.successor().unwrap();
    last.pass(SECOND);
    last.complete([CommandKind::FailWorkflow { failure: failure() }]).unwrap();
    expect![[r#"
        a since 0ns: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&last));
}

#[test]
fn a_cron_schedule_tells_of_its_first_run_only() {
    let cron = StartRequest { cron_schedule: "* * * * *".to_owned(), ..with_callbacks(&["a"]) };
    let mut world = World::start(cron);
    world.pass(Span::from_secs(60));
    complete(&mut world);
    expect![[r#"
        a since 0ns: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&world));
    expect![[""]].assert_eq(&callbacks(&world.successor().unwrap()));
}

#[test]
fn a_reset_takes_them_along_from_an_open_run() {
    let mut world = world(&["a"]);
    world.complete(Vec::<crate::Command>::new()).unwrap();
    attach(&mut world, "b");
    let reset = |new_run_id: &str| {
        Input::Reset(Box::new(Reset {
            request_id: "again".into(),
            new_run_id: new_run_id.into(),
            workflow_task_finish_event_id: 4,
            ..Reset::default()
        }))
    };
    let mut closed = world.clone();
    world.feed(reset("run-2")).unwrap();
    expect![[r#"
        a since 0ns: 0 Standby -
        b since 0ns: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&world));
    let mut new = world.reset_run().unwrap();
    expect![[r#"
        a since 0ns: 0 Standby -
        b since 0ns: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&new));
    terminate(&mut new);
    expect![[r#"
        a since 0ns: 0 Scheduled -
        b since 0ns: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&new));

    // A closed run tells of its own end, and so does the run that a reset makes of it.
    terminate(&mut closed);
    report(&mut closed, 0, 1, retry(SECOND));
    closed.feed(reset("run-3")).unwrap();
    expect![[r#"
        a since 0ns: 1 BackingOff 1s refused
        b since 0ns: 0 Scheduled -
    "#]]
    .assert_eq(&callbacks(&closed));
    closed.crash();
    expect![[r#"
        Send StartReset run-3 of workflow/run-1 for 6
    "#]]
    .assert_eq(&closed.effects());
    expect![[r#"
        a since 0ns: 0 Standby -
        b since 0ns: 0 Standby -
    "#]]
    .assert_eq(&callbacks(&closed.reset_run().unwrap()));
}

#[test]
fn a_run_that_is_to_go_waits_for_nobody() {
    let mut world = world(&["a"]);
    world.feed(Input::Delete("operator".into())).unwrap();
    assert!(world.run.callbacks_settled());
    assert_eq!(world.run.next_deadline(), None);
}

#[test]
fn a_run_without_callbacks_has_none_of_this() {
    let mut world = world(&[]);
    complete(&mut world);
    assert!(world.run.callbacks_settled());
    assert_eq!(world.run.next_deadline(), None);
}
