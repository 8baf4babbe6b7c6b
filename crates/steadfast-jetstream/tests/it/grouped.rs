//! The log contract again, with every append in a batch where two can be.

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use steadfast_engine::ports::{AppendError, Log};
use steadfast_jetstream::{Config, config::GroupCommit};
use steadfast_sim::{
    contract::{PARTITION, address},
    story::Story,
};

use crate::world::JetStream;

async fn open() -> Result<JetStream> {
    let group_commit = Some(GroupCommit { records_min: 2, ..GroupCommit::default() });
    JetStream::start(Config { partitions: 1, group_commit, ..Config::default() }).await
}

steadfast_sim::contract_tests!(open);

/// One stale append refuses its whole batch; the others are written all the same, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_append_takes_nothing_else_with_it() -> Result<()> {
    let world = open().await?;
    let log = &world.log;
    let mut stories = Vec::new();
    for index in 0..64 {
        stories.push(Story::start(log, address(&format!("order-{index}"))).await?);
    }
    let mut stale = stories[7].clone();
    stories[7].signal(log, 10).await?;
    let draft = stale.draft_signal(10)?;
    let refused = stale.try_write(log, draft);
    let writes = try_join_all(stories.iter_mut().map(|story| story.signal(log, 10)));
    let (refused, written) = tokio::join!(refused, writes);
    written?;
    ensure!(matches!(refused, Err(AppendError::WrongSequence)), "{refused:?}");
    for story in &stories {
        ensure!(log.read(&story.address, 0).await? == story.stored);
    }
    Ok(())
}

/// Of starts of one workflow that race each other, exactly one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_starts_of_a_workflow_leave_one() -> Result<()> {
    let world = open().await?;
    let log = &world.log;
    for round in 0..10 {
        let id = format!("order-{round}");
        let starts = (0..32).map(|_| Story::start(log, address(&id)));
        let started = futures::future::join_all(starts).await;
        ensure!(started.iter().filter(|started| started.is_ok()).count() == 1);
        ensure!(log.heads(PARTITION, &address(&id).key.workflow()).await?.len() == 1);
    }
    Ok(())
}

/// Starts and appends alike are accepted in batches: nothing falls back to being written alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_and_appends_are_written_in_batches() -> Result<()> {
    let world = open().await?;
    let log = &world.log;
    let starts = (0..64).map(|index| Story::start(log, address(&format!("order-{index}"))));
    let mut stories = try_join_all(starts).await?;
    try_join_all(stories.iter_mut().map(|story| story.signal(log, 10))).await?;
    let context = async_nats::jetstream::new(world.client.clone());
    let stream = context.get_stream("SF_HISTORY_0").await?;
    let mut batched = 0;
    for sequence in 1..=128 {
        let message = stream.direct_get(sequence).await?;
        batched += usize::from(message.headers.get("Nats-Batch-Id").is_some());
    }
    ensure!(batched > 64, "only {batched} of 128 records were written in batches");
    Ok(())
}
