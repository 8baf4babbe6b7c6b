//! Random inputs in any order, stale ones among them, never break a run's invariants.
//!
//! The scripted world checks the invariants after every input (`steadfast_core::invariant`). Here
//! it meets workers that answer late, twice or wrongly, clients that repeat themselves, children
//! that report out of order, and a process that dies in between. In the end a worker that behaves
//! always brings the run to its close (LIVE-1).

#[path = "properties/script.rs"]
mod script;

use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use steadfast_core::{
    EventId, Input, Rejection, RetryPolicy, Run, Span,
    command::CommandKind,
    event::WorkflowTaskFailedCause,
    fixture::{World, complete, request},
    input::{FailWorkflowTask, Reply, Reset, StartWorkflowTask, WorkflowTaskRef},
    run::{Status, reset::check_point},
};

use crate::script::{News, Step, commands, input, pick, step};

/// A refused input leaves no trace, unless it failed the workflow task.
fn feed(world: &mut World, input: Input) -> Result<Reply, Rejection> {
    let (before, records) = (world.run.clone(), world.records.len());
    let answer = world.feed(input);
    if matches!(&answer, Err(rejection) if !matches!(rejection, Rejection::BadCompletion { .. })) {
        assert_eq!(world.run, before);
        assert_eq!(world.records.len(), records);
    }
    answer
}

fn apply(world: &mut World, step: Step, tasks: &mut Vec<WorkflowTaskRef>) {
    match step {
        Step::Poll => {
            if let Ok(task) = world.poll() {
                tasks.push(task.task);
            }
        }
        Step::StalePoll(scheduled_event_id) => poll_stale(world, scheduled_event_id, tasks),
        Step::Complete(orders, sticky) => {
            if !sticky {
                let _task = world.poll();
            }
            let commands = commands(&world.run, orders);
            let _answer =
                if sticky { world.complete_sticky(commands) } else { world.complete(commands) };
        }
        Step::CompleteStale(nth, orders) => {
            let Some(task) = tasks.get(nth % tasks.len().max(1)).cloned() else {
                return;
            };
            let is_out = world.run.session.task_out.as_ref().is_some_and(|out| out.task == task);
            let commands = commands(&world.run, orders);
            let answer = feed(world, complete(task, commands, None));
            assert!(is_out || answer == Err(Rejection::WorkflowTaskNotFound), "TASK-2");
        }
        Step::FailTask => {
            let Some(task) = tasks.last().cloned() else {
                return;
            };
            let cause = WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure;
            let (failure, identity) = (None, "worker".into());
            let input = FailWorkflowTask { task, cause, failure, identity };
            let _answer = feed(world, Input::FailWorkflowTask(Box::new(input)));
        }
        Step::Pass(millis) => world.pass(Span::from_millis(millis)),
        Step::Crash => world.crash(),
        Step::StartActivity(nth) => {
            let id = pick(world.run.activities.keys(), nth);
            let _answer = world.start_activity(id);
        }
        Step::Outside(news) => arrive(world, news),
    }
}

/// A worker takes up an offer that may be gone.
fn poll_stale(world: &mut World, scheduled_event_id: EventId, tasks: &mut Vec<WorkflowTaskRef>) {
    let input = StartWorkflowTask {
        scheduled_event_id,
        attempt: 1,
        request_id: "stale".into(),
        identity: "worker".into(),
    };
    if let Ok(Reply::WorkflowTask(task)) = feed(world, Input::StartWorkflowTask(input)) {
        tasks.push(task.task);
    }
}

/// What arrives together becomes one record.
fn arrive(world: &mut World, news: Vec<News>) {
    let inputs: Vec<_> = news.into_iter().map(|news| input(&world.run, news)).collect();
    if let [only] = inputs.as_slice() {
        let _answer = feed(world, only.clone());
    } else {
        world.feed_all(inputs);
    }
}

