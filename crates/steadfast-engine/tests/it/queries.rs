//! Questions to the workflow's code.

use std::time::Duration;

use steadfast_core::{Rejection, Span, input::Sticky, run::Status};
use steadfast_engine::{EngineError, api::*};
use tokio::time::Instant;

use crate::world::*;

fn query(name: &str) -> Query {
    Query { name: name.to_owned(), ..Query::default() }
}

fn yes() -> QueryAnswer {
    QueryAnswer::Result(json("true"))
}

#[tokio::test(start_paused = true)]
async fn a_query_rides_on_the_task_that_waits() {
    let world = TestWorld::new().await;
    world.start("ride").await;
    let worker = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // tidy: paused clock
        let task = world.workflow_task().await;
        assert_eq!(task.queries.len(), 1);
        let query_answers = vec![(task.queries[0].id.clone(), yes())];
        let completion = Completion { query_answers, ..Completion::default() };
        world.engine.complete_workflow_task(&task.token, completion, soon()).await.unwrap();
    };
    let target = target("ride");
    let (answer, ()) = tokio::join!(world.engine.query(&target, query("q"), soon()), worker);
    assert_eq!(answer.unwrap(), yes());
}

#[tokio::test(start_paused = true)]
async fn without_a_task_a_query_is_one_of_its_own_also_when_the_run_is_closed() {
    let world = TestWorld::new().await;
    world.start("alone").await;
    for (commands, events) in [(vec![], 4), (vec![finish()], 9)] {
        world.turn(commands).await;
        let worker = async {
            let task = world.workflow_task().await;
            let lone = task.lone_query.expect("a lone query");
            assert_eq!((lone.query.name.as_str(), task.history.len()), ("q", events));
            world.engine.answer_query(&task.token, yes(), soon()).await.unwrap();
            task.token
        };
        let target = target("alone");
        let (answer, token) = tokio::join!(world.engine.query(&target, query("q"), soon()), worker);
        assert_eq!(answer.unwrap(), yes());
        let again = world.engine.answer_query(&token, yes(), soon()).await;
        assert!(matches!(again, Err(EngineError::QueryFailed(_))), "{again:?}");
        if events == 4 {
            world.signal("alone", "go").await;
        }
    }
    let strict = Query { reject_not_open: true, ..query("q") };
    let rejected = world.engine.query(&target("alone"), strict, soon()).await.unwrap();
    assert_eq!(rejected, QueryAnswer::Rejected(Status::Completed));
}

#[tokio::test(start_paused = true)]
async fn nobody_answers_in_time() {
    let world = TestWorld::new().await;
    world.start("silent").await;
    let deadline = Instant::now() + Duration::from_secs(5);
    let answer = world.engine.query(&target("silent"), query("q"), deadline).await;
    assert!(matches!(answer, Err(EngineError::DeadlineExceeded(_))), "{answer:?}");
    // The task that comes later does not carry the question nobody waits for.
    assert!(world.workflow_task().await.queries.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sticky_worker_gets_only_news_and_a_gone_one_is_left_out() {
    let world = TestWorld::new().await;
    world.start("sticky").await;
    let private = "orders-private";
    let sticky =
        Sticky { task_queue: private.into(), schedule_to_start_timeout: Span::from_secs(5) };
    let task = world.workflow_task().await;
    let completion = Completion { sticky: Some(sticky.clone()), ..Completion::default() };
    world.engine.complete_workflow_task(&task.token, completion, soon()).await.unwrap();
    let polling = world.engine.poll_workflow_task(poll(private), soon());
    let (polled, ()) = tokio::join!(polling, world.signal("sticky", "go"));
    let task = polled.unwrap().expect("a task for the sticky worker");
    assert_eq!(task.history.first().map(|event| event.id), Some(4));
    let completion = Completion { sticky: Some(sticky), ..Completion::default() };
    world.engine.complete_workflow_task(&task.token, completion, soon()).await.unwrap();
    // The worker is gone: its queue is not waited for.
    tokio::time::sleep(Duration::from_secs(60)).await; // tidy: paused clock
    let begun = Instant::now();
    world.signal("sticky", "go").await;
    let task = world.turn(vec![finish()]).await;
    assert_eq!(task.history.first().map(|event| event.id), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_query_waits_no_longer_than_there_is_hope() {
    let world = TestWorld::new().await;
    let mut request = start_request("delayed");
    request.request.start_delay = Span::from_secs(600);
    world.engine.start_workflow(request, soon()).await.unwrap();
    let asked = world.engine.query(&target("delayed"), query("q"), soon()).await;
    assert!(matches!(asked, Err(EngineError::Rejected(Rejection::NotReady(_)))), "{asked:?}");
    world.start("never").await;
    world.engine.terminate(&target("never"), Default::default(), soon()).await.unwrap();
    let asked = world.engine.query(&target("never"), query("q"), soon()).await;
    assert!(matches!(asked, Err(EngineError::Rejected(Rejection::NotReady(_)))), "{asked:?}");
    world.start("failing").await;
    for _ in 0..3 {
        let task = loop {
            let task = world.workflow_task().await;
            if task.run.workflow_id.as_str() == "failing" {
                break task;
            }
        };
        let failure = TaskFailure {
            cause: steadfast_core::event::WorkflowTaskFailedCause::NonDeterministicError,
            failure: None,
            identity: "worker".into(),
        };
        world.engine.fail_workflow_task(&task.token, failure, soon()).await.unwrap();
    }
    let asked = world.engine.query(&target("failing"), query("q"), soon()).await;
    assert!(matches!(asked, Err(EngineError::Rejected(Rejection::NotReady(_)))), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_query_outlives_the_worker_that_took_it() {
    let world = TestWorld::new().await;
    world.start("taken").await;
    world.turn(vec![]).await;
    let workers = async {
        // The first one takes the question and dies; the second gets it after a while.
        let lost = world.workflow_task().await.lone_query.expect("a lone query");
        let task = world.workflow_task().await;
        assert_eq!(task.lone_query.map(|lone| lone.id), Some(lost.id));
        world.engine.answer_query(&task.token, yes(), soon()).await.unwrap();
    };
    let target = target("taken");
    let (answer, ()) = tokio::join!(world.engine.query(&target, query("q"), soon()), workers);
    assert_eq!(answer.unwrap(), yes());
}

#[tokio::test(start_paused = true)]
async fn a_query_that_rode_on_a_failed_task_rides_on_the_next() {
    let world = TestWorld::new().await;
    world.start("again").await;
    let workers = async {
        tokio::time::sleep(Duration::from_secs(1)).await; // tidy: paused clock
        let task = world.workflow_task().await;
        assert_eq!(task.queries.len(), 1);
        let failure = TaskFailure {
            cause: steadfast_core::event::WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            failure: None,
            identity: "worker".into(),
        };
        world.engine.fail_workflow_task(&task.token, failure, soon()).await.unwrap();
        let task = world.workflow_task().await;
        assert_eq!(task.queries.len(), 1);
        let query_answers = vec![(task.queries[0].id.clone(), yes())];
        let completion = Completion { query_answers, ..Completion::default() };
        world.engine.complete_workflow_task(&task.token, completion, soon()).await.unwrap();
    };
    let target = target("again");
    let (answer, ()) = tokio::join!(world.engine.query(&target, query("q"), soon()), workers);
    assert_eq!(answer.unwrap(), yes());
}
