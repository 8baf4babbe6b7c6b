//! Who polls a queue: the polls that wait, and the workers that polled of late.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use steadfast_core::{Identity, Timestamp};
use tokio::time::Instant;

use super::Poller;
use crate::api::PollerInfo;

/// Workers remembered per queue (Temporal: `pollerHistoryInitMaxSize`).
const KNOWN_MAX: usize = 1_000;
/// A worker that has not polled for this long is forgotten (Temporal: `PollerHistoryTTL`).
const KNOWN_FOR: Duration = Duration::from_secs(300);
/// What is shown as the rate of a worker that sets none (Temporal: `defaultTaskDispatchRPS`).
const DEFAULT_RATE: f64 = 100_000.0;

/// The polls that wait, in order of arrival, and who polled.
#[derive(Default)]
pub(super) struct Pollers {
    waiting: VecDeque<Poller>,
    known: HashMap<Identity, Known>,
    pub(super) last_poll: Option<Instant>,
}

struct Known {
    at: Instant,
    shown_at: Timestamp,
    rate_per_second: f64,
    capabilities: Option<Bytes>,
}

impl Pollers {
    pub(super) fn push(&mut self, poller: Poller, max: usize) -> Result<(), ()> {
        if self.waiting.len() >= max {
            self.waiting.retain(|poller| !poller.hand.is_closed());
        }
        if self.waiting.len() >= max {
            return Err(());
        }
        self.waiting.push_back(poller);
        Ok(())
    }

    pub(super) fn push_first(&mut self, poller: Poller) {
        self.waiting.push_front(poller);
    }

    pub(super) fn take(&mut self) -> Option<Poller> {
        while let Some(poller) = self.waiting.pop_front() {
            if !poller.hand.is_closed() {
                return Some(poller);
            }
        }
        None
    }

    /// Takes out the polls of one worker process, or all.
    pub(super) fn take_out(&mut self, instance_key: Option<&str>) -> Vec<Poller> {
        let all = std::mem::take(&mut self.waiting);
        let meant = |poller: &Poller| instance_key.is_none_or(|key| poller.instance_key == key);
        let (out, left): (Vec<_>, Vec<_>) = all.into_iter().partition(meant);
        self.waiting = left.into();
        out
    }

    /// Whether a poll waits.
    pub(super) fn any(&mut self) -> bool {
        while self.waiting.front().is_some_and(|poller| poller.hand.is_closed()) {
            self.waiting.pop_front();
        }
        !self.waiting.is_empty()
    }

    /// How many workers polled of late; at least one.
    pub(super) fn workers(&self) -> usize {
        self.known.len().max(1)
    }

    /// Notes who polls.
    pub(super) fn note(
        &mut self,
        poller: &Poller,
        rate: Option<f64>,
        capabilities: Option<Bytes>,
        shown_at: Timestamp,
    ) {
        let at = Instant::now();
        self.last_poll = Some(at);
        if poller.identity.is_empty() {
            return;
        }
        let rate_per_second = rate.unwrap_or(DEFAULT_RATE);
        let known = Known { at, shown_at, rate_per_second, capabilities };
        if let Some(before) = self.known.get_mut(&poller.identity) {
            *before = known;
            return;
        }
        if self.known.len() >= KNOWN_MAX {
            let oldest = self.known.iter().min_by_key(|(_, known)| known.at);
            if let Some(oldest) = oldest.map(|(identity, _)| identity.clone()) {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(poller.identity.clone(), known);
    }

    /// Who polled of late, the newest first.
    pub(super) fn describe(&mut self) -> Vec<PollerInfo> {
        self.forget();
        let shown = |(identity, known): (&Identity, &Known)| PollerInfo {
            identity: identity.clone(),
            last_access_at: known.shown_at,
            rate_per_second: known.rate_per_second,
            capabilities: known.capabilities.clone(),
        };
        let mut pollers: Vec<_> = self.known.iter().map(shown).collect();
        pollers
            .sort_by(|a, b| (b.last_access_at, &a.identity).cmp(&(a.last_access_at, &b.identity)));
        pollers
    }

    fn forget(&mut self) {
        self.known.retain(|_, known| known.at.elapsed() < KNOWN_FOR);
    }

    pub(super) fn prune(&mut self) {
        self.forget();
        self.waiting.retain(|poller| !poller.hand.is_closed());
    }

    /// Whether anybody waits, or is remembered.
    pub(super) fn is_used(&self) -> bool {
        !self.waiting.is_empty() || !self.known.is_empty()
    }
}