/// A worker that behaves closes any run, after whatever came before.
fn closes(world: &mut World) {
    for _ in 0..50 {
        if !world.run.status.is_open() {
            return;
        }
        if world.run.status == Status::Paused {
            world.feed(Input::Unpause(Box::default())).expect("a paused run goes on");
        }
        if world.run.session.task_out.is_some() || world.run.pending_task().is_some() {
            let _answer = world.complete([CommandKind::CompleteWorkflow { result: Vec::new() }]);
        } else {
            world.signal("finish").expect("an open run takes signals");
        }
        world.pass(Span::from_secs(61));
    }
    panic!("LIVE-1: still open\n{}", world.history());
}

/// A snapshot is the run's state in whatever encoding: nothing durable is lost in it.
fn survives_a_snapshot(run: &Run) {
    let text = serde_json::to_string(run).expect("a run is plain data");
    let back: Run = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(back, *run);
}

/// At least a few hundred; `PROPTEST_CASES` asks for more. What once failed is kept beside this
/// file.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    let beside = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases: config.cases.max(400),
        failure_persistence: Some(Box::new(beside)),
        ..config
    }
}

/// Every event that a reset may leave out as the first.
fn reset_points(world: &World) -> Vec<EventId> {
    let events: Vec<_> = world.records.iter().flat_map(|record| record.events()).cloned().collect();
    let good = |finish: &EventId| {
        let reset = Reset { workflow_task_finish_event_id: *finish, ..Reset::default() };
        let copied = events.iter().filter(|event| event.id < *finish).cloned().collect();
        check_point(&world.run, reset, copied, &world.limits).is_ok()
    };
    (2..world.run.next_event_id).filter(good).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_order_of_inputs_breaks_a_run(steps in vec(step(), 1..60)) {
        let mut world = World::default();
        let mut tasks = Vec::new();
        for step in steps {
            apply(&mut world, step, &mut tasks);
        }
        survives_a_snapshot(&world.run);
        closes(&mut world);
        survives_a_snapshot(&world.run);
        let owed = world.run.owed_when_closed();
        world.crash();
        prop_assert_eq!(world.run.owed_when_closed(), owed);
    }

    /// Whatever happened: a reset to any workflow task gives a run that keeps every invariant.
    #[test]
    fn a_run_that_is_reset_anywhere_goes_on(
        steps in vec(step(), 1..60),
        finish in any::<proptest::sample::Index>(),
        more in vec(step(), 0..20),
    ) {
        let mut world = World::default();
        let mut tasks = Vec::new();
        for step in steps {
            apply(&mut world, step, &mut tasks);
        }
        let points = reset_points(&world);
        if points.is_empty() {
            return Ok(());
        }
        let reset = Reset {
            new_run_id: "run-2".into(),
            workflow_task_finish_event_id: points[finish.index(points.len())],
            ..Reset::default()
        };
        feed(&mut world, Input::Reset(Box::new(reset))).unwrap();
        survives_a_snapshot(&world.run);
        let owed = world.run.owed_when_closed();
        world.crash();
        prop_assert_eq!(world.run.owed_when_closed(), owed);
        let mut next = world.reset_run().expect("it was said yes to");
        let mut tasks = Vec::new();
        for step in more {
            apply(&mut next, step, &mut tasks);
        }
        closes(&mut next);
        survives_a_snapshot(&next.run);
    }

    #[test]
    fn runs_that_end_early_or_start_late_keep_their_invariants(
        steps in vec(step(), 1..40),
        run_timeout in 0..60_u64,
        execution_timeout in 0..60_u64,
        delay in 0..10_u64,
        retried in any::<bool>(),
        scheduled in any::<bool>(),
    ) {
        let mut request = request();
        request.workflow_run_timeout = Span::from_secs(run_timeout);
        request.workflow_execution_timeout = Span::from_secs(execution_timeout);
        if scheduled {
            request.cron_schedule = "@every 30s".to_owned();
        } else {
            request.start_delay = Span::from_secs(delay);
        }
        request.retry_policy = retried.then(RetryPolicy::default);
        let mut world = World::start(request);
        let mut tasks = Vec::new();
        for step in steps {
            apply(&mut world, step, &mut tasks);
        }
        closes(&mut world);
        if let Some(mut next) = world.successor() {
            closes(&mut next);
        }
    }
}
