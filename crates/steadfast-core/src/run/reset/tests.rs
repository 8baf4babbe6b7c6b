//! Runs that are reset.

use expect_test::expect;

use crate::{
    Input, Payload, Rejection, Span,
    command::{AcceptUpdate, CommandKind, ScheduleActivity, StartChildWorkflow},
    event::{UpdateOutcome, WorkflowExecutionOptionsUpdated},
    fixture::{World, request},
    input::{
        ActivityOutcome, ActivityRef, ChildFate, ChildReport, PostResetOperation, ReapplyExclude,
        Reply, RequestCancel, Reset, ResolveActivity, Signal, UpdateReply,
    },
    run::Status,
};

fn none() -> [CommandKind; 0] {
    []
}

fn done() -> CommandKind {
    CommandKind::CompleteWorkflow { result: Vec::new() }
}

fn accept(id: &str) -> CommandKind {
    let update_id = id.into();
    CommandKind::AcceptUpdate(Box::new(AcceptUpdate { update_id, ..AcceptUpdate::default() }))
}

fn answer(id: &str) -> CommandKind {
    CommandKind::CompleteUpdate { update_id: id.into(), outcome: UpdateOutcome::default() }
}

fn timer(id: &str, seconds: u64) -> CommandKind {
    let start_to_fire_timeout = Span::from_secs(seconds);
    CommandKind::StartTimer { timer_id: id.into(), start_to_fire_timeout }
}

fn activity(id: &str) -> CommandKind {
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: id.into(),
        activity_type: "work".into(),
        start_to_close_timeout: Span::from_secs(60),
        ..ScheduleActivity::default()
    }))
}

fn child(id: &str) -> CommandKind {
    CommandKind::StartChildWorkflow(Box::new(StartChildWorkflow {
        workflow_id: id.into(),
        workflow_type: "sub".into(),
        ..StartChildWorkflow::default()
    }))
}

fn reset(finish: i64) -> Reset {
    Reset {
        new_run_id: "run-2".into(),
        workflow_task_finish_event_id: finish,
        reason: "try again".to_owned(),
        request_id: "reset".into(),
        ..Reset::default()
    }
}

fn feed(world: &mut World, reset: Reset) -> Result<Reply, Rejection> {
    world.feed(Input::Reset(Box::new(reset)))
}

fn resolve(world: &mut World, scheduled_event_id: i64) {
    let activity = ActivityRef::Attempt { scheduled_event_id, attempt: 1, request_id: "".into() };
    let (outcome, identity) = (ActivityOutcome::Completed(Vec::new()), "worker".into());
    let input = ResolveActivity { activity, outcome, identity };
    world.feed(Input::ResolveActivity(Box::new(input))).unwrap();
}

fn report(world: &mut World, initiated_event_id: i64, fate: ChildFate) -> Result<Reply, Rejection> {
    let child = crate::Execution { workflow_id: "child".into(), run_id: "child-run".into() };
    world.feed(Input::Child(Box::new(ChildReport { initiated_event_id, child, fate })))
}

fn started() -> ChildFate {
    ChildFate::Started { workflow_type: "sub".into(), header: Default::default() }
}

