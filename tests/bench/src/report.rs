//! One measured line, for people: name, durability, rate, latency, and the ratio to the raw append.

use std::time::Duration;

/// Latencies of many operations, and how long they took together.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) latencies: Vec<Duration>,
    pub(crate) elapsed: Duration,
}

impl Sample {
    /// Operations per second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency that this share of the operations stays under.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

/// Prints one line.
#[expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]
pub(crate) fn line(durability: &str, name: &str, figure: &str) {
    println!("{durability:<22} {name:<46} {figure}");
}
