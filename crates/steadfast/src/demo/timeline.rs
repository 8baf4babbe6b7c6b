//! The live timeline: follows the event feed across the engine's death, prints, and lets the story
//! wait for what it needs to see.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        self, Message,
        consumer::{DeliverPolicy, pull},
    },
};
use futures::StreamExt;
use steadfast_core::Timestamp;
use steadfast_protocol::{
    record,
    subject::{self, Token},
};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use super::chain::Chain;
use crate::cli::output::Out;

/// How long one look at the feed waits for something new.
const LOOK: Duration = Duration::from_millis(250);
/// How many records one look takes.
const RECORDS_MAX: usize = 500;

/// What the feed has told: runs by run id.
type Seen = BTreeMap<String, Chain>;

/// Something that the story waited for did not happen.
#[derive(Debug, thiserror::Error)]
#[error("waited {} s in vain for {what}", limit.as_secs())]
pub(crate) struct NotSeen {
    what: String,
    limit: Duration,
}

/// Follows the feed until it is dropped.
#[derive(Debug)]
pub(crate) struct Timeline {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Timeline {
    /// Follows one namespace's feed from its beginning.
    pub(crate) fn follow(client: Client, namespace: &str, out: Out) -> Self {
        let seen = Arc::new(Mutex::new(Seen::new()));
        let (changes, changed) = watch::channel(0);
        let filter = subject::events_filter(Some(namespace), None, None, None);
        let reader = Reader { client, filter, seen: seen.clone(), changes, out, origin: None };
        Self { seen, changed, task: tokio::spawn(reader.run()) }
    }

    /// Looks at what was seen.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until what was seen is enough.
    pub(crate) async fn wait(
        &self,
        what: impl Into<String>,
        limit: Duration,
        enough: impl Fn(&Seen) -> bool,
    ) -> Result<(), NotSeen> {
        let deadline = Instant::now() + limit;
        let mut changed = self.changed.clone();
        loop {
            changed.mark_unchanged();
            if self.with(&enough) {
                return Ok(());
            }
            let change = tokio::time::timeout_at(deadline, changed.changed()).await;
            if !matches!(change, Ok(Ok(()))) {
                return Err(NotSeen { what: what.into(), limit });
            }
        }
    }

    /// Waits until an activity of a workflow has returned.
    pub(crate) async fn activity(
        &self,
        workflow_id: &str,
        activity: &str,
        limit: Duration,
    ) -> Result<(), NotSeen> {
        let done = |chain: &Chain| {
            chain.workflow_id == workflow_id && chain.done.iter().any(|name| name == activity)
        };
        let what = format!("{activity} of {workflow_id}");
        self.wait(what, limit, |seen| seen.values().any(done)).await
    }
}

struct Reader {
    client: Client,
    filter: String,
    seen: Arc<Mutex<Seen>>,
    changes: watch::Sender<u64>,
    out: Out,
    origin: Option<Timestamp>,
}

impl Reader {
    async fn run(mut self) {
        let mut next = 1;
        loop {
            // An error means that NATS is away: the reader goes on where it was when it is back.
            if self.read(&mut next).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    async fn read(&mut self, next: &mut u64) -> Result<(), async_nats::Error> {
        let stream = jetstream::new(self.client.clone()).get_stream(subject::EVENTS_STREAM).await?;
        let config = pull::Config {
            filter_subject: self.filter.clone(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: *next },
            ack_policy: jetstream::consumer::AckPolicy::None,
            inactive_threshold: Duration::from_secs(30),
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await?;
        let connects = self.client.statistics();
        let before = connects.connects.load(std::sync::atomic::Ordering::Relaxed);
        loop {
            let mut batch =
                consumer.fetch().max_messages(RECORDS_MAX).expires(LOOK).messages().await?;
            while let Some(message) = batch.next().await {
                let message = message?;
                *next = message.info()?.stream_sequence + 1;
                self.take(&message);
            }
            if connects.connects.load(std::sync::atomic::Ordering::Relaxed) != before {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: &Message) {
        let Ok(run) = subject::parse_events(&message.subject) else {
            return;
        };
        let Ok(record) = record::decode(&message.payload) else {
            self.out.remark(format!("a record on {} cannot be read", message.subject));
            return;
        };
        let origin = *self.origin.get_or_insert(record.at);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = seen.entry(text(&run.run_id).to_owned()).or_default();
        chain.workflow_id = text(&run.workflow_id).to_owned();
        chain.workflow_type = text(&run.workflow_type).to_owned();
        for event in record.events() {
            let Some(told) = chain.add(event) else {
                continue;
            };
            let at = event.at.since(origin).0 as f64 / 1e9;
            let line = format!("{at:>8.3} s  {:<28} {told}", chain.workflow_id);
            // Nobody reads any more: the story goes on, its checks still count.
            let _ = if self.out.is_json() {
                let workflow_id = &chain.workflow_id;
                let value =
                    serde_json::json!({ "at": at, "workflow_id": workflow_id, "event": told });
                self.out.value(&value)
            } else {
                self.out.line(line)
            };
        }
        drop(seen);
        self.changes.send_modify(|count| *count += 1);
    }
}

fn text(token: &Token) -> &str {
    match token {
        Token::Text(text) | Token::Hashed(text) => text,
    }
}
