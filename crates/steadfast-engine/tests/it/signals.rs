//! Crowds of signals at one run, and answers by name.

use futures::future::join_all;
use steadfast_core::{Rejection, input::ActivityOutcome, input::Signal, run::Status};
use steadfast_engine::{EngineConfig, EngineError, api::*};

use crate::world::*;

/// Signals of the test; a hundred thousand were tried by hand.
const SIGNALS: usize = 10_000;
/// In flight at a time.
const AT_ONCE: usize = 500;

#[tokio::test(start_paused = true)]
async fn a_crowd_of_signals_reaches_one_run_in_order_of_arrival() {
    let world = TestWorld::new().await;
    world.start("crowd").await;
    for batch in 0..SIGNALS / AT_ONCE {
        let signals = (0..AT_ONCE).map(|n| {
            let name = format!("{}", batch * AT_ONCE + n);
            let signal = Signal { name, ..Signal::default() };
            let engine = world.engine.clone();
            async move { engine.signal(&target("crowd"), signal, soon()).await }
        });
        assert!(join_all(signals).await.into_iter().all(|answer| answer.is_ok()));
    }
    let task = world.workflow_task().await;
    assert_eq!(task.history.len(), SIGNALS + 2);
    world.complete(&task, vec![finish()]).await;
    assert_eq!(world.result("crowd").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_activity_is_answered_by_name_in_the_current_run_only() {
    let world = TestWorld::new().await;
    world.start("named").await;
    world.turn(vec![schedule("a")]).await;
    let by_name = |activity: &str| ActivityTarget::Id(target("named"), activity.into());
    let gone =
        |error: EngineError| matches!(error, EngineError::Rejected(Rejection::ActivityNotFound));
    let beat = |activity: ActivityTarget| {
        let engine = world.engine.clone();
        async move { engine.heartbeat_activity(&activity, json("1"), "w".into(), soon()).await }
    };
    assert!(gone(beat(by_name("a")).await.unwrap_err()), "no attempt runs");
    let task = world.activity_task().await;
    beat(by_name("a")).await.unwrap();
    assert!(gone(beat(by_name("b")).await.unwrap_err()), "there is no such activity");
    let canceled = ActivityOutcome::Canceled(Vec::new());
    let engine = &world.engine;
    let refused = engine.resolve_activity(&by_name("a"), canceled, "w".into(), soon()).await;
    assert!(matches!(refused, Err(EngineError::Rejected(Rejection::Invalid(_)))));
    engine.resolve_activity(&by_name("a"), done(), "w".into(), soon()).await.unwrap();
    let token = ActivityTarget::Token(task.token);
    assert!(gone(beat(token).await.unwrap_err()), "it is answered");
    world.turn(vec![finish()]).await;
    let closed = beat(by_name("a")).await.unwrap_err();
    assert!(matches!(closed, EngineError::Rejected(Rejection::ActivityOfClosed)), "{closed}");
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_longer_than_what_is_in_memory_is_read_page_by_page() {
    let config = EngineConfig { history_cache_events: 10, ..config() };
    let world = TestWorld::with(config, None).await;
    world.start("long").await;
    for number in 0..200 {
        world.signal("long", &format!("signal {number}")).await;
    }
    for max_events in [1, 7, 50, 1_000] {
        let (mut ids, mut from_event_id) = (Vec::new(), 1);
        loop {
            let request = HistoryRequest {
                from_event_id,
                max_events,
                wait_new: false,
                close_event_only: false,
            };
            let page = world.engine.history(&target("long"), request, soon()).await.unwrap();
            ids.extend(page.events.iter().map(|event| event.id));
            from_event_id = page.next_event_id.expect("the run is open");
            if from_event_id > page.last_event_id {
                break;
            }
        }
        assert_eq!(ids, (1..=202).collect::<Vec<_>>(), "in pages of {max_events}");
    }
}
