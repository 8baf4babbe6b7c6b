//! Appends, their fences, and reading back.

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use steadfast_engine::ports::AppendError;

use super::{PARTITION, World, address};
use crate::story::{self, Story};

/// What was acknowledged is there, in order.
pub async fn acknowledged_records_are_read_back_in_order(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    for bytes in [0, 1, 1_000] {
        story.signal(log, bytes).await?;
    }
    ensure!(log.read(&story.address, 0).await? == story.stored);
    ensure!(story.stored.is_sorted_by_key(|stored| stored.sequence));
    Ok(())
}

/// A reader that knows a part reads only the rest.
pub async fn reading_goes_on_after_a_record(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    let other = Story::start(log, address("order-2")).await?;
    story.signal(log, 10).await?;
    story.signal(log, 10).await?;
    let after = story.stored[1].sequence;
    ensure!(log.read(&story.address, after).await? == story.stored[2..]);
    ensure!(log.read(&story.address, story.last()).await?.is_empty());
    ensure!(log.read(&other.address, 0).await? == other.stored);
    ensure!(log.read(&address("order-3"), 0).await?.is_empty());
    Ok(())
}

/// FENCE-1: an append that expects an older record changes nothing.
pub async fn a_stale_owner_cannot_write(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut owner = Story::start(log, address("order-1")).await?;
    let mut stale = owner.clone();
    owner.signal(log, 10).await?;
    let draft = stale.draft_signal(20)?;
    let refused = stale.try_write(log, draft).await;
    ensure!(matches!(refused, Err(AppendError::WrongSequence)), "{refused:?}");
    ensure!(log.read(&owner.address, 0).await? == owner.stored);
    owner.signal(log, 30).await
}

/// The log itself keeps workflow ids unique.
pub async fn a_second_run_of_a_workflow_is_refused(world: &dyn World) -> Result<()> {
    let log = world.log();
    Story::start(log, address("order-1")).await?;
    let mut second = address("order-1");
    second.workflow_type = "AnotherType".into();
    let refused = Story::start(log, second.clone()).await;
    let error = refused.err().and_then(|error| error.downcast::<AppendError>().ok());
    ensure!(matches!(error, Some(AppendError::WrongSequence)), "{error:?}");
    ensure!(log.read(&second, 0).await?.is_empty());
    Ok(())
}

/// A start names the last record of the run before it.
pub async fn a_run_follows_a_closed_one(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut first = Story::start(log, address("order-1")).await?;
    first.close(log).await?;
    ensure!(Story::start_after(log, address("order-1"), first.stored[0].sequence).await.is_err());
    let mut second = Story::start_after(log, address("order-1"), first.last()).await?;
    second.signal(log, 1).await?;
    ensure!(Story::start_after(log, address("order-1"), first.last()).await.is_err());
    Ok(())
}

/// Neither other namespaces nor longer ids are the same workflow.
pub async fn other_workflows_do_not_count(world: &dyn World) -> Result<()> {
    let log = world.log();
    for (namespace, id) in
        [("shop", "a"), ("shop", "a.b"), ("shop", "a.*"), ("shop", "*"), ("shop", ">"), ("b", "a")]
    {
        Story::start(log, story::address(PARTITION, namespace, id)).await?;
    }
    Ok(())
}

/// Ids are any text; each run is alone on its subject.
pub async fn any_id_is_legal(world: &dyn World) -> Result<()> {
    let log = world.log();
    let long = "x".repeat(1_000);
    let longer = format!("{long}y");
    let emoji = "🙂".repeat(1_000);
    let ids = [
        "a.b.c",
        "*",
        ">",
        "a b\tc",
        "\"quoted\" 'id'",
        "line\nbreak\r\n",
        "naïve-🙂",
        "=",
        "=2E",
        "$JS.API",
        "%s/../..",
        "\u{0}",
        &long,
        &longer,
        &emoji,
    ];
    let mut stories = Vec::new();
    for id in ids {
        let mut address = story::address(PARTITION, id, id);
        address.workflow_type = id.into();
        let mut story = Story::start(log, address).await?;
        story.signal(log, 10).await?;
        stories.push(story);
    }
    for story in stories {
        let Story { address, stored, .. } = &story;
        ensure!(&log.read(address, 0).await? == stored, "{:?}", address.key);
        let heads = log.heads(PARTITION, &address.key.workflow()).await?;
        ensure!(heads.len() == 1 && &heads[0].address == address, "{:?}", address.key);
        ensure!(heads[0].sequence == story.last());
        let listed = log.list(PARTITION, &address.key.namespace, 0, 10).await?;
        ensure!(listed == heads, "{:?}", address.key);
    }
    Ok(())
}

/// Records larger than a message are kept elsewhere, and nobody notices.
pub async fn a_record_of_three_megabytes_is_kept(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    story.signal(log, 3 << 20).await?;
    story.signal(log, 10).await?;
    ensure!(log.read(&story.address, 0).await? == story.stored);
    let draft = story.draft_signal(3 << 20)?;
    let mut stale = story.clone();
    stale.stored.truncate(1);
    let refused = stale.try_write(log, draft).await;
    ensure!(matches!(refused, Err(AppendError::WrongSequence)), "{refused:?}");
    ensure!(log.read(&story.address, 0).await? == story.stored);
    Ok(())
}

/// There is a bound, and it is named.
pub async fn a_record_that_is_too_large_is_refused(world: &dyn World) -> Result<()> {
    let log = world.log();
    let mut story = Story::start(log, address("order-1")).await?;
    let draft = story.draft_signal(65 << 20)?;
    let refused = story.try_write(log, draft).await;
    ensure!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
    ensure!(log.read(&story.address, 0).await? == story.stored);
    Ok(())
}

/// Appends to different runs do not disturb each other.
pub async fn a_hundred_runs_are_written_at_once(world: &dyn World) -> Result<()> {
    let log = world.log();
    let write = |index: usize| async move {
        let mut story = Story::start(log, address(&format!("order-{index}"))).await?;
        for _ in 0..10 {
            story.signal(log, 100).await?;
        }
        anyhow::Ok(story)
    };
    for story in try_join_all((0..100).map(write)).await? {
        ensure!(log.read(&story.address, 0).await? == story.stored);
    }
    Ok(())
}
