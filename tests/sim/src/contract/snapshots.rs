//! Snapshots are a cache: there, or not.

use anyhow::{Result, ensure};

use super::{World, address};
use crate::story::Story;

/// The newest one counts.
pub async fn a_snapshot_is_read_back(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    ensure!(log.load_snapshot(&story.address).await?.is_none());
    story.save(log).await?;
    story.signal(log, 10).await?;
    story.save(log).await?;
    ensure!(log.load_snapshot(&story.address).await? == Some(story.snapshot()));
    Ok(())
}

/// A state larger than a message.
pub async fn a_large_snapshot_is_read_back(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    for (index, bytes) in [3 << 20, 10].into_iter().enumerate() {
        story.signal(log, 10).await?;
        let mut snapshot = story.snapshot();
        let mut memo = steadfast_core::PayloadMap::new();
        let data = vec![index as u8; bytes];
        memo.insert("note".to_owned(), steadfast_core::Payload::new("binary/plain", data));
        snapshot.run.memo = memo;
        log.save_snapshot(&story.address, snapshot.clone()).await?;
        ensure!(log.load_snapshot(&story.address).await? == Some(snapshot));
    }
    Ok(())
}

/// Nobody depends on having one.
pub async fn an_unreadable_snapshot_is_none(world: &dyn World) -> Result<()> {
    let log = world.log();
    let story = Story::start(log, address("order-1")).await?;
    story.save(log).await?;
    for bytes in [&b""[..], b"\xFF", b"\x82\xA1v\x7F\xA8snapshot\xC0"] {
        world.save_raw_snapshot(&story.address, bytes.into()).await?;
        ensure!(log.load_snapshot(&story.address).await?.is_none());
    }
    Ok(())
}

/// Retiring twice, or without a snapshot, is no error.
pub async fn a_retired_run_has_none(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    story.save(log).await?;
    story.close(log).await?;
    log.retire(&story.address).await?;
    ensure!(log.load_snapshot(&story.address).await?.is_none());
    log.retire(&story.address).await?;
    ensure!(log.read(&story.address, 0).await? == story.stored);
    Ok(())
}
