//! Idle runs leave memory, and come back.

use std::time::Duration;

use steadfast_core::run::Status;
use steadfast_engine::ports::Log;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_passivated_run_wakes_for_a_signal_a_timer_and_a_worker() {
    let world = TestWorld::new().await;
    let started = world.start("idle").await;
    tokio::time::sleep(Duration::from_secs(60)).await; // tidy: paused clock
    // The task waited all the time; only its run was out of memory.
    world.turn(vec![timer("t", 3_600)]).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // tidy: paused clock
    let snapshot = world.log.load_snapshot(&address("idle", &started.run_id)).await.unwrap();
    assert_eq!(snapshot.expect("a snapshot of the idle run").run.timers.len(), 1);
    world.signal("idle", "go").await;
    world.turn(vec![]).await;
    tokio::time::sleep(Duration::from_secs(7_200)).await; // tidy: paused clock
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("idle").await, Status::Completed);
    let history = world.history("idle").await;
    assert_eq!(history.matches("TimerFired").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_keeps_its_run_in_memory() {
    let world = TestWorld::new().await;
    world.start("watched").await;
    world.turn(vec![timer("t", 50)]).await;
    let worker = async { world.turn(vec![finish()]).await };
    let (status, _) = tokio::join!(world.result("watched"), worker);
    assert_eq!(status, Status::Completed);
}
