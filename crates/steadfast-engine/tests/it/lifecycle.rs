//! From start to close with plain workers.

use std::time::Duration;

use expect_test::expect;
use steadfast_core::{
    Failure, Rejection, input::ActivityOutcome, input::Signal, run::Status,
    start::WorkflowIdConflictPolicy,
};
use steadfast_engine::{EngineError, api::*};
use tokio::time::Instant;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn one_activity_from_start_to_close() {
    let world = TestWorld::new().await;
    let started = world.start("one").await;
    assert!(started.started);
    let task = world.turn(vec![schedule("a")]).await;
    assert_eq!(task.history.len(), 2);
    assert_eq!(task.task.tail.len(), 1);
    let activity = world.activity_task().await;
    assert_eq!(activity.task.scheduled.input, json("2"));
    world.resolve(&activity, done()).await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("one").await, Status::Completed);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled
        3 WorkflowTaskStarted
        4 WorkflowTaskCompleted
        5 ActivityTaskScheduled
        6 ActivityTaskStarted
        7 ActivityTaskCompleted
        8 WorkflowTaskScheduled
        9 WorkflowTaskStarted
        10 WorkflowTaskCompleted
        11 WorkflowExecutionCompleted"#]]
    .assert_eq(&world.history("one").await);
}

#[tokio::test(start_paused = true)]
async fn waiting_polls_get_tasks_at_once() {
    let world = TestWorld::new().await;
    let worker = async {
        world.turn(vec![schedule("a")]).await;
        world.turn(vec![finish()]).await;
    };
    let activities = async {
        let activity = world.activity_task().await;
        world.resolve(&activity, done()).await;
    };
    let client = async {
        world.start("eager").await;
        world.result("eager").await
    };
    let ((), (), status) = tokio::join!(worker, activities, client);
    assert_eq!(status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_retried_with_backoff() {
    let world = TestWorld::new().await;
    world.start("retry").await;
    world.turn(vec![schedule("a")]).await;
    let begun = Instant::now();
    for attempt in 1..=3 {
        let activity = world.activity_task().await;
        assert_eq!(activity.task.attempt, attempt);
        let failure = Failure::application("Declined", "no");
        world.resolve(&activity, ActivityOutcome::Failed { failure, last_heartbeat: None }).await;
    }
    let activity = world.activity_task().await;
    assert!(begun.elapsed() >= Duration::from_secs(7), "1 + 2 + 4 s of backoff");
    world.resolve(&activity, done()).await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("retry").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_too_late_is_tried_again_and_its_answer_refused() {
    let world = TestWorld::new().await;
    world.start("late").await;
    world.turn(vec![schedule("a")]).await;
    let first = world.activity_task().await;
    let second = world.activity_task().await;
    assert_eq!(second.task.attempt, 2);
    let target = ActivityTarget::Token(first.token);
    let refused = world.engine.resolve_activity(&target, done(), "w".into(), soon()).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, EngineError::Rejected(Rejection::ActivityNotFound)), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn timers_fire_and_signals_wake() {
    let world = TestWorld::new().await;
    world.start("timer").await;
    world.turn(vec![timer("t", 5)]).await;
    let begun = Instant::now();
    let task = world.turn(vec![]).await;
    assert!(begun.elapsed() >= Duration::from_secs(5));
    assert_eq!(task.history.len(), 7);
    world.signal("timer", "go").await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("timer").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn policies_decide_about_a_taken_id() {
    let world = TestWorld::new().await;
    let first = world.start("taken").await;
    let refused = world.engine.start_workflow(start_request("taken"), soon()).await;
    assert!(matches!(
        refused,
        Err(EngineError::Rejected(Rejection::AlreadyStarted { run_id, .. })) if run_id == first.run_id
    ));

    let mut request = start_request("taken");
    request.request.conflict_policy = WorkflowIdConflictPolicy::UseExisting;
    let existing = world.engine.start_workflow(request.clone(), soon()).await.unwrap();
    assert_eq!((existing.run_id, existing.started), (first.run_id.clone(), false));

    request.request.conflict_policy = WorkflowIdConflictPolicy::TerminateExisting;
    let second = world.engine.start_workflow(request, soon()).await.unwrap();
    assert!(second.started);
    let old = Target {
        execution: steadfast_core::Execution { workflow_id: "taken".into(), run_id: first.run_id },
        ..target("taken")
    };
    let description = world.engine.describe(&old, soon()).await.unwrap();
    assert_eq!(description.run.status, Status::Terminated);
    let current = world.engine.describe(&target("taken"), soon()).await.unwrap();
    assert_eq!(current.run.key().run_id, second.run_id);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_start_finds_its_run() {
    let world = TestWorld::new().await;
    let mut request = start_request("again");
    request.request.request_id = "r1".into();
    let first = world.engine.start_workflow(request.clone(), soon()).await.unwrap();
    let second = world.engine.start_workflow(request, soon()).await.unwrap();
    assert_eq!(first.run_id, second.run_id);
    assert!(second.started);
}

#[tokio::test(start_paused = true)]
async fn signal_with_start_starts_once_and_signals_twice() {
    let world = TestWorld::new().await;
    for n in 0..2 {
        let name = format!("s{n}");
        let signal = Signal { name, request_id: format!("q{n}").into(), ..Signal::default() };
        let request = StartWorkflow { signal: Some(signal), ..start_request("sws") };
        let started = world.engine.start_workflow(request, soon()).await.unwrap();
        assert_eq!(started.started, n == 0);
    }
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowExecutionSignaled
        3 WorkflowTaskScheduled
        4 WorkflowExecutionSignaled"#]]
    .assert_eq(&world.history("sws").await);
}

#[tokio::test(start_paused = true)]
async fn closed_runs_are_read_from_the_log_and_their_id_is_free() {
    let world = TestWorld::new().await;
    let first = world.start("closed").await;
    world.turn(vec![finish()]).await;
    tokio::time::sleep(Duration::from_secs(30)).await; // tidy: paused clock
    assert_eq!(world.history("closed").await.lines().count(), 5);
    tokio::time::sleep(Duration::from_secs(30)).await; // tidy: paused clock
    let second = world.start("closed").await;
    assert!(second.started);
    assert_ne!(first.run_id, second.run_id);
    let page = world
        .engine
        .list(ListRequest { namespace: NAMESPACE.into(), limit: 10, cursor: None }, soon());
    assert_eq!(page.await.unwrap().runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn long_polls_hear_of_new_events_and_unknown_runs_are_not_found() {
    let world = TestWorld::new().await;
    world.start("long").await;
    let request = HistoryRequest {
        from_event_id: 3,
        max_events: 100,
        wait_new: true,
        close_event_only: false,
    };
    let target = target("long");
    let waiting = world.engine.history(&target, request.clone(), soon());
    let (page, ()) = tokio::join!(waiting, world.signal("long", "x"));
    assert_eq!(page.unwrap().events.len(), 1);

    let later = HistoryRequest { from_event_id: 4, ..request };
    let deadline = Instant::now() + Duration::from_secs(5);
    let page = world.engine.history(&target, later, deadline).await.unwrap();
    assert_eq!((page.events.len(), page.next_event_id), (0, Some(4)));

    let missing = world.engine.describe(&crate::world::target("nobody"), soon()).await;
    assert!(matches!(missing, Err(EngineError::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_poll_gives_its_task_back() {
    let world = TestWorld::new().await;
    let short = Instant::now() + Duration::from_millis(10);
    let nothing = world.engine.poll_workflow_task(poll(QUEUE), short).await.unwrap();
    assert!(nothing.is_none());
    let abandoned = tokio::time::timeout(
        Duration::from_millis(10),
        world.engine.poll_workflow_task(poll(QUEUE), soon()),
    );
    assert!(abandoned.await.is_err());
    world.start("abandoned").await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("abandoned").await, Status::Completed);
}
