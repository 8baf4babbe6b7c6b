//! Activities, timers, children, continue-as-new, side effects, randomness.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use steadfast_core::command::CommandKind;

use super::{
    super::{Replayer, TestWorld},
    sequential, sequential_history,
};
use crate::{
    activity::{ActivityContext, ActivityError},
    workflow::{
        Activation, Either, Progress, WorkflowContext, WorkflowDefinition, WorkflowError,
        WorkflowInstance, join_all, select,
    },
};

async fn echo(_: ActivityContext, text: String) -> Result<String, ActivityError> {
    Ok(text)
}

#[test]
fn sequential_activities_replay_and_go_on() {
    let (mut history, _) = sequential_history();
    history.task_started();
    let definition = WorkflowDefinition::new("W", sequential);
    let mut instance = WorkflowInstance::new(definition, history.run());
    let activation =
        Activation { history: history.events().to_vec(), live: true, updates: Vec::new() };
    let Progress::Commands(commands) = instance.activate(activation).unwrap() else {
        panic!("no local activities here")
    };
    let [command] = &commands[..] else { panic!("one command: {commands:?}") };
    let CommandKind::ScheduleActivity(second) = &command.kind else { panic!("{command:?}") };
    assert_eq!((second.activity_type.as_str(), second.activity_id.as_str()), ("second", "2"));
    assert_eq!(&*second.input[0].data, b"\"one\"");
}

#[test]
fn a_cached_instance_goes_on_with_the_news_only() {
    let (mut history, _) = sequential_history();
    let started = history.task_started();
    let mut instance =
        WorkflowInstance::new(WorkflowDefinition::new("W", sequential), history.run());
    let live = |history: Vec<_>| Activation { history, live: true, updates: Vec::new() };
    instance.activate(live(history.events().to_vec())).unwrap();
    assert_eq!(instance.ran_task(), started);
    history.task_completed();
    let second = history.activity("2", "second");
    history.activity_completed(second, "two");
    history.task_started();
    let news = history.events()[started as usize..].to_vec();
    let progress = instance.activate(live(news)).unwrap();
    let Progress::Commands(commands) = progress else { panic!("no local activities here") };
    let [command] = &commands[..] else { panic!("one command: {commands:?}") };
    let CommandKind::CompleteWorkflow { result } = &command.kind else { panic!("{command:?}") };
    assert_eq!(&*result[0].data, b"\"two\"");
    assert!(instance.is_closed());
}

#[test]
fn parallel_activities_finish_in_any_order() {
    async fn parallel(ctx: WorkflowContext, _: ()) -> Result<Vec<String>, WorkflowError> {
        let all = ["a", "b", "c"].map(|name| ctx.activity::<String>(name, ()));
        join_all(all).await.into_iter().map(|result| Ok(result?)).collect()
    }
    let mut history = super::History::started("W", ());
    history.task();
    let scheduled =
        [("1", "a"), ("2", "b"), ("3", "c")].map(|(id, name)| history.activity(id, name));
    history.activity_completed(scheduled[2], "C");
    history.task();
    history.activity_completed(scheduled[0], "A");
    history.activity_completed(scheduled[1], "B");
    history.task();
    history.completed(["A", "B", "C"]);
    let replayed = Replayer::new().workflow("W", parallel).replay(&history).unwrap();
    assert!(replayed.is_closed());
}

async fn with_limit(ctx: WorkflowContext, text: String) -> Result<String, WorkflowError> {
    let work = ctx.activity::<String>("echo", &text);
    match select(work, ctx.sleep(Duration::from_secs(60))).await {
        Either::Left((result, _)) => Ok(result?),
        Either::Right(_) => Ok("too late".to_owned()),
    }
}

