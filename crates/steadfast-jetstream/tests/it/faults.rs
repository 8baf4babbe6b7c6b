//! NATS gone, slow or back: every append has a bounded, honest answer.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use steadfast_engine::ports::{AppendError, Log, ReadError};
use steadfast_jetstream::{Config, config::GroupCommit};
use steadfast_sim::{
    contract::{PARTITION, address},
    story::Story,
};

use crate::world::JetStream;

fn config() -> Config {
    let timeout = Duration::from_millis(500);
    Config { partitions: 1, append_timeout: timeout, request_timeout: timeout, ..Config::default() }
}

/// Stops the server in its tracks, and waits until all of its threads stand still.
fn freeze(world: &JetStream) -> Result<()> {
    signal(world, "-STOP")?;
    let threads = format!("/proc/{}/task", world.server.pid());
    let stopped = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, s)| s.starts_with('T'));
    loop {
        let mut all = true;
        for thread in std::fs::read_dir(&threads)? {
            all &= stopped(std::fs::read_to_string(thread?.path().join("stat"))?);
        }
        if all {
            return Ok(());
        }
        std::thread::yield_now();
    }
}

fn thaw(world: &JetStream) -> Result<()> {
    signal(world, "-CONT")
}

fn signal(world: &JetStream, signal: &str) -> Result<()> {
    let pid = world.server.pid().to_string();
    ensure!(Command::new("kill").args([signal, &pid]).status()?.success());
    Ok(())
}

/// Repeats a read until the log is reachable again.
async fn read_again(world: &JetStream, story: &Story) -> Result<usize> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match world.log.read(&story.address, 0).await {
            Ok(stored) => return Ok(stored.len()),
            Err(ReadError::Unavailable(error)) if Instant::now() > deadline => bail!(error),
            Err(ReadError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(error) => bail!(error),
        }
    }
}

/// While NATS is down, appends are refused in bounded time; afterwards they work again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_work_again_after_an_outage() -> Result<()> {
    let mut world = JetStream::start(config()).await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    world.server.kill_hard().await;
    let mut refused_at_once = false;
    while !refused_at_once {
        let begun = Instant::now();
        let draft = story.draft_signal(10)?;
        match story.try_write(&world.log, draft).await {
            Err(AppendError::Unavailable(_)) => refused_at_once = true,
            // Sent in the moment before the client noticed.
            Err(AppendError::Unknown(_)) => {}
            other => bail!("{other:?}"),
        }
        ensure!(begun.elapsed() < Duration::from_secs(2));
    }
    ensure!(matches!(world.log.read(&story.address, 0).await, Err(ReadError::Unavailable(_))));
    world.server.restart().await?;
    let written = read_again(&world, &story).await?;
    // What was sent before may have been written after the restart, and then the owner is fenced.
    if written == story.stored.len() {
        story.signal(&world.log, 10).await?;
        ensure!(world.log.read(&story.address, 0).await? == story.stored);
    }
    Ok(())
}

/// An append without an answer is unknown, and a later read waits until it is decided.
async fn a_read_waits_for_what_is_unknown(config: Config) -> Result<()> {
    let world = JetStream::start(config).await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    freeze(&world)?;
    let draft = story.draft_signal(10)?;
    let begun = Instant::now();
    let unknown = story.try_write(&world.log, draft).await;
    ensure!(begun.elapsed() < Duration::from_secs(2));
    thaw(&world)?;
    ensure!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    ensure!(read_again(&world, &story).await? == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_append_is_decided_before_the_next_read() -> Result<()> {
    a_read_waits_for_what_is_unknown(config()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_append_of_a_group_is_decided_before_the_next_read() -> Result<()> {
    let group_commit = Some(GroupCommit::default());
    a_read_waits_for_what_is_unknown(Config { group_commit, ..config() }).await
}

/// The same for an append whose caller went away (a run's actor was killed).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_append_is_decided_before_the_next_read() -> Result<()> {
    let world = JetStream::start(config()).await?;
    let story = Story::start(&world.log, address("order-1")).await?;
    freeze(&world)?;
    let draft = story.draft_signal(10)?;
    let append = world.log.append(story.append_of(&draft));
    ensure!(tokio::time::timeout(Duration::from_millis(100), append).await.is_err());
    thaw(&world)?;
    ensure!(read_again(&world, &story).await? == 2);
    Ok(())
}

/// A checkpoint whose acknowledgement is lost must not lock its own owner out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_checkpoint_does_not_fence_its_owner() -> Result<()> {
    let world = JetStream::start(config()).await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    story.save(&world.log).await?;
    freeze(&world)?;
    let lost = world.log.checkpoint(PARTITION, story.last()).await;
    thaw(&world)?;
    ensure!(matches!(lost, Err(AppendError::Unknown(_))), "{lost:?}");
    story.signal(&world.log, 10).await?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = story.save(&world.log).await {
        ensure!(Instant::now() < deadline, "{error:#}");
    }
    world.log.checkpoint(PARTITION, story.last()).await?;
    ensure!(world.log.load_snapshot(&story.address).await? == Some(story.snapshot()));
    Ok(())
}

/// What was acknowledged survives kill -9 of the server in the middle of many appends; what was not is
/// there once or not at all.
async fn acknowledged_records_survive_a_kill(config: Config) -> Result<()> {
    const RUNS: usize = 64;
    let mut world = JetStream::start(config).await?;
    let log = world.log.clone();
    let mut stories = Vec::new();
    for index in 0..RUNS {
        stories.push(Story::start(&log, address(&format!("order-{index}"))).await?);
    }
    let mut writers = tokio::task::JoinSet::new();
    let written = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    for mut story in stories {
        let (log, written) = (log.clone(), written.clone());
        writers.spawn(async move {
            while story.signal(&log, 10).await.is_ok() {
                written.add_permits(1);
            }
            story
        });
    }
    drop(written.acquire_many(500).await?);
    world.server.kill_hard().await;
    let stories = writers.join_all().await;
    world.server.restart().await?;
    for story in &stories {
        read_again(&world, story).await?;
        let stored = world.log.read(&story.address, 0).await?;
        ensure!(stored.starts_with(&story.stored), "{:?}", story.address.key);
        ensure!(stored.len() <= story.stored.len() + 1, "{:?}", story.address.key);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_survive() -> Result<()> {
    acknowledged_records_survive_a_kill(config()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_of_groups_survive() -> Result<()> {
    let group_commit = Some(GroupCommit { records_min: 4, ..GroupCommit::default() });
    acknowledged_records_survive_a_kill(Config { group_commit, ..config() }).await
}
