//! One partition's timers: a sorted set of deadlines, one sleep for all of them.
//!
//! Derived from the runs' states and from nothing else: what is lost with the process is armed
//! again when the runs are recovered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use steadfast_core::Timestamp;
use tokio::sync::Notify;

use crate::{ports::Clock, slot::Slot, sync::lock};

/// The longest sleep: a clock that was set forward is noticed after this.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Deadlines of one partition.
#[derive(Default)]
pub(crate) struct Timers {
    wheel: Mutex<BTreeMap<(Timestamp, u64), Arc<Slot>>>,
    earlier: Notify,
}

impl Timers {
    /// Sets when the slot is to be woken; replaces what was set before.
    pub(crate) fn arm(&self, slot: &Arc<Slot>, at: Option<Timestamp>) {
        let before = slot.set_armed(at);
        if before == at {
            return;
        }
        let mut wheel = lock(&self.wheel);
        if let Some(before) = before {
            wheel.remove(&(before, slot.id));
        }
        let Some(at) = at else { return };
        let first = wheel.keys().next().copied();
        wheel.insert((at, slot.id), slot.clone());
        if first.is_none_or(|(first, _)| at < first) {
            self.earlier.notify_one();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        lock(&self.wheel).clear();
    }

    /// Wakes slots as they become due, for ever.
    pub(crate) async fn run(&self, clock: &dyn Clock, mut fire: impl FnMut(&Arc<Slot>)) {
        loop {
            let now = clock.now();
            for slot in self.due(now) {
                fire(&slot);
            }
            let next = lock(&self.wheel).keys().next().map(|(at, _)| *at);
            let sleep = next.map_or(SLEEP_MAX, |at| at.since(now).into()).min(SLEEP_MAX);
            tokio::select! {
                biased;
                () = self.earlier.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    fn due(&self, now: Timestamp) -> Vec<Arc<Slot>> {
        let mut wheel = lock(&self.wheel);
        let later = wheel.split_off(&(Timestamp(now.0.saturating_add(1)), 0));
        std::mem::replace(&mut *wheel, later).into_values().collect()
    }
}