#[test]
fn the_loser_of_a_select_is_cancelled() {
    let world = TestWorld::new().workflow("W", with_limit).activity("echo", echo);
    let mut run = world.start("W", "quick");
    assert_eq!(run.result::<String>().unwrap(), "quick");
    let names = run.event_names();
    assert!(names.contains(&"TimerCanceled"), "{names:?}");

    let mut history = super::History::started("W", "slow");
    history.task();
    history.activity("1", "echo");
    let timer = history.timer("1", Duration::from_secs(60).into());
    history.timer_fired("1", timer);
    history.task_started();
    let definition = WorkflowDefinition::new("W", with_limit);
    let mut instance = WorkflowInstance::new(definition, history.run());
    let activation =
        Activation { history: history.events().to_vec(), live: true, updates: Vec::new() };
    let Progress::Commands(commands) = instance.activate(activation).unwrap() else {
        panic!("no local activities here")
    };
    let kinds: Vec<_> = commands.into_iter().map(|command| command.kind).collect();
    assert!(
        matches!(
            &kinds[..],
            [
                CommandKind::RequestCancelActivity { scheduled_event_id: 5 },
                CommandKind::CompleteWorkflow { .. }
            ]
        ),
        "{kinds:?}"
    );
}

#[test]
fn activities_are_retried_and_fail_for_good() {
    async fn flaky(ctx: WorkflowContext, attempts: u32) -> Result<String, WorkflowError> {
        let failed = ctx.activity::<String>("flaky", attempts).max_attempts(3).await;
        failed.or_else(|error| Ok(format!("{:?}: {}", error.kind(), error.message())))
    }
    async fn attempt(ctx: ActivityContext, needed: i32) -> Result<String, ActivityError> {
        if needed < 0 {
            return Err(ActivityError::non_retryable("ValidationError", "negative"));
        }
        if ctx.info().attempt < needed {
            return Err(ActivityError::retryable("Busy", "not yet"));
        }
        Ok(format!("attempt {}", ctx.info().attempt))
    }
    let world = TestWorld::new().workflow("W", flaky).activity("flaky", attempt);
    assert_eq!(world.start("W", 3).result::<String>().unwrap(), "attempt 3");
    assert_eq!(world.start("W", 4).result::<String>().unwrap(), r#"Some("Busy"): not yet"#);
    let negative = TestWorld::new()
        .workflow("W", |ctx: WorkflowContext, _: ()| async move {
            Ok(ctx.activity::<String>("flaky", -1).await?)
        })
        .activity("flaky", attempt);
    let failure = negative.start("W", ()).failure().unwrap();
    assert_eq!(failure.message, "activity error");
    assert_eq!(failure.cause.unwrap().message, "negative");
}

#[test]
fn children_give_results_and_failures() {
    async fn parent(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let handle = ctx.child::<String>("Child", "one").workflow_id("child-1").started().await?;
        let id = handle.execution().workflow_id.clone();
        let one = handle.result().await?;
        let failed = ctx.child::<String>("Child", "bad").await;
        let failed = failed.err().and_then(|error| error.kind().map(str::to_owned));
        Ok(format!("{id} {one} {failed:?}"))
    }
    async fn child(_: WorkflowContext, text: String) -> Result<String, WorkflowError> {
        if text == "bad" {
            return Err(WorkflowError::application("Bad", "child says no"));
        }
        Ok(text.to_uppercase())
    }
    let world = TestWorld::new().workflow("Parent", parent).workflow("Child", child);
    let result = world.start("Parent", ()).result::<String>().unwrap();
    assert_eq!(result, r#"child-1 ONE Some("Bad")"#);
}

#[test]
fn a_run_continues_as_new() {
    async fn count(ctx: WorkflowContext, left: u32) -> Result<String, WorkflowError> {
        if left == 0 {
            return Ok(ctx.info().run_id.to_string());
        }
        ctx.sleep(Duration::from_secs(1)).await?;
        ctx.continue_as_new(left - 1)
    }
    let world = TestWorld::new().workflow("W", count);
    let last: String = world.start("W", 2).result().unwrap();
    assert!(last.ends_with("-next-next"), "{last}");
}

#[test]
fn randomness_and_side_effects_are_the_same_in_replays() {
    let effects = Arc::new(AtomicU32::new(0));
    let counter = effects.clone();
    let random = move |ctx: WorkflowContext, _: ()| {
        let counter = counter.clone();
        async move {
            let before = (ctx.uuid(), ctx.random(), ctx.random_in(5..8));
            let effect =
                ctx.side_effect(move || counter.fetch_add(1, Ordering::SeqCst) + 1).await?;
            ctx.sleep(Duration::from_secs(5)).await?;
            let echoed: String = ctx.activity("echo", before.0.to_string()).await?;
            Ok((echoed == before.0.to_string(), before.1, before.2, effect, ctx.uuid() != before.0))
        }
    };
    let world = TestWorld::new().workflow("W", random).activity("echo", echo);
    let first: (bool, f64, u64, u32, bool) = world.start("W", ()).result().unwrap();
    assert_eq!(effects.load(Ordering::SeqCst), 1, "replays do not repeat the effect");
    let second: (bool, f64, u64, u32, bool) = world.start("W", ()).result().unwrap();
    assert!(first.0 && first.4 && (5..8).contains(&first.2));
    assert_eq!((first.1, first.2, first.3 + 1), (second.1, second.2, second.3));
}

#[test]
fn local_activities_leave_markers() {
    async fn locals(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let both = futures::future::join(
            ctx.local_activity::<String>("echo", "local"),
            ctx.activity::<String>("echo", "remote"),
        );
        let (local, remote) = both.await;
        let again: String = ctx.local_activity("echo", "again").await?;
        Ok(format!("{} {} {again}", local?, remote?))
    }
    let world = TestWorld::new().workflow("W", locals).activity("echo", echo);
    let mut run = world.start("W", ());
    assert_eq!(run.result::<String>().unwrap(), "local remote again");
    let markers = run.event_names().into_iter().filter(|name| *name == "MarkerRecorded");
    assert_eq!(markers.count(), 2);
}

#[test]
fn time_is_the_task_s_start() {
    async fn clock(ctx: WorkflowContext, _: ()) -> Result<i64, WorkflowError> {
        let before = ctx.now();
        ctx.sleep(Duration::from_secs(3_600)).await?;
        Ok(ctx.now().since(before).0 as i64 / 1_000_000_000)
    }
    let world = TestWorld::new().workflow("W", clock);
    let passed: i64 = world.start("W", ()).result().unwrap();
    assert!((3_600..3_610).contains(&passed), "{passed}");
}

#[test]
fn a_panic_is_not_the_workflow_s_result() {
    async fn panics(_: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        let nothing: Option<u8> = None;
        assert!(nothing.is_some(), "no luck");
        Ok(())
    }
    let error = TestWorld::new().workflow("W", panics).start("W", ()).result::<()>().unwrap_err();
    assert_eq!(error.to_string(), "workflow code panicked: no luck");

    async fn condition(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        let calls = AtomicU32::new(0);
        let check = move || {
            assert_eq!(calls.fetch_add(1, Ordering::SeqCst), 0, "no luck here");
            false
        };
        Ok(ctx.wait_until(check).await?)
    }
    let world = TestWorld::new().workflow("W", condition);
    let error = world.start("W", ()).result::<()>().unwrap_err().to_string();
    assert!(error.contains("no luck here"), "{error}");
}

#[test]
fn input_that_cannot_be_read_fails_the_workflow() {
    let world = TestWorld::new().workflow("W", sequential);
    let failure = world.start("W", 7).failure().unwrap();
    assert!(failure.message.starts_with("payload cannot be decoded"), "{failure:?}");
}

#[test]
fn spawned_futures_run_beside_the_main_function() {
    async fn beside(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let inner = ctx.clone();
        let echoed = ctx.spawn(async move { inner.activity::<String>("echo", "beside").await });
        let (inner, noted) = (ctx.clone(), ctx.shared(0));
        let note = noted.clone();
        drop(ctx.spawn(async move {
            while inner.sleep(Duration::from_secs(1)).await.is_ok() {
                note.update(|noted| *noted += 1);
            }
        }));
        let look = noted.clone();
        ctx.wait_until(move || look.get() == 3).await?;
        Ok(format!("{} {}", echoed.await?, noted.get()))
    }
    let world = TestWorld::new().workflow("W", beside).activity("echo", echo);
    assert_eq!(world.start("W", ()).result::<String>().unwrap(), "beside 3");
}
