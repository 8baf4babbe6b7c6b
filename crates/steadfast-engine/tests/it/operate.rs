//! Operators and activities.

use std::collections::BTreeSet;

use steadfast_core::{
    RetryPolicy, Span,
    input::{
        ActivityOptions, ActivitySelector, Jitter, OptionField, OptionsChange, PauseActivity,
        ResetActivity, UnpauseActivity, UpdateActivityOptions,
    },
};
use steadfast_engine::{Engine, api::*};

use crate::world::*;

fn all() -> ActivitySelector {
    ActivitySelector::All
}

async fn pause(engine: &Engine, id: &str) {
    let request = PauseActivity {
        activity: all(),
        identity: "operator".into(),
        reason: "look first".to_owned(),
        request_id: "p1".into(),
    };
    engine.pause_activity(&target(id), request, soon()).await.unwrap();
}

async fn attempt(engine: &Engine, queue: &str) -> PolledActivityTask {
    engine.poll_activity_task(poll(queue), soon()).await.unwrap().expect("an activity task")
}

#[tokio::test(start_paused = true)]
async fn a_paused_activity_is_handed_out_when_it_may_go_on_even_after_a_crash() {
    let mut world = TestWorld::new().await;
    world.start("held").await;
    world.turn(vec![schedule("a")]).await;
    pause(&world.engine, "held").await;
    let in_vain = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    let polled = world.engine.poll_activity_task(poll(QUEUE), in_vain).await.unwrap();
    assert!(polled.is_none(), "it is held back");
    world.crash().await;
    let (activity, reset) = (all(), true);
    let request = UnpauseActivity {
        activity,
        reset_attempts: reset,
        reset_heartbeat: reset,
        jitter: Jitter { max: Span::from_secs(3), seed: 0 },
    };
    world.engine.unpause_activity(&target("held"), request, soon()).await.unwrap();
    let task = world.activity_task().await;
    world.resolve(&task, done()).await;
    world.turn(vec![finish()]).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_hears_that_its_activity_is_paused_and_reset() {
    let world = TestWorld::new().await;
    world.start("told").await;
    world.turn(vec![schedule("a")]).await;
    let task = world.activity_task().await;
    pause(&world.engine, "told").await;
    let request = ResetActivity {
        activity: all(),
        reset_heartbeat: false,
        keep_paused: true,
        restore_original_options: false,
        jitter: Jitter::default(),
    };
    world.engine.reset_activity(&target("told"), request, soon()).await.unwrap();
    let named = ActivityTarget::Token(task.token.clone());
    let beat = world.engine.heartbeat_activity(&named, json("1"), "w".into(), soon()).await;
    let beat = beat.unwrap();
    assert!(beat.paused && beat.reset && !beat.cancel_requested);
    world.resolve(&task, done()).await;
    world.turn(vec![finish()]).await;
}

#[tokio::test(start_paused = true)]
async fn an_activity_moves_to_another_queue_and_the_old_offer_is_no_good() {
    let world = TestWorld::new().await;
    world.start("moved").await;
    world.turn(vec![schedule("a")]).await;
    let options = ActivityOptions {
        task_queue: "elsewhere".into(),
        retry_policy: RetryPolicy { maximum_attempts: 4, ..RetryPolicy::default() },
        ..ActivityOptions::default()
    };
    let fields = BTreeSet::from([OptionField::TaskQueue, OptionField::MaximumAttempts]);
    let change = OptionsChange::Set { options: Box::new(options), fields };
    let request = UpdateActivityOptions { activity: all(), change };
    let now = world.engine.update_activity_options(&target("moved"), request, soon()).await;
    assert_eq!(now.unwrap().retry_policy.maximum_attempts, 4);
    let shown = world.engine.describe(&target("moved"), soon()).await.unwrap();
    let shown = shown.run.pending_activities(shown.run.last_at).remove(0);
    assert_eq!((shown.options.task_queue.as_str(), shown.maximum_attempts), ("elsewhere", 4));
    let task = attempt(&world.engine, "elsewhere").await;
    world.resolve(&task, done()).await;
    world.turn(vec![finish()]).await;
}
