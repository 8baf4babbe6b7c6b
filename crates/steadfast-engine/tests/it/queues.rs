//! Task queues: who polls them, how they go, what goes first, and workers that leave.

use std::time::Duration;

use steadfast_core::{
    Command, Priority, Span,
    command::{CommandKind, ScheduleActivity},
    input::Sticky,
    run::Status,
};
use steadfast_engine::{Deadline, api::*};
use tokio::time::Instant;

use crate::world::*;

fn within(seconds: u64) -> Deadline {
    Instant::now() + Duration::from_secs(seconds)
}

fn described(world: &TestWorld, queue: &str, kind: TaskKind) -> QueueDescription {
    world.engine.describe_task_queue(&NAMESPACE.into(), &queue.into(), kind)
}

fn sticky(commands: Vec<Command>) -> Completion {
    let sticky =
        Sticky { task_queue: "mine".into(), schedule_to_start_timeout: Span::from_secs(60) };
    Completion { commands, sticky: Some(sticky), ..Completion::default() }
}

fn urgent(activity_id: &str, priority_key: i32) -> Command {
    let activity = ScheduleActivity {
        activity_id: activity_id.into(),
        activity_type: "Charge".into(),
        start_to_close_timeout: Span::from_secs(100),
        priority: Some(Priority { priority_key, ..Priority::default() }),
        ..ScheduleActivity::default()
    };
    CommandKind::ScheduleActivity(Box::new(activity)).into()
}

