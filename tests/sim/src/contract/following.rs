//! Following the log: everything, in order, as it is written; and what was removed.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use steadfast_core::run::Status;
use steadfast_engine::ports::{Followed, Purged, ReadError};

use super::{PARTITION, World, address};
use crate::story::Story;

/// How long news may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn next<T>(stream: &mut BoxStream<'static, Result<T, ReadError>>) -> Result<T> {
    let next = tokio::time::timeout(PATIENCE, stream.next()).await;
    Ok(next.context("nothing came")?.context("the stream has ended")??)
}

async fn record(
    stream: &mut BoxStream<'static, Result<Followed, ReadError>>,
) -> Result<(String, u64, Status)> {
    match next(stream).await? {
        Followed::Record { address, stored, status } => {
            Ok((address.key.workflow_id.to_string(), stored.sequence, status))
        }
        other @ Followed::Unreadable { .. } => bail!("{other:?}"),
    }
}

/// Records of all runs, small and large, those that are there and those that come.
pub async fn every_record_is_followed_in_order(world: &dyn World) -> Result<()> {
    let (log, feed) = (world.log(), world.feed());
    ensure!(feed.last_sequence(PARTITION).await? == 0);
    let mut first = Story::start(log, address("order-1")).await?;
    first.signal(log, 3 << 20).await?;
    let second = Story::start(log, address(&"x".repeat(900))).await?;
    let mut following = feed.follow(PARTITION, 0);
    for expected in [&first.stored[0], &first.stored[1], &second.stored[0]] {
        match next(&mut following).await? {
            Followed::Record { stored, .. } => ensure!(stored == *expected),
            other @ Followed::Unreadable { .. } => bail!("{other:?}"),
        }
    }
    first.close(log).await?;
    let (workflow, sequence, status) = record(&mut following).await?;
    ensure!((workflow.as_str(), status) == ("order-1", Status::Terminated));
    ensure!(sequence == feed.last_sequence(PARTITION).await?);
    let mut again = feed.follow(PARTITION, second.last());
    ensure!(record(&mut again).await?.1 == sequence);
    Ok(())
}

/// One that cannot be understood is told, and what comes after it as well.
pub async fn a_corrupt_record_is_told_and_passed(world: &dyn World) -> Result<()> {
    let (log, feed) = (world.log(), world.feed());
    let first = Story::start(log, address("order-1")).await?;
    let broken = Bytes::from_static(b"nonsense");
    let place = world.append_raw(&first.address, Status::Running, broken).await?;
    let second = Story::start(log, address("order-2")).await?;
    let mut following = feed.follow(PARTITION, first.last());
    match next(&mut following).await? {
        Followed::Unreadable { address, sequence, .. } => {
            ensure!((address.as_ref(), sequence) == (Some(&first.address), place));
        }
        other @ Followed::Record { .. } => bail!("{other:?}"),
    }
    ensure!(record(&mut following).await?.1 == second.last());
    Ok(())
}

/// A removed run leaves no record behind, and one line of news.
pub async fn purges_are_told(world: &dyn World) -> Result<()> {
    let (log, feed) = (world.log(), world.feed());
    let before = feed.purges_kept().await?;
    let mut first = Story::start(log, address("order-1")).await?;
    first.close(log).await?;
    let mut second = Story::start(log, address("order-2")).await?;
    second.close(log).await?;
    let mut news = feed.follow_purges(before.last);
    log.purge(&second.address).await?;
    log.purge(&second.address).await?;
    ensure!(feed.last_sequence(PARTITION).await? == first.last(), "the last record is gone");
    log.purge(&first.address).await?;
    let mut last = before.last;
    for expected in [&second, &first] {
        let Purged { sequence, address, through } = next(&mut news).await?;
        ensure!((&address, through) == (&expected.address, expected.last()));
        ensure!(sequence > last);
        last = sequence;
    }
    ensure!(feed.purges_kept().await?.last == last);
    let mut following = feed.follow(PARTITION, 0);
    let third = Story::start(log, address("order-3")).await?;
    ensure!(record(&mut following).await?.1 == third.last());
    Ok(())
}
