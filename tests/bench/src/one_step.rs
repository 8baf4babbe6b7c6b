//! One embedded workflow with one local activity, started over the native protocol.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::Result;
use steadfast_sdk::client::Client;
use tokio::task::JoinSet;

use crate::{
    Setting,
    cost::Meter,
    raw,
    report::{Sample, line},
    world::{QUEUE, World},
};

/// Measures and prints one alone, then 64 in flight.
pub(crate) async fn run(setting: Setting, scale: u64) -> Result<()> {
    let durability = setting.durability;
    let world = World::start(setting).await?;
    let unit = raw::unit(&world.url()).await?;
    let client = Client::connect(world.url()).await?;
    measure(&client, "warm-up", 64, 20 * scale).await?;
    let mut alone = measure(&client, "alone", 1, 10 * scale).await?;
    let p50 = alone.quantile(0.5);
    let ratio = p50.as_secs_f64() / unit.as_secs_f64();
    line(
        durability.name(),
        "embedded workflow, one activity, alone",
        &format!("p50 {p50:?}: {ratio:.1} raw appends' time ({unit:?})"),
    );
    let meter = Meter::start(&world.url(), world.server_pid()).await?;
    let mut many = measure(&client, "many", 64, 200 * scale).await?;
    let cost = meter.each(200 * scale).await?;
    let (rate, p50) = (many.rate(), many.quantile(0.5));
    let appends = 2.0 * rate * unit.as_secs_f64();
    line(
        durability.name(),
        "embedded workflow, one activity, 64 in flight",
        &format!("{rate:>8.0}/s   p50 {p50:?}: {appends:.1} appends in a raw append's time"),
    );
    line(durability.name(), "  and what each cost", &cost);
    world.stop().await
}

async fn measure(client: &Client, name: &str, in_flight: u64, total: u64) -> Result<Sample> {
    let (next, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut lanes = JoinSet::new();
    for _ in 0..in_flight {
        let (client, next, name) = (client.clone(), next.clone(), name.to_owned());
        lanes.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(latencies);
                }
                let began = Instant::now();
                let id = format!("{name}-{number}");
                let handle = client.start("one-step", QUEUE, id, "world").await?;
                handle.result::<String>().await?;
                latencies.push(began.elapsed());
            }
        });
    }
    let mut sample = Sample::default();
    while let Some(latencies) = lanes.join_next().await {
        sample.latencies.extend(latencies??);
    }
    sample.elapsed = began.elapsed();
    Ok(sample)
}