#[tokio::test(start_paused = true)]
async fn a_queue_tells_who_polls_it_and_what_waits() {
    let world = TestWorld::new().await;
    assert_eq!(described(&world, QUEUE, TaskKind::Workflow), QueueDescription::default());
    for id in ["a", "b", "c"] {
        world.start(id).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await; // tidy: paused clock
    let capabilities = Some(bytes::Bytes::from_static(b"opaque"));
    let poll = Poll { max_tasks_per_second: Some(9.0), capabilities, ..poll(QUEUE) };
    let polled = world.engine.poll_workflow_task(poll, soon()).await.unwrap().unwrap();
    assert_eq!(polled.hints, PollHints { backlog: 2, scaling: 1 });
    let shown = described(&world, QUEUE, TaskKind::Workflow);
    assert_eq!(shown.stats.backlog, 2);
    assert!(shown.stats.oldest_age >= Span::from_secs(10));
    assert!(shown.stats.add_rate > 0.2 && shown.stats.dispatch_rate > 0.05);
    assert_eq!(shown.by_priority.len(), 1);
    let poller = &shown.pollers[0];
    assert_eq!((poller.identity.as_str(), poller.rate_per_second), ("worker", 9.0));
    assert!(poller.capabilities.is_some() && poller.last_access_at.0 > 0);
    assert!(described(&world, QUEUE, TaskKind::Activity).pollers.is_empty());
    tokio::time::sleep(Duration::from_secs(400)).await; // tidy: paused clock
    assert!(described(&world, QUEUE, TaskKind::Workflow).pollers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_urgent_goes_first_and_the_rest_in_order() {
    let world = TestWorld::new().await;
    world.start("urgent").await;
    let commands = [("a", 5), ("b", 0), ("c", 1), ("d", 3), ("e", 1)];
    world.turn(commands.map(|(id, key)| urgent(id, key)).to_vec()).await;
    let mut order = String::new();
    for _ in 0..5 {
        order += world.activity_task().await.task.scheduled.activity_id.as_str();
    }
    assert_eq!(order, "cebda");
}

#[tokio::test(start_paused = true)]
async fn an_idle_poll_wants_fewer_polls() {
    let world = TestWorld::new().await;
    let worker = world.workflow_task();
    let client = async {
        tokio::time::sleep(Duration::from_secs(5)).await; // tidy: paused clock
        world.start("idle").await;
    };
    let (task, ()) = tokio::join!(worker, client);
    assert_eq!(task.hints, PollHints { backlog: 0, scaling: -1 });
}

#[tokio::test(start_paused = true)]
async fn a_worker_may_bound_the_rate_of_its_queue() {
    let world = TestWorld::new().await;
    world.start("slow").await;
    world.turn((0..7).map(|n| urgent(&n.to_string(), 0)).collect()).await;
    let begun = Instant::now();
    let poll = Poll { max_tasks_per_second: Some(2.0), ..poll(QUEUE) };
    let polls = (0..7).map(|_| world.engine.poll_activity_task(poll.clone(), soon()));
    let polled = futures::future::join_all(polls).await;
    assert!(polled.into_iter().all(|polled| polled.unwrap().is_some()));
    let took = begun.elapsed().as_secs_f64();
    assert!((2.3..4.5).contains(&took), "two at once, then two a second: {took}");
}

#[tokio::test(start_paused = true)]
async fn a_sticky_worker_that_shuts_down_leaves_its_tasks_to_others_at_once() {
    let world = TestWorld::new().await;
    world.start("left").await;
    let task = world.workflow_task().await;
    world.engine.complete_workflow_task(&task.token, sticky(vec![]), soon()).await.unwrap();
    let mine = Poll { worker_instance_key: "w1".to_owned(), ..poll("mine") };
    assert!(world.engine.poll_workflow_task(mine.clone(), within(1)).await.unwrap().is_none());
    world.signal("left", "news").await;
    assert_eq!(described(&world, "mine", TaskKind::Workflow).stats.backlog, 1);
    let begun = Instant::now();
    world.engine.shutdown_worker(&NAMESPACE.into(), &"mine".into(), "w1");
    let again = world.workflow_task().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(!again.task.sticky && again.history[0].id == 1, "the whole history");
    assert!(world.engine.poll_workflow_task(mine, soon()).await.unwrap().is_none());
    assert!(begun.elapsed() < Duration::from_secs(1), "a poll of a process that ended ends");
    world.complete(&again, vec![finish()]).await;
    assert_eq!(world.result("left").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_sticky_poll_ends_when_its_worker_leaves_the_main_queue_unpolled() {
    let world = TestWorld::new().await;
    let sticky = Poll { sticky_of: Some(QUEUE.into()), ..poll("mine") };
    let begun = Instant::now();
    let polls = async { world.engine.poll_workflow_task(sticky.clone(), soon()).await.unwrap() };
    let (ended, _) = tokio::join!(polls, world.start("waiting"));
    assert!(ended.is_none());
    // The same where the task was there before the poll.
    assert!(world.engine.poll_workflow_task(sticky.clone(), soon()).await.unwrap().is_none());
    assert!(begun.elapsed() < Duration::from_secs(1), "both at once: {:?}", begun.elapsed());

    let task = world.workflow_task().await;
    world.complete(&task, vec![finish()]).await;
    assert!(world.engine.poll_workflow_task(sticky, within(30)).await.unwrap().is_none());
    assert!(begun.elapsed() >= Duration::from_secs(30), "with an empty main queue it waits");
}

#[tokio::test(start_paused = true)]
async fn the_polls_of_a_process_that_shuts_down_end_and_others_go_on() {
    let world = TestWorld::new().await;
    let poll_of = |key: &str| Poll { worker_instance_key: key.to_owned(), ..poll(QUEUE) };
    let (one, two) = (poll_of("w1"), poll_of("w2"));
    let begun = Instant::now();
    let leaving = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // tidy: paused clock
        world.engine.shutdown_worker(&NAMESPACE.into(), &"".into(), "w1");
    };
    let polls = async { world.engine.poll_workflow_task(one, soon()).await.unwrap() };
    let (ended, ()) = tokio::join!(polls, leaving);
    assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(2));
    assert!(world.engine.poll_workflow_task(two, within(30)).await.unwrap().is_none());
    assert!(begun.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_worker_with_services_waits_for_calls_until_it_shuts_down() {
    let world = TestWorld::new().await;
    let poll = Poll { worker_instance_key: "w1".to_owned(), ..poll(QUEUE) };
    let begun = Instant::now();
    world.engine.poll_nexus_task(poll.clone(), within(5)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(5), "it waits");
    assert_eq!(described(&world, QUEUE, TaskKind::Nexus).pollers.len(), 1);
    world.engine.shutdown_worker(&NAMESPACE.into(), &"".into(), "w1");
    world.engine.poll_nexus_task(poll, soon()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(6), "it does not");
}

#[tokio::test(start_paused = true)]
async fn a_sticky_worker_gets_what_is_new_and_falls_silent_for_ten_seconds_at_most() {
    let world = TestWorld::new().await;
    world.start("sticky").await;
    let task = world.workflow_task().await;
    world.engine.complete_workflow_task(&task.token, sticky(vec![]), soon()).await.unwrap();
    assert!(world.engine.poll_workflow_task(poll("mine"), within(1)).await.unwrap().is_none());
    world.signal("sticky", "one").await;
    let next = world.engine.poll_workflow_task(poll("mine"), soon()).await.unwrap().unwrap();
    assert_eq!(next.history[0].id, next.task.previous_started_event_id + 1);
    world.engine.complete_workflow_task(&next.token, sticky(vec![]), soon()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await; // tidy: paused clock
    world.signal("sticky", "two").await;
    let begun = Instant::now();
    let other = world.workflow_task().await;
    assert!(begun.elapsed() < Duration::from_secs(1) && other.history[0].id == 1);
    world.complete(&other, vec![finish()]).await;
    let refused = world.engine.reset_sticky(&target("sticky"), soon()).await;
    assert!(refused.is_err(), "the run is closed");
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_a_session_is_like_any_other() {
    let world = TestWorld::new().await;
    world.start("session").await;
    // Go's SDK makes such a name for each process, and one for making sessions there.
    let own = "orders__internal_session_creation@host-7:1f0e@b2c4-01";
    world.turn(vec![schedule_on("create", "orders__internal_session_creation")]).await;
    let poll_creation = poll("orders__internal_session_creation");
    let create = world.engine.poll_activity_task(poll_creation, soon()).await.unwrap().unwrap();
    world.resolve(&create, done()).await;
    world.turn(vec![schedule_on("work", own)]).await;
    let work = world.engine.poll_activity_task(poll(own), soon()).await.unwrap().unwrap();
    world.resolve(&work, done()).await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("session").await, Status::Completed);
}
