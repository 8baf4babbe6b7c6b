//! How fast a queue's tasks come and go, and how fast they may go.

use std::time::Duration;

use tokio::time::Instant;

/// Rates are taken over this many slots of [`SLOT`] (Temporal: 30 s in steps of 5 s).
const SLOTS: usize = 6;
const SLOT: Duration = Duration::from_secs(5);

/// Events per second over a sliding window.
#[derive(Debug, Default)]
pub(super) struct Rate {
    slots: [u32; SLOTS],
    /// When the newest slot began, and when counting did.
    newest: Option<(Instant, Instant)>,
}

impl Rate {
    pub(super) fn count(&mut self, now: Instant) {
        self.turn(now);
        self.slots[0] = self.slots[0].saturating_add(1);
    }

    /// Events per second, of late.
    pub(super) fn per_second(&mut self, now: Instant) -> f32 {
        self.turn(now);
        let Some((newest, first)) = self.newest else {
            return 0.0;
        };
        let window = SLOT * (SLOTS as u32 - 1) + (now - newest);
        let counted = window.min(now - first).max(Duration::from_secs(1));
        let sum: u64 = self.slots.iter().copied().map(u64::from).sum();
        sum as f32 / counted.as_secs_f32()
    }

    /// Lets old slots fall out.
    fn turn(&mut self, now: Instant) {
        let (newest, first) = *self.newest.get_or_insert((now, now));
        let passed = (now - newest).as_nanos() / SLOT.as_nanos();
        let slots = usize::try_from(passed).unwrap_or(SLOTS).min(SLOTS);
        self.slots.rotate_right(slots);
        self.slots[..slots].fill(0);
        let newest = newest + SLOT * u32::try_from(passed).unwrap_or(0);
        self.newest = Some((newest, first));
    }
}

/// A bound on tasks per second, set by the workers that poll.
#[derive(Debug)]
pub(super) struct Limit {
    per_second: f64,
    tokens: f64,
    at: Instant,
}

impl Limit {
    pub(super) fn new(per_second: f64, now: Instant) -> Self {
        Self { per_second, tokens: per_second.max(1.0), at: now }
    }

    /// Another bound; what was used up stays so.
    pub(super) fn set(&mut self, per_second: f64, now: Instant) {
        self.refill(now);
        self.per_second = per_second;
        self.tokens = self.tokens.min(self.burst());
    }

    /// Whether a task may go now; if so it is counted.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// How often to look whether tasks may go: each look lets all go that were earned.
    pub(super) fn pace(&self) -> Duration {
        Duration::from_secs_f64((1.0 / self.per_second).clamp(0.05, 1.0))
    }

    fn burst(&self) -> f64 {
        self.per_second.max(1.0)
    }

    fn refill(&mut self, now: Instant) {
        let earned = (now - self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + earned).min(self.burst());
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_forgets_what_is_long_ago() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        assert_eq!(rate.per_second(start), 0.0);
        for second in 0..60_u64 {
            rate.count(start + Duration::from_secs(second));
        }
        let of_late = rate.per_second(start + Duration::from_secs(60));
        assert!((0.9..1.1).contains(&of_late), "{of_late}");
        assert_eq!(rate.per_second(start + Duration::from_secs(120)), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_lets_as_many_go_as_were_earned() {
        let start = Instant::now();
        let mut limit = Limit::new(2.0, start);
        let now: Vec<bool> = (0..3).map(|_| limit.take(start)).collect();
        assert_eq!(now, [true, true, false]);
        assert!(limit.take(start + Duration::from_millis(500)));
        assert!(!limit.take(start + Duration::from_millis(600)));
        limit.set(0.5, start + Duration::from_millis(600));
        assert!(!limit.take(start + Duration::from_secs(1)));
        assert!(limit.take(start + Duration::from_secs(3)));
    }
}
