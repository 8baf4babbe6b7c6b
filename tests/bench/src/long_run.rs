//! A run of many sequential activities: what one costs at the end, against what one cost at first.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use steadfast_sdk::client::Client;

use crate::{
    Setting,
    report::line,
    world::{QUEUE, World},
};

/// Measures and prints the time per activity in the first and the last tenth of the run.
pub(crate) async fn run(setting: Setting, scale: u64) -> Result<()> {
    let durability = setting.durability;
    let steps = u32::try_from(100 * scale)?;
    let world = World::start(setting).await?;
    let client = Client::connect(world.url()).await?;
    // A run before the measured one: the first tenth must not pay for a cold process.
    let warm_up = client.start("long", QUEUE, "warm-up", steps / 10).await?;
    warm_up.result::<u32>().await?;
    let began = Instant::now();
    let handle = client.start("long", QUEUE, "measured", steps).await?;
    handle.result::<u32>().await?;
    let elapsed = began.elapsed();
    let times = times(&handle.history().await?);
    let tenth = times.len() / 10;
    let first = times.get(tenth).zip(times.first()).context("no activities")?;
    let last = times.last().zip(times.get(times.len() - 1 - tenth)).context("no activities")?;
    let per = |(end, begin): (&i64, &i64)| {
        Duration::from_nanos((end - begin).unsigned_abs() / tenth.max(1) as u64)
    };
    let (first, last) = (per(first), per(last));
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    line(
        durability.name(),
        &format!("{steps} sequential activities in one run"),
        &format!("{first:?} each at first, {last:?} at the end: {ratio:.2}   ({elapsed:.1?})"),
    );
    world.stop().await
}

/// When each activity was scheduled, in nanoseconds.
fn times(history: &[steadfast_core::Event]) -> Vec<i64> {
    let scheduled = history
        .iter()
        .filter(|event| matches!(event.kind, steadfast_core::EventKind::ActivityTaskScheduled(_)));
    scheduled.map(|event| event.at.0).collect()
}
