//! The event feed: what happened, and only that.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::{self, consumer};
use futures::StreamExt;
use steadfast_jetstream::{Config, config::EventFeed};
use steadfast_protocol::subject;
use steadfast_sim::{contract::address, story::Story};

use crate::world::JetStream;

fn config() -> Config {
    Config { partitions: 2, ..Config::default() }
}

/// Observers see acknowledged records under their own subjects, with headers; refused ones never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_see_what_was_acknowledged() -> Result<()> {
    let world = JetStream::start(config()).await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    let mut stale = story.clone();
    story.signal(&world.log, 10).await?;
    let draft = stale.draft_signal(20)?;
    ensure!(stale.try_write(&world.log, draft).await.is_err());
    story.close(&world.log).await?;

    let context = jetstream::new(world.client.clone());
    let stream = context.get_stream(subject::EVENTS_STREAM).await?;
    let ordered = consumer::pull::OrderedConfig::default();
    let mut messages = stream.create_consumer(ordered).await?.messages().await?;
    let expected = subject::events_subject(&story.address.key, &story.address.workflow_type);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let message = tokio::time::timeout(Duration::from_secs(10), messages.next()).await?;
        let message = message.context("the feed ended")??;
        ensure!(message.subject.as_str() == expected, "{}", message.subject);
        let headers = message.headers.clone().context("no headers")?;
        kinds.push(headers.get("Sf-Events").map(|value| value.as_str().to_owned()));
    }
    let expected = [
        "WorkflowExecutionStarted,WorkflowTaskScheduled",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionTerminated",
    ];
    ensure!(kinds.iter().flatten().eq(expected), "{kinds:?}");
    let mut stream = stream;
    ensure!(stream.info().await?.state.messages == 3);
    Ok(())
}

/// Off means off; switched off later, what is there stays, and nothing is added.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_can_be_switched() -> Result<()> {
    let off = Config { events: None, ..config() };
    let mut world = JetStream::start(off.clone()).await?;
    let context = jetstream::new(world.client.clone());
    ensure!(context.get_stream(subject::EVENTS_STREAM).await.is_err());
    let day = Duration::from_secs(24 * 3600);
    world.config.events = Some(EventFeed { max_age: day, ..EventFeed::default() });
    world.another().await?;
    let stream = context.get_stream(subject::EVENTS_STREAM).await?;
    ensure!(stream.cached_info().config.max_age == day);
    ensure!(stream.cached_info().config.sources.as_ref().is_some_and(|s| s.len() == 2));
    world.config = off;
    world.another().await?;
    let stream = context.get_stream(subject::EVENTS_STREAM).await?;
    ensure!(stream.cached_info().config.sources.as_ref().is_none_or(Vec::is_empty));
    Ok(())
}
