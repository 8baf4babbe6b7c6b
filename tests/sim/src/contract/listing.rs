//! Heads, lists, and what a purge leaves.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_core::{Namespace, run::Status};
use steadfast_engine::ports::last_record;

use super::{PARTITION, World, address, recover};
use crate::story::{self, Story};

/// One head per run, oldest first, with the status of its last record.
pub async fn heads_are_the_last_records_of_a_workflow(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut first = Story::start(log, address("order-1")).await?;
    first.close(log).await?;
    Story::start(log, address("order-2")).await?;
    let mut second = Story::start_after(log, address("order-1"), first.last()).await?;
    second.signal(log, 10).await?;
    let heads = log.heads(PARTITION, &first.address.key.workflow()).await?;
    let facts: Vec<_> = heads.iter().map(|h| (&h.address, h.sequence, h.status)).collect();
    ensure!(
        facts
            == [
                (&first.address, first.last(), Status::Terminated),
                (&second.address, second.last(), Status::Running),
            ]
    );
    ensure!(heads.iter().all(|head| head.at.0 > 1_600_000_000_000_000_000));
    ensure!(log.heads(PARTITION, &address("order-3").key.workflow()).await?.is_empty());
    Ok(())
}

/// A closed run that is written to again does not become the newest of its workflow, and the next run
/// must follow the record that was written last.
pub async fn a_late_record_does_not_change_the_order_of_runs(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut first = Story::start(log, address("order-1")).await?;
    first.close(log).await?;
    let mut second = Story::start_after(log, address("order-1"), first.last()).await?;
    second.close(log).await?;
    first.mark_for_deletion(log).await?;
    let heads = log.heads(PARTITION, &first.address.key.workflow()).await?;
    let facts: Vec<_> = heads.iter().map(|head| (&head.address, head.sequence)).collect();
    ensure!(facts == [(&first.address, first.last()), (&second.address, second.last())]);
    ensure!(last_record(&heads) == first.last());
    ensure!(Story::start_after(log, address("order-1"), second.last()).await.is_err());
    Story::start_after(log, address("order-1"), first.last()).await.map(drop)
}

/// A page ends where the next one begins.
pub async fn a_list_is_newest_first_and_goes_on(world: &dyn World) -> Result<()> {
    let log = world.log();
    let namespace = Namespace::from("shop");
    let mut stories = Vec::new();
    for index in 0..5 {
        stories.push(Story::start(log, address(&format!("order-{index}"))).await?);
    }
    Story::start(log, story::address(PARTITION, "other", "order-1")).await?;
    stories[1].signal(log, 1).await?;
    stories.sort_by_key(|story| std::cmp::Reverse(story.last()));
    let expected: Vec<_> = stories.iter().map(Story::last).collect();
    let first = log.list(PARTITION, &namespace, 0, 2).await?;
    let second = log.list(PARTITION, &namespace, first[1].sequence, 10).await?;
    let listed: Vec<_> = first.iter().chain(&second).map(|head| head.sequence).collect();
    ensure!(listed == expected, "{listed:?} {expected:?}");
    ensure!(log.list(PARTITION, &namespace, second[2].sequence, 10).await?.is_empty());
    Ok(())
}

/// More runs than a server names at once, with long runs and another namespace among them.
pub async fn thousands_of_runs_are_listed_in_pages(world: &dyn World) -> Result<()> {
    const RUNS: usize = 2_500;
    let log = world.log();
    let start = |index: usize| async move {
        let mut story = Story::start(log, address(&format!("order-{index}"))).await?;
        if index.is_multiple_of(100) {
            Story::start(log, story::address(PARTITION, "other", &format!("order-{index}")))
                .await?;
            for _ in 0..20 {
                story.signal(log, 10).await?;
            }
        }
        anyhow::Ok(story.last())
    };
    let mut expected: Vec<_> =
        stream::iter((0..RUNS).map(start)).buffer_unordered(64).try_collect().await?;
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let mut listed = Vec::new();
    loop {
        let before = listed.last().copied().unwrap_or(0);
        let page = log.list(PARTITION, &"shop".into(), before, 400).await?;
        if page.is_empty() {
            break;
        }
        listed.extend(page.iter().map(|head| head.sequence));
    }
    ensure!(listed == expected, "{} of {} listed", listed.len(), expected.len());
    Ok(())
}

/// A purged run leaves nothing: not even its id.
pub async fn purged_runs_are_gone(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    story.signal(log, 3 << 20).await?;
    story.close(log).await?;
    story.save(log).await?;
    let other = Story::start(log, address("order-2")).await?;
    log.purge(&story.address).await?;
    log.purge(&story.address).await?;
    ensure!(log.read(&story.address, 0).await?.is_empty());
    ensure!(log.heads(PARTITION, &story.address.key.workflow()).await?.is_empty());
    ensure!(log.load_snapshot(&story.address).await?.is_none());
    ensure!(log.list(PARTITION, &"shop".into(), 0, 10).await?.len() == 1);
    ensure!(recover(world).await?.len() == 1);
    ensure!(log.read(&other.address, 0).await? == other.stored);
    Story::start(log, address("order-1")).await.map(drop)
}
