//! Measures the projection (records per second, CPU per record) and lists and counts over many runs.
//!
//! `cargo run -p steadfast-jetstream --example visibility_rates [runs]`: the dev profile, in which only the
//! dependencies are optimised, on a nats-server of its own with lazy fsync.

#![expect(clippy::print_stdout, reason = "this program's output is its purpose")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_core::{
    AttributeType, Change, Entry, Event, EventKind, Namespace, Payload, PayloadMap, Record,
    Timestamp,
    event::{
        ActivityTaskCompleted, ActivityTaskScheduled, WorkerVersion, WorkflowExecutionCompleted,
        WorkflowExecutionStarted, WorkflowTaskCompleted,
    },
    record::Opened,
    run::Status,
};
use steadfast_engine::{
    ports::{Append, Expected, Feed, Log, Partition, ReadError},
    search_attributes::{CustomAttributes, SearchAttributes},
};
use steadfast_jetstream::{Config, JetStreamLog};
use steadfast_nats::{Server, SyncInterval};
use steadfast_sim::story;
use steadfast_visibility::{ListRequest, Visibility, VisibilityConfig};
use tokio_util::sync::CancellationToken;

const PARTITIONS: u32 = 4;
const RECORDS_PER_RUN: usize = 4;

/// Two attributes.
struct Custom;

impl SearchAttributes for Custom {
    fn custom(
        &self,
        _namespace: &Namespace,
    ) -> futures::future::BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        let custom = [("CustomerId", AttributeType::Keyword), ("Amount", AttributeType::Int)];
        let custom = custom.map(|(name, kind)| (name.to_owned(), kind)).into();
        Box::pin(std::future::ready(Ok(Arc::new(custom))))
    }
}

fn attributes(number: usize) -> PayloadMap {
    let typed = |kind: &'static str, json: String| {
        let mut payload = Payload::new("json/plain", json);
        payload.metadata.insert("type".to_owned(), kind.as_bytes().into());
        payload
    };
    PayloadMap::from([
        ("CustomerId".to_owned(), typed("Keyword", format!("\"c-{}\"", number % 1_000))),
        ("Amount".to_owned(), typed("Int", (number * 7919 % 100_003).to_string())),
    ])
}

/// A one-activity workflow's records, as the engine writes them.
async fn run(log: &JetStreamLog, number: usize, attributed: bool) -> Result<()> {
    let partition = Partition(u32::try_from(number)? % PARTITIONS);
    let address = story::address(partition, "shop", &format!("order-{number}"));
    let at = |step: i64| Timestamp::from_millis(1_700_000_000_000 + number as i64 * 10 + step);
    let event = |id, step, kind: EventKind| {
        Entry::Event(Event { id, at: at(step), kind, user_metadata: None, links: Vec::new() })
    };
    let json =
        || vec![Payload::new("json/plain", "{\"item\":1,\"text\":\"some two hundred bytes\"}")];
    let started = WorkflowExecutionStarted {
        workflow_type: address.workflow_type.clone(),
        task_queue: "orders".into(),
        input: json(),
        search_attributes: if attributed { attributes(number) } else { PayloadMap::new() },
        ..WorkflowExecutionStarted::default()
    };
    let opened = Opened { key: address.key.clone(), request_id: "r".into(), reset: None };
    let scheduled = ActivityTaskScheduled { input: json(), ..Default::default() };
    let worker = Some(WorkerVersion { build_id: "build".to_owned(), use_versioning: false });
    let completed = WorkflowTaskCompleted { worker, ..Default::default() };
    let result = ActivityTaskCompleted { result: json(), ..Default::default() };
    let records = [
        vec![Entry::Change(Change::Opened(Box::new(opened))), event(1, 0, started.into())],
        vec![event(2, 1, completed.clone().into()), event(3, 1, scheduled.into())],
        vec![event(4, 2, result.into())],
        vec![
            event(5, 3, completed.into()),
            event(6, 3, WorkflowExecutionCompleted::default().into()),
        ],
    ];
    let mut last = 0;
    // Every tenth stays open.
    let keep = if number.is_multiple_of(10) { 2 } else { RECORDS_PER_RUN };
    for (step, entries) in records.into_iter().take(keep).enumerate() {
        let append = Append {
            address: address.clone(),
            expected: if last == 0 { Expected::Workflow(0) } else { Expected::Run(last) },
            record: Arc::new(Record { at: at(step as i64), entries }),
            status: if step + 1 == RECORDS_PER_RUN { Status::Completed } else { Status::Running },
            traceparent: None,
        };
        last = log.append(append).await?;
    }
    Ok(())
}

