//! A sticky poll is given up when tasks wait in its worker's main queue and nobody polls that.
//!
//! Some SDKs send all their polls to their sticky queue as soon as an answer says that more waits there
//! (`backlog_count_hint`), and think again only at the next answer. When that hint is read late, after
//! what it spoke of is done, all polls wait for nothing, for as long as a poll may take, and new runs
//! with them. An empty answer makes the worker choose anew.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::sleep;

use super::{Matching, QueueKey, queue::Queue};
use crate::{
    api::{Poll, TaskKind},
    sync::lock,
};

/// So long a task may wait unpolled before sticky polls are given up: many round trips of a worker
/// that is about to poll anyway.
const PATIENCE: Duration = Duration::from_millis(100);

/// The main queue of a poll, if the poll is a sticky one.
pub(super) struct MainQueue(Option<Arc<Mutex<Queue>>>);

impl Matching {
    pub(super) fn main_queue_of(&self, poll: &Poll) -> MainQueue {
        let main = poll.sticky_of.clone().map(|task_queue| {
            let (namespace, kind) = (poll.namespace.clone(), TaskKind::Workflow);
            self.queue(&QueueKey { namespace, task_queue, kind })
        });
        MainQueue(main)
    }
}

impl MainQueue {
    /// Waits until tasks have waited in it, and no poll for them. Never ends without a main queue.
    pub(super) async fn starved(&self) {
        let Some(queue) = &self.0 else {
            return pending().await;
        };
        let unwanted = lock(queue).unwanted.clone();
        loop {
            let news = unwanted.notified();
            tokio::pin!(news);
            // From here on no news is missed.
            news.as_mut().enable();
            if !lock(queue).is_starved() {
                news.await;
            }
            sleep(PATIENCE).await;
            if lock(queue).is_starved() {
                return;
            }
        }
    }
}

impl Queue {
    /// Whether tasks wait and no poll does.
    fn is_starved(&mut self) -> bool {
        self.has_tasks() && !self.pollers.any()
    }
}
