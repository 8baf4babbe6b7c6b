//! Whether a task reached anybody: a worker that died while it polled must not swallow a task.
//!
//! A task is published with a reply subject of ours, and a mark is published to that subject right
//! after. When nobody listens where the task went, the server tells us so (status 503, no responders)
//! before it passes on the mark; when somebody does, the mark comes alone. No worker takes part in
//! this. It says that the task went to a live subscription, not that a worker has it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, HeaderMap, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::oneshot;

/// After this it counts as delivered: the task's own timeouts decide.
const WAIT: Duration = Duration::from_secs(5);

/// Tasks on their way.
pub(crate) struct Receipts {
    client: Client,
    inbox: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<bool>>>,
}

impl Receipts {
    /// Opens the inbox that receipts come to.
    pub(crate) async fn open(client: &Client) -> Result<(Self, Subscriber), async_nats::Error> {
        let inbox = client.new_inbox();
        let arriving = client.subscribe(format!("{inbox}.*")).await?;
        let receipts = Self {
            client: client.clone(),
            inbox,
            next: AtomicU64::new(0),
            waiting: Mutex::default(),
        };
        Ok((receipts, arriving))
    }

    /// Takes receipts until the connection is closed.
    pub(crate) async fn collect(&self, mut arriving: Subscriber) {
        while let Some(message) = arriving.next().await {
            let number = message.subject.rsplit('.').next().and_then(|last| last.parse().ok());
            let Some(waiting) = number.and_then(|number| self.take(number)) else {
                continue;
            };
            // Whoever waited may have given up.
            let _ = waiting.send(message.status != Some(StatusCode::NO_RESPONDERS));
        }
    }

    /// Sends a task, and says whether it went to anybody.
    pub(crate) async fn deliver(&self, to: Subject, headers: HeaderMap, task: Bytes) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        self.lock().insert(number, tell);
        let inbox = format!("{}.{number}", self.inbox);
        let sent = async {
            self.client.publish_with_reply_and_headers(to, inbox.clone(), headers, task).await?;
            self.client.publish(inbox, Bytes::new()).await
        };
        if let Err(error) = sent.await {
            // Not even handed to the connection.
            tracing::debug!(error = &error as &dyn std::error::Error, "task not sent");
            self.take(number);
            return false;
        }
        let told = tokio::time::timeout(WAIT, told).await;
        self.take(number);
        !matches!(told, Ok(Ok(false)))
    }

    fn take(&self, number: u64) -> Option<oneshot::Sender<bool>> {
        self.lock().remove(&number)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<bool>>> {
        // The map is whole whatever panicked beside it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
