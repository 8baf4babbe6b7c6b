//! The event feed, read from its beginning, and compared with the histories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures::StreamExt;
use steadfast_core::{Event, EventId};
use steadfast_protocol::{record, subject};
use tokio::task::JoinHandle;

use crate::native::Native;

/// How long the feed may lag behind: nats-server tries a source that failed again after 10 s, 20 s and so
/// on up to two minutes (`calculateRetryBackoff` in its `server/stream.go`).
const LAG: Duration = Duration::from_secs(150);

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

/// An observer that is never told of crashes: a durable consumer, read for as long as this lives.
pub struct Observer {
    seen: Arc<Mutex<BTreeSet<(String, EventId)>>>,
    task: JoinHandle<()>,
}

impl Observer {
    /// Begins to read.
    pub async fn start(native: &Native) -> Result<Self> {
        let seen = Arc::<Mutex<BTreeSet<_>>>::default();
        let task = tokio::spawn(observe(native.clone(), seen.clone()));
        Ok(Self { seen, task })
    }

    /// Waits until it was told of all events of these workflows.
    pub async fn check(self, native: &Native, workflow_ids: &[String]) -> Result<()> {
        let mut wanted = BTreeSet::new();
        for id in workflow_ids {
            let history = native.history(id).await?;
            wanted.extend(history.iter().map(|event| (id.clone(), event.id)));
        }
        let missed = || {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.difference(&seen).cloned().collect::<Vec<_>>()
        };
        let told = || std::future::ready(missed().is_empty().then_some(()));
        let told = crate::wait::until("an observer to be told all", LAG, told).await;
        self.task.abort();
        told.with_context(|| format!("a durable consumer missed {:?}", missed()))
    }
}

/// Reads the feed through a durable consumer, and goes on where it was after every trouble.
async fn observe(native: Native, seen: Arc<Mutex<BTreeSet<(String, EventId)>>>) {
    loop {
        // Whatever the trouble was, it begins again: the consumer remembers where.
        drop(observe_once(&native, &seen).await);
        tokio::time::sleep(Duration::from_millis(50)).await; // tidy: poll interval
    }
}

async fn observe_once(native: &Native, seen: &Mutex<BTreeSet<(String, EventId)>>) -> Result<()> {
    let stream = jetstream::new(native.client.clone()).get_stream(subject::EVENTS_STREAM).await?;
    let config = pull::Config {
        durable_name: Some("observer".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(2),
        ..pull::Config::default()
    };
    let consumer = stream.get_or_create_consumer("observer", config).await?;
    loop {
        let fetch = consumer.fetch().max_messages(100).expires(Duration::from_millis(500));
        let mut batch = fetch.messages().await?;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| anyhow::anyhow!("{error}"))?;
            let run = subject::parse_events(&message.subject)?;
            let id = run.workflow_id.text().context("a short id")?.to_owned();
            let record = record::decode(&message.payload)?;
            let events = record.events().map(|event| (id.clone(), event.id));
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
            message.ack().await.map_err(|error| anyhow::anyhow!("{error}"))?;
        }
    }
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
