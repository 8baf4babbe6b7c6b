//! The way past the queue: so few appends at a time may go out alone, and without the task's help as
//! long as nobody waits in its queue.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::sync::Notify;

/// Counts who is on the way alone, and who waits.
#[derive(Debug)]
pub(super) struct Lane {
    singles_max: usize,
    singles: AtomicUsize,
    /// Records that wait in front of the task or are in its batch.
    waiting: AtomicUsize,
    landed: Notify,
}

/// A place in the lane, until it is dropped.
#[derive(Debug)]
pub(super) struct Single(Arc<Lane>);

impl Lane {
    pub(super) fn new(singles_max: usize) -> Arc<Self> {
        let (singles, waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { singles_max, singles, waiting, landed: Notify::new() })
    }

    /// A place for an append that has not queued; nothing when others have, or when there is no room.
    pub(super) fn pass(self: &Arc<Self>) -> Option<Single> {
        if self.waiting.load(SeqCst) > 0 { None } else { self.board() }
    }

    /// A place for an append at the head of the queue.
    pub(super) fn board(self: &Arc<Self>) -> Option<Single> {
        let more = |singles| (singles < self.singles_max).then_some(singles + 1);
        let room = self.singles.fetch_update(SeqCst, SeqCst, more).is_ok();
        room.then(|| Single(self.clone()))
    }

    /// A place beyond the limit, for what a batch gives back.
    pub(super) fn extra(self: &Arc<Self>) -> Single {
        self.singles.fetch_add(1, SeqCst);
        Single(self.clone())
    }

    /// One more record waits.
    pub(super) fn queued(&self) {
        self.waiting.fetch_add(1, SeqCst);
    }

    /// So many records do not wait any more.
    pub(super) fn departed(&self, records: usize) {
        self.waiting.fetch_sub(records, SeqCst);
    }

    /// Waits until somebody leaves the lane while others wait for room in it.
    pub(super) async fn landed(&self) {
        self.landed.notified().await;
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        self.0.singles.fetch_sub(1, SeqCst);
        if self.0.waiting.load(SeqCst) > 0 {
            self.0.landed.notify_one();
        }
    }
}
