//! A run whose time is over is gone from the process as well as from the log.

use std::time::Duration;

use steadfast_core::RunId;
use steadfast_engine::{EngineConfig, EngineError, ports::Log};

use crate::world::*;

/// Closed runs stay in memory for as long as the test lasts.
async fn world() -> TestWorld {
    let config = EngineConfig { closed_linger_ms: 3_600_000, ..config() };
    TestWorld::with(config, None).await
}

async fn closed(world: &TestWorld, id: &str) -> RunId {
    let started = world.start(id).await;
    world.turn(vec![finish()]).await;
    started.run_id
}

#[tokio::test(start_paused = true)]
async fn an_expired_run_leaves_nothing_behind() {
    let world = world().await;
    let run_id = closed(&world, "expired").await;
    let address = address("expired", &run_id);
    world.engine.describe(&target("expired"), soon()).await.unwrap();
    assert!(world.engine.expire_run(&address, soon()).await.unwrap());
    let described = world.engine.describe(&target("expired"), soon()).await;
    assert!(matches!(described, Err(EngineError::NotFound { .. })), "{described:?}");
    let heads = world.log.heads(address.partition, &address.key.workflow()).await.unwrap();
    assert!(heads.is_empty());
    // The id is free at once, and what begins there is no continuation.
    let again = world.start("expired").await;
    assert!(again.started && again.run_id != run_id);
    assert!(world.engine.expire_run(&address, soon()).await.unwrap(), "it is gone still");
    world.turn(vec![finish()]).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_expired_run_hears_that_it_is_gone() {
    let world = world().await;
    let run_id = closed(&world, "watched").await;
    let address = address("watched", &run_id);
    let target = target("watched");
    let (gone, described) = tokio::join!(
        world.engine.expire_run(&address, soon()),
        world.engine.describe(&target, soon()),
    );
    assert!(gone.unwrap());
    // Before or after: what it never hears is that the run is there for ever.
    assert!(matches!(described, Ok(_) | Err(EngineError::NotFound { .. })), "{described:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_run_does_not_expire() {
    let world = world().await;
    let started = world.start("open").await;
    let address = address("open", &started.run_id);
    assert!(!world.engine.expire_run(&address, soon()).await.unwrap());
    tokio::time::sleep(Duration::from_secs(60)).await; // tidy: paused clock
    assert!(!world.engine.expire_run(&address, soon()).await.unwrap(), "nor when it is asleep");
    world.turn(vec![finish()]).await;
}
