//! What work costs besides time: the CPU of this process and of its nats-server, and records written.
//!
//! On a machine that is not quiet this says more than a rate: it hardly depends on what else runs.

use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::jetstream;
use futures::TryStreamExt;

/// Counts from when it is made.
pub(crate) struct Meter {
    server: u32,
    jetstream: jetstream::Context,
    began: Reading,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    own: Duration,
    server: Duration,
    history: u64,
    feed: u64,
    snapshots: u64,
}

impl Meter {
    /// Begins to count.
    pub(crate) async fn start(url: &str, server: u32) -> Result<Self> {
        let jetstream = jetstream::new(crate::world::connect(url).await?);
        let mut meter = Self { server, jetstream, began: Reading::default() };
        meter.began = meter.read().await?;
        Ok(meter)
    }

    /// What one of so many pieces of work has cost, as text.
    pub(crate) async fn each(&self, pieces: u64) -> Result<String> {
        let (from, to) = (self.began, self.read().await?);
        let micros = |from: Duration, to: Duration| {
            to.saturating_sub(from).as_secs_f64() * 1e6 / pieces.max(1) as f64
        };
        let count = |from: u64, to: u64| (to - from) as f64 / pieces.max(1) as f64;
        Ok(format!(
            "CPU each: {:.0} us here, {:.0} us in nats-server; records each: {:.2}, in the feed {:.2}, snapshots {:.2}",
            micros(from.own, to.own),
            micros(from.server, to.server),
            count(from.history, to.history),
            count(from.feed, to.feed),
            count(from.snapshots, to.snapshots),
        ))
    }

    async fn read(&self) -> Result<Reading> {
        let mut reading = Reading {
            own: cpu(std::process::id())?,
            server: cpu(self.server)?,
            ..Reading::default()
        };
        let mut streams = self.jetstream.streams();
        while let Some(stream) = streams.try_next().await? {
            let (name, last) = (stream.config.name.as_str(), stream.state.last_sequence);
            if name.starts_with("SF_HISTORY") {
                reading.history += last;
            } else if name.starts_with("SF_EVENTS") {
                reading.feed += last;
            } else if name.starts_with("SF_SNAPSHOT") {
                reading.snapshots += last;
            }
        }
        Ok(reading)
    }
}

/// A process's CPU time, user and system.
fn cpu(pid: u32) -> Result<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(") ").next().context("no fields after the name")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next().and_then(|text| text.parse::<u32>().ok()).context("no ticks");
    Ok(TICK * (ticks()? + ticks()?))
}
