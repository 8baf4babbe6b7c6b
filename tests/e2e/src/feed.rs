//! The event feed, read from its beginning, and compared with the histories.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures::StreamExt;
use steadfast_core::{Event, EventId};
use steadfast_protocol::{record, subject};

use crate::native::Native;

/// How long the feed may lag behind.
const LAG: Duration = Duration::from_secs(30);

/// All events on the feed, by workflow id, in their order.
pub async fn read(native: &Native) -> Result<BTreeMap<String, Vec<Event>>> {
    let stream = jetstream::new(native.client.clone()).get_stream(subject::EVENTS_STREAM).await?;
    let config = pull::Config {
        filter_subject: subject::events_filter(Some(&native.namespace), None, None, None),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::None,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut left = consumer.cached_info().num_pending;
    let mut feed: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    while left > 0 {
        let mut batch =
            consumer.fetch().max_messages(500).expires(Duration::from_secs(1)).messages().await?;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| anyhow::anyhow!("{error}"))?;
            left = left.saturating_sub(1);
            let run = subject::parse_events(&message.subject)?;
            let id = run.workflow_id.text().context("a short id")?.to_owned();
            let record = record::decode(&message.payload)?;
            feed.entry(id).or_default().extend(record.events().cloned());
        }
    }
    Ok(feed)
}

/// Checks that a workflow's events are in its history and on the feed, each once and in order.
pub async fn check(native: &Native, workflow_ids: &[String]) -> Result<()> {
    let mut histories = BTreeMap::new();
    for id in workflow_ids {
        let history = native.history(id).await?;
        let ids: Vec<EventId> = history.iter().map(|event| event.id).collect();
        let wanted: Vec<EventId> = (1..=EventId::try_from(ids.len())?).collect();
        ensure!(ids == wanted, "the history of {id} has the events {ids:?}");
        histories.insert(id.clone(), history);
    }
    let told = |feed: &BTreeMap<String, Vec<Event>>| {
        histories
            .iter()
            .all(|(id, history)| feed.get(id).is_some_and(|events| events.len() >= history.len()))
    };
    let feed = crate::wait::until("the feed to tell every event", LAG, || async {
        read(native).await.ok().filter(|feed| told(feed))
    })
    .await?;
    for (id, history) in histories {
        ensure!(feed.get(&id) == Some(&history), "the feed tells another story of {id}");
    }
    Ok(())
}
