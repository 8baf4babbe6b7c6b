//! Measures appends per second and their latency through the log, and how long a takeover takes.
//!
//! The variants take turns in short slices, so that whatever else the machine does meets all of them.
//!
//! `cargo run -p steadfast-jetstream --example append_rate [always|lazy|takeover]`: the dev profile, in which only the
//! dependencies are optimised; a release build is faster on the client's side of the same two cores.

#![expect(clippy::print_stdout, reason = "this program's output is its purpose")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use steadfast_core::{Change, Entry, Payload, Record, Timestamp, run::Status};
use steadfast_engine::ports::{Append, Expected, Log, Partition, RunAddress, Sequence};
use steadfast_jetstream::{Config, JetStreamLog, config::GroupCommit};
use steadfast_nats::{Server, SyncInterval};
use steadfast_sim::story::{self, Story};

const PARTITION: Partition = Partition(0);
const SLICE: Duration = Duration::from_millis(300);
const ROUNDS: u32 = 10;
const OPEN_RUNS: usize = 10_000;

fn record() -> Arc<Record> {
    let details = vec![Payload::new("binary/plain", vec![7; 400])];
    let heartbeat = Change::ActivityHeartbeat { scheduled_event_id: 5, details };
    Arc::new(Record { at: Timestamp(1), entries: vec![Entry::Change(heartbeat)] })
}

async fn append(log: &JetStreamLog, address: &RunAddress, last: Sequence) -> Result<Sequence> {
    let expected = if last == 0 { Expected::Workflow(0) } else { Expected::Run(last) };
    let append = Append {
        address: address.clone(),
        expected,
        record: record(),
        status: Status::Running,
        traceparent: Some(story::TRACEPARENT.to_owned()),
    };
    Ok(log.append(append).await?)
}

/// One way of writing, on a server of its own.
struct Lane {
    name: &'static str,
    log: JetStreamLog,
    server: Server,
    taken: Vec<Duration>,
}

impl Lane {
    /// Appends for a while, each run one record after the other.
    async fn slice(&mut self, in_flight: usize, round: u32) -> Result<()> {
        let end = Instant::now() + SLICE;
        let run = |index: usize| {
            let log = self.log.clone();
            let id = format!("{in_flight}-{round}-{index}");
            let address = story::address(PARTITION, "bench", &id);
            let task = tokio::spawn(async move {
                let (mut last, mut taken) = (0, Vec::new());
                while Instant::now() < end {
                    let begun = Instant::now();
                    last = append(&log, &address, last).await?;
                    taken.push(begun.elapsed());
                }
                anyhow::Ok(taken)
            });
            async { task.await? }
        };
        self.taken.extend(try_join_all((0..in_flight).map(run)).await?.concat());
        Ok(())
    }

    fn report(&mut self, sync: SyncInterval, in_flight: usize) {
        let mut taken = std::mem::take(&mut self.taken);
        taken.sort_unstable();
        let at = |part: usize| taken[(taken.len() * part / 100).min(taken.len() - 1)];
        let per_second = taken.len() as f64 / (SLICE * ROUNDS).as_secs_f64();
        println!(
            "sync {sync:?}, {:12} {in_flight:>4} in flight: {per_second:>6.0}/s, p50 {:?}, p99 {:?}",
            self.name,
            at(50),
            at(99)
        );
    }
}

async fn open(server: &Server, config: &Config) -> Result<JetStreamLog> {
    let client = async_nats::connect(server.client_url()).await?;
    Ok(JetStreamLog::open(client, config).await?)
}

async fn takeover(server: &Server, config: &Config) -> Result<()> {
    let log = open(server, config).await?;
    let start = |index: usize| {
        let log = log.clone();
        async move {
            let address = story::address(PARTITION, "recovery", &format!("order-{index}"));
            let mut story = Story::start(&log, address).await?;
            story.signal(&log, 400).await?;
            story.save(&log).await?;
            anyhow::Ok(story.last())
        }
    };
    let starts = stream::iter((0..OPEN_RUNS).map(start)).buffer_unordered(256);
    let through = starts.try_fold(0, |max, last| async move { Ok(last.max(max)) }).await?;
    log.checkpoint(PARTITION, through).await?;
    let begun = Instant::now();
    let other = open(server, config).await?;
    let opened = begun.elapsed();
    let recovered = other.recover(PARTITION).try_fold(0, |n, _| async move { Ok(n + 1) }).await?;
    println!("takeover of {recovered} open runs: {:?} (opening {opened:?})", begun.elapsed());

    let found = log.list(PARTITION, &"recovery".into(), 0, 100).await?;
    let begun = Instant::now();
    log.list(PARTITION, &"recovery".into(), 0, 100).await?;
    println!("list of the newest 100 of {OPEN_RUNS} runs: {:?}", begun.elapsed());
    let begun = Instant::now();
    for head in &found {
        log.read(&head.address, 0).await?;
    }
    println!("read of one run with 2 records: {:?}", begun.elapsed() / 100);
    let begun = Instant::now();
    for head in &found {
        log.heads(PARTITION, &head.address.key.workflow()).await?;
    }
    println!("heads of one workflow: {:?}", begun.elapsed() / 100);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for (name, sync) in [("always", SyncInterval::Always), ("lazy", SyncInterval::Lazy)] {
        if wanted(name) {
            appends(sync).await?;
        }
    }
    if !wanted("takeover") {
        return Ok(());
    }
    let server = Server::start(steadfast_nats::Config::default()).await?;
    takeover(&server, &Config { partitions: 1, ..Config::default() }).await
}

async fn appends(sync: SyncInterval) -> Result<()> {
    let variants = [
        ("single", Config { events: None, ..Config::default() }),
        ("single+feed", Config::default()),
        (
            "grouped",
            Config {
                events: None,
                group_commit: Some(GroupCommit::default()),
                ..Config::default()
            },
        ),
    ];
    let mut lanes = Vec::new();
    for (name, config) in variants {
        let config = Config { partitions: 1, ..config };
        let server = steadfast_nats::Config { sync, ..Default::default() };
        let server = Server::start(server).await?;
        let log = open(&server, &config).await?;
        lanes.push(Lane { name, log, server, taken: Vec::new() });
    }
    for in_flight in [1, 16, 64, 256] {
        for round in 0..ROUNDS {
            for lane in &mut lanes {
                lane.slice(in_flight, round).await?;
            }
        }
        for lane in &mut lanes {
            lane.report(sync, in_flight);
        }
    }
    for lane in lanes {
        lane.server.stop().await;
    }
    Ok(())
}
