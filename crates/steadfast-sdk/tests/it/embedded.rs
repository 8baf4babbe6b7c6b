//! Code inside the engine's process.

use anyhow::{Result, ensure};
use steadfast_sdk::embedded::EmbeddedWorker;

use crate::{
    code::{activities, registry, workflows},
    story,
    world::{QUEUE, SHOP, SOON, World, replays},
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

#[tokio::test(flavor = "multi_thread")]
async fn local_activities_run_in_the_engine() -> Result<()> {
    let world = World::start().await?;
    EmbeddedWorker::new(QUEUE)
        .workflows(workflows())
        .activities(activities())
        .host(&world.engine, SHOP);
    let locals = world.client.start("Locals", QUEUE, "locals", "x").await?;
    ensure!(locals.result::<String>().await? == "x x Some(\"Local\")");
    replays(&locals, &registry()).await?;
    world.stop().await;
    Ok(())
}