/// User and system time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(12) + ticks(13)) * 10)
}

async fn measure(runs: usize, attributed: bool) -> Result<()> {
    let server = steadfast_nats::Config { sync: SyncInterval::Lazy, ..Default::default() };
    let server = Server::start(server).await?;
    let client = async_nats::connect(server.client_url()).await?;
    let config = Config { partitions: PARTITIONS, events: None, ..Config::default() };
    let log = JetStreamLog::open(client, &config).await?;
    let writing = stream::iter((0..runs).map(|number| run(&log, number, attributed)));
    writing.buffer_unordered(256).try_collect::<()>().await?;

    let folder = tempfile::tempdir()?;
    let settings =
        VisibilityConfig { path: folder.path().join("v.sqlite"), ..VisibilityConfig::default() };
    let wait = VisibilityConfig { wait_max: Duration::from_secs(600), ..settings };
    let feed: Arc<dyn Feed> = Arc::new(log.clone());
    let opened = Visibility::open(wait, feed, PARTITIONS, Arc::new(Custom)).await?;
    let (visibility, projection) = opened;
    let shutdown = CancellationToken::new();
    let (began, cpu_began) = (Instant::now(), cpu());
    let following = tokio::spawn(projection.run(shutdown.clone()));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(600);
    let total = visibility.count(&"shop".into(), "", deadline).await?.total;
    let (took, used) = (began.elapsed(), cpu() - cpu_began);
    let records = runs * RECORDS_PER_RUN - runs / 10 * 2;
    println!(
        "{total} runs, {records} records, search attributes {attributed}: {:.0} records/s, \
         {:.1} us CPU per record, {:.1} us per run, file {} MB",
        records as f64 / took.as_secs_f64(),
        used.as_secs_f64() * 1e6 / records as f64,
        used.as_secs_f64() * 1e6 / runs as f64,
        std::fs::metadata(folder.path().join("v.sqlite"))?.len() >> 20,
    );
    for query in [
        "",
        "WorkflowId = 'order-77'",
        "WorkflowType = 'Order' AND ExecutionStatus = 'Running'",
        "ExecutionStatus = 'Completed' AND StartTime > '2023-11-14T22:20:00Z'",
        "CustomerId = 'c-77'",
        "CustomerId = 'c-77' AND Amount > 50000 ORDER BY Amount DESC",
        "ORDER BY Amount",
        "WorkflowId STARTS_WITH 'order-777'",
    ] {
        let list = async || {
            let query = query.to_owned();
            let request = ListRequest {
                namespace: "shop".into(),
                query,
                page_size: 100,
                ..Default::default()
            };
            anyhow::Ok(visibility.list(request, deadline).await?.runs.len())
        };
        let (list_ms, found) = best(list).await?;
        let (filter, _) = query.split_once("ORDER BY").unwrap_or((query, ""));
        let count =
            async || anyhow::Ok(visibility.count(&"shop".into(), filter, deadline).await?.total);
        let (count_ms, counted) = best(count).await?;
        println!(
            "  {list_ms:6.2} ms list ({found:3}) {count_ms:6.2} ms count ({counted:6}) | {query}"
        );
    }
    let grouped = async || {
        let query = "GROUP BY ExecutionStatus";
        anyhow::Ok(visibility.count(&"shop".into(), query, deadline).await?.groups.len())
    };
    println!("  {:6.2} ms count by status", best(grouped).await?.0);
    shutdown.cancel();
    following.await?;
    Ok(())
}

/// The median of some tries, in milliseconds.
async fn best<T>(ask: impl AsyncFn() -> Result<T>) -> Result<(f64, T)> {
    let mut taken = Vec::new();
    for _ in 0..9 {
        let began = Instant::now();
        ask().await?;
        taken.push(began.elapsed().as_secs_f64() * 1e3);
    }
    taken.sort_by(f64::total_cmp);
    Ok((taken[4], ask().await?))
}

#[tokio::main]
async fn main() -> Result<()> {
    let runs = std::env::args().nth(1).map_or(Ok(100_000), |runs| runs.parse())?;
    measure(runs, false).await?;
    measure(runs, true).await
}