#[test]
fn an_open_run_is_terminated_and_another_begins_with_its_history() {
    let mut world = World::default();
    world.complete([timer("t", 60)]).unwrap();
    world.signal("one").unwrap();
    world.complete(none()).unwrap();
    world.poll().ok();
    world.effects();
    assert_eq!(feed(&mut world, reset(4)), Ok(Reply::Done));
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 TimerStarted {"start_to_fire_timeout":"60s","timer_id":"t"}
        6 WorkflowExecutionSignaled {"signal_name":"one"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        8 WorkflowTaskStarted {"scheduled_event_id":7}
        9 WorkflowTaskCompleted {"scheduled_event_id":7,"started_event_id":8}
        10 WorkflowExecutionTerminated {"reason":"try again"}
    "#]]
    .assert_eq(&world.history());
    expect![[r#"
        Send StartReset run-2 of workflow/run-1 for 10
        Closed
    "#]]
    .assert_eq(&world.effects());
    world.crash();
    expect![[r#"
        Send StartReset run-2 of workflow/run-1 for 10
    "#]]
    .assert_eq(&world.effects());
    world.pass(Span::from_secs(5));
    let mut next = world.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"one"}
        6 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
    expect![[r#"
        OfferWorkflowTask queue 6 attempt 1
    "#]]
    .assert_eq(&next.effects());
    assert_eq!(next.run.started_at, world.now, "a reset run starts when it is made");
    assert_eq!(next.run.original_start(), world.run.started_at);
    assert_eq!(next.run.opened.request_id, world.run.opened.request_id);
    next.complete([done()]).unwrap();
    assert_eq!(next.run.status, Status::Completed);
}

#[test]
fn any_place_of_a_workflow_task_is_a_reset_point_and_no_other() {
    let mut world = World::default();
    world.complete([timer("t", 60)]).unwrap();
    world.signal("go").unwrap();
    world.complete([done()]).unwrap();
    // 2 scheduled, 3 started, 4 completed, 5 timer, 6 signal, 7 scheduled, 8 started, 9 completed.
    for (finish, good) in [
        (3, true),
        (4, true),
        (5, false),
        (6, false),
        (7, false),
        (8, true),
        (9, true),
        (10, false),
    ] {
        let copied = world.records.iter().flat_map(crate::Record::events);
        let copied = copied.filter(|event| event.id < finish).cloned().collect();
        let checked = super::check_point(&world.run, reset(finish), copied, &world.limits);
        assert_eq!(checked.is_ok(), good, "{finish}: {checked:?}");
    }
    for finish in [0, 1, 11] {
        let refused = feed(&mut world, reset(finish));
        assert!(matches!(refused, Err(Rejection::Invalid(_))), "{finish}");
    }
}

#[test]
fn a_closed_run_is_reset_once_per_request() {
    let mut world = World::default();
    world.complete([done()]).unwrap();
    world.effects();
    assert_eq!(feed(&mut world, reset(4)), Ok(Reply::Done));
    assert_eq!(world.run.status, Status::Completed);
    expect![[r#"
        Send StartReset run-2 of workflow/run-1 for 5
    "#]]
    .assert_eq(&world.effects());
    assert_eq!(feed(&mut world, reset(4)), Ok(Reply::Duplicate));
    let next = world.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
}

#[test]
fn later_signals_updates_and_options_happen_again() {
    let mut world = World::default();
    world.complete(none()).unwrap();
    world.signal("one").unwrap();
    world.update("u").unwrap();
    world.complete([accept("u"), answer("u")]).unwrap();
    world.signal("two").unwrap();
    let cancel = RequestCancel { request_id: "c".into(), ..RequestCancel::default() };
    world.feed(Input::RequestCancel(Box::new(cancel))).unwrap();
    world.poll().unwrap();
    world.signal("buffered").unwrap();
    feed(&mut world, reset(4)).unwrap();
    let mut next = world.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionSignaled {"signal_name":"one"}
        6 WorkflowExecutionUpdateAdmitted {"origin":1,"request":{"name":"change","update_id":"u"}}
        7 WorkflowExecutionSignaled {"signal_name":"two"}
        8 WorkflowExecutionSignaled {"signal_name":"buffered"}
        9 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
    assert_eq!(next.update("u"), Ok(Reply::Update(UpdateReply::Admitted)));
    next.crash();
    assert_eq!(next.update("u"), Ok(Reply::Update(UpdateReply::Admitted)), "it is history");
    let task = next.poll().unwrap();
    assert!(task.updates.is_empty(), "the worker reads it in the history");
    next.complete([accept("u"), answer("u")]).unwrap();
    let last = next.history().lines().rev().take(2).collect::<Vec<_>>().join("\n");
    expect![[r#"
        13 WorkflowExecutionUpdateCompleted {"accepted_event_id":12,"update_id":"u"}
        12 WorkflowExecutionUpdateAccepted {"accepted_request_message_id":"u/request"}"#]]
    .assert_eq(&last);
    next.crash();
    assert!(next.run.updates_admitted.is_empty());
}

#[test]
fn a_carried_over_update_that_is_refused_is_not_delivered_again() {
    let mut world = World::default();
    world.complete(none()).unwrap();
    world.update("u").unwrap();
    world.complete([accept("u")]).unwrap();
    feed(&mut world, reset(4)).unwrap();
    let mut next = world.reset_run().unwrap();
    next.complete(none()).unwrap();
    expect![[r#"
        OfferWorkflowTask queue 6 attempt 1
        UpdateStage u Rejected: Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.
    "#]].assert_eq(&next.effects());
    next.crash();
    assert!(next.run.session.admitted.is_empty());
}

#[test]
fn what_is_excluded_does_not_happen_again() {
    let mut world = World::default();
    world.complete(none()).unwrap();
    world.signal("one").unwrap();
    world.update("u").unwrap();
    world.complete([accept("u"), answer("u")]).unwrap();
    let exclude = vec![ReapplyExclude::Signal, ReapplyExclude::Update];
    feed(&mut world, Reset { exclude, ..reset(4) }).unwrap();
    let next = world.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
}

#[test]
fn pending_activities_begin_anew_and_started_ones_fail() {
    let mut world = World::default();
    world.complete([activity("a"), activity("b"), activity("c")]).unwrap();
    world.start_activity(5).unwrap();
    world.start_activity(6).unwrap();
    resolve(&mut world, 5);
    resolve(&mut world, 6);
    world.complete(none()).unwrap();
    // 8 a started, 9 a completed, 10 scheduled, 11 b started, 12 b completed, 13 started.
    let mut later = world.clone();
    feed(&mut later, reset(12)).unwrap();
    let mut next = later.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskCompleted {"scheduled_event_id":2,"started_event_id":3}
        5 ActivityTaskScheduled {"activity_id":"a","activity_type":"work","retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue"}
        6 ActivityTaskScheduled {"activity_id":"b","activity_type":"work","retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue"}
        7 ActivityTaskScheduled {"activity_id":"c","activity_type":"work","retry_policy":{"initial_interval":"1s","maximum_interval":"100s"},"task_queue":"queue"}
        8 ActivityTaskStarted {"attempt":1,"scheduled_event_id":5}
        9 ActivityTaskCompleted {"scheduled_event_id":5,"started_event_id":8}
        10 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        11 ActivityTaskStarted {"attempt":1,"scheduled_event_id":6}
        12 WorkflowTaskStarted {"scheduled_event_id":10}
        13 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":10,"started_event_id":12}
        14 ActivityTaskFailed {"failure":{"message":"try again"},"retry_state":"NonRetryableFailure","scheduled_event_id":6,"started_event_id":11}
        15 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
    expect![[r#"
        OfferWorkflowTask queue 15 attempt 1
        OfferActivity queue 7 attempt 1
    "#]]
    .assert_eq(&next.effects());
    feed(&mut world, reset(4)).unwrap();
    let next = world.reset_run().unwrap();
    assert!(next.run.activities.is_empty(), "they were asked for after the reset point");
}

#[test]
fn children_before_the_reset_point_are_taken_over() {
    let mut world = World::default();
    world.complete([child("child")]).unwrap();
    let first = world.child().unwrap().run.key().run_id.clone();
    report(&mut world, 5, started()).unwrap();
    world.complete(none()).unwrap();
    world.effects();
    feed(&mut world, reset(8)).unwrap();
    expect![[r#"
        Send StartReset run-2 of workflow/run-1 for 10
        Closed
    "#]]
    .assert_eq(&world.effects());
    let refused = report(&mut world, 5, ChildFate::Completed(Vec::new()));
    assert_eq!(refused, Err(Rejection::WasReset { run_id: "run-2".into() }));
    let mut next = world.reset_run().unwrap();
    assert_eq!(report(&mut next, 5, ChildFate::Completed(Vec::new())), Ok(Reply::Done));
    next.complete([done()]).unwrap();
    // The reset point before the parent heard of the start: the same child is started again.
    let mut world = World::default();
    world.complete([child("child")]).unwrap();
    world.signal("go").unwrap();
    world.complete(none()).unwrap();
    report(&mut world, 5, started()).unwrap();
    feed(&mut world, reset(8)).unwrap();
    let next = world.reset_run().unwrap();
    let known = next.run.children.get(&5).unwrap();
    assert!(known.is_started(), "the start happens again");
    assert_eq!(known.started_run.as_str(), "child-run");
    let mut world = World::default();
    world.complete([child("child")]).unwrap();
    world.signal("go").unwrap();
    world.complete(none()).unwrap();
    feed(&mut world, reset(8)).unwrap();
    let next = world.reset_run().unwrap();
    assert_eq!(
        next.child().unwrap().run.key().run_id,
        first,
        "the base run's child, if it is there"
    );
}

#[test]
fn a_reset_run_can_be_reset() {
    let mut world = World::default();
    world.complete([child("child")]).unwrap();
    world.signal("go").unwrap();
    world.complete(none()).unwrap();
    feed(&mut world, reset(8)).unwrap();
    let mut second = world.reset_run().unwrap();
    second.complete(none()).unwrap();
    let again = Reset { new_run_id: "run-3".into(), request_id: "again".into(), ..reset(12) };
    feed(&mut second, again).unwrap();
    let third = second.reset_run().unwrap();
    let origin = third.run.opened.reset.clone().unwrap();
    let forks = origin.forks.iter().map(|fork| (fork.run_id.as_str(), fork.through));
    assert_eq!(forks.collect::<Vec<_>>(), [("run-1", 7), ("run-2", 11)]);
    assert_eq!(third.run.original_start(), world.run.started_at);
    assert_eq!(third.run.author_of(5).run_id.as_str(), "run-1");
    assert_eq!(third.run.author_of(12).run_id.as_str(), "run-3");
    assert_eq!(third.run.started.original_execution_run_id.as_str(), "run-1");
    // Back to where only the first run's events are.
    let back = Reset { new_run_id: "run-4".into(), request_id: "back".into(), ..reset(4) };
    let mut third = third;
    feed(&mut third, back).unwrap();
    let fourth = third.reset_run().unwrap();
    let forks = fourth.run.opened.reset.clone().unwrap().forks;
    assert_eq!(forks.iter().map(|fork| fork.through).collect::<Vec<_>>(), [3]);
}

#[test]
fn operations_come_before_the_workflow_sees_anything() {
    let mut world = World::default();
    world.complete([done()]).unwrap();
    let options = WorkflowExecutionOptionsUpdated::default();
    let input = vec![Payload::new("json/plain", "1")];
    let signal = Signal { name: "after".to_owned(), input, ..Signal::default() };
    let operations = vec![
        PostResetOperation::Options(Box::new(options)),
        PostResetOperation::Signal(Box::new(signal)),
    ];
    feed(&mut world, Reset { operations, ..reset(4) }).unwrap();
    let next = world.reset_run().unwrap();
    expect![[r#"
        1 WorkflowExecutionStarted {"attempt":1,"task_queue":"queue"}
        2 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
        3 WorkflowTaskStarted {"scheduled_event_id":2}
        4 WorkflowTaskFailed {"base_run_id":"run-1","cause":"ResetWorkflow","failure":{"message":"try again"},"new_run_id":"run-2","scheduled_event_id":2,"started_event_id":3}
        5 WorkflowExecutionOptionsUpdated
        6 WorkflowExecutionSignaled {"input":["1"],"signal_name":"after"}
        7 WorkflowTaskScheduled {"attempt":1,"task_queue":"queue"}
    "#]].assert_eq(&next.history());
}

#[test]
fn time_limits_begin_anew_and_timers_do_not() {
    let mut request = request();
    request.workflow_run_timeout = Span::from_secs(30);
    request.workflow_execution_timeout = Span::from_secs(40);
    let mut world = World::start(request);
    world.complete([timer("t", 20)]).unwrap();
    world.signal("go").unwrap();
    world.complete(none()).unwrap();
    let fires_at = world.now + Span::from_secs(20);
    world.pass(Span::from_secs(15));
    feed(&mut world, reset(8)).unwrap();
    let next = world.reset_run().unwrap();
    assert_eq!(next.run.run_deadline(), Some(world.now + Span::from_secs(30)));
    let expires = next.run.started.workflow_execution_expiration;
    assert_eq!(expires, Some(world.now + Span::from_secs(40)));
    assert_eq!(next.run.timers["t"].fires_at, fires_at);
}
