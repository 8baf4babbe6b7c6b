//! The unit: appends to JetStream with an expected sequence, on our own nats-server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_nats::{HeaderMap, jetstream};
use bytes::Bytes;
use tokio::task::JoinSet;

use crate::{
    Durability,
    report::{Sample, line},
};

const BODY: usize = 512;

/// Measures and prints appends one at a time, and 64 in flight over 4 streams.
pub(crate) async fn run(durability: Durability, scale: u64) -> Result<()> {
    let config =
        steadfast_nats::Config { sync: durability.sync(), ..steadfast_nats::Config::default() };
    let server = steadfast_nats::Server::start(config).await?;
    let mut alone = measure(&server.client_url(), 1, 1, 20 * scale).await?;
    let p50 = alone.quantile(0.5);
    line(
        durability.name(),
        "raw append, one at a time",
        &format!("{:>8.0}/s   p50 {p50:?}", alone.rate()),
    );
    let mut many = measure(&server.client_url(), 64, 4, 200 * scale).await?;
    let p50 = many.quantile(0.5);
    line(
        durability.name(),
        "raw append, 64 in flight, 4 streams",
        &format!("{:>8.0}/s   p50 {p50:?}", many.rate()),
    );
    server.stop().await;
    Ok(())
}

/// The median latency of one append alone: what other scenarios are divided by.
pub(crate) async fn unit(url: &str) -> Result<Duration> {
    Ok(measure(url, 1, 1, 1_000).await?.quantile(0.5))
}

async fn measure(url: &str, in_flight: u64, streams: u64, total: u64) -> Result<Sample> {
    let client = async_nats::connect(url).await.context("failed to connect")?;
    let context = jetstream::new(client);
    for stream in 0..streams {
        let config = jetstream::stream::Config {
            name: format!("RAW_{stream}"),
            subjects: vec![format!("raw.{stream}.>")],
            ..jetstream::stream::Config::default()
        };
        context.create_stream(config).await.context("failed to create a stream")?;
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for lane in 0..in_flight {
        let context = Arc::new(context.clone());
        let subject = format!("raw.{}.{}.{in_flight}", lane % streams, lane);
        tasks.spawn(lane_of_appends(context, subject, total / in_flight));
    }
    let mut sample = Sample::default();
    while let Some(latencies) = tasks.join_next().await {
        sample.latencies.extend(latencies??);
    }
    sample.elapsed = began.elapsed();
    Ok(sample)
}

async fn lane_of_appends(
    context: Arc<jetstream::Context>,
    subject: String,
    count: u64,
) -> Result<Vec<Duration>> {
    let body = Bytes::from(vec![7; BODY]);
    let mut latencies = Vec::new();
    let mut last = 0;
    for _ in 0..count {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", last.to_string());
        let began = Instant::now();
        let ack = context.publish_with_headers(subject.clone(), headers, body.clone()).await?;
        last = ack.await?.sequence;
        latencies.push(began.elapsed());
    }
    Ok(latencies)
}
