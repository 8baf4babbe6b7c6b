//! Code inside the engine's process.

use anyhow::Result;
use steadfast_sdk::embedded::EmbeddedWorker;

use crate::{
    code::{activities, workflows},
    story,
    world::{QUEUE, SHOP, SOON, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_story_runs_in_the_engine() -> Result<()> {
    let world = World::start().await?;
    EmbeddedWorker::new(QUEUE)
        .workflows(workflows())
        .activities(activities())
        .host(&world.engine, SHOP);
    tokio::time::timeout(SOON, story::everything(&world)).await??;
    world.stop().await;
    Ok(())
}
