//! Visibility on a real nats-server: killed in the middle, deleted, and still the same answers.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_engine::{
    ports::{Feed, Log, Partition},
    search_attributes::AnyAttributes,
};
use steadfast_jetstream::{Config, JetStreamLog};
use steadfast_sim::story::{self, Story};
use steadfast_visibility::{ListRequest, Visibility, VisibilityConfig};
use tokio_util::sync::CancellationToken;

use crate::world::JetStream;

const RUNS: usize = 600;
const PARTITIONS: u32 = 3;

struct Nats {
    log: JetStreamLog,
    folder: tempfile::TempDir,
    _world: JetStream,
}

impl Nats {
    async fn start() -> Result<Self> {
        let config = Config { partitions: PARTITIONS, ..Config::default() };
        let world = JetStream::start(config).await?;
        Ok(Self { log: world.log.clone(), folder: tempfile::tempdir()?, _world: world })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("visibility.sqlite")
    }

    /// Runs with some signals; every third is closed.
    async fn populate(&self, from: usize, to: usize) -> Result<()> {
        let run = |number: usize| async move {
            let partition = Partition(u32::try_from(number)? % PARTITIONS);
            let address = story::address(partition, "shop", &format!("order-{number:05}"));
            let mut story = Story::start(&self.log, address).await?;
            for _ in 0..number % 4 {
                story.signal(&self.log, 50).await?;
            }
            if number.is_multiple_of(3) {
                story.close(&self.log).await?;
            }
            anyhow::Ok(())
        };
        stream::iter((from..to).map(run)).buffer_unordered(32).try_collect().await
    }

    async fn open(&self) -> Result<(Visibility, steadfast_visibility::Projection)> {
        let config = VisibilityConfig {
            path: self.path(),
            batch_records: 100,
            ..VisibilityConfig::default()
        };
        let feed: Arc<dyn Feed> = Arc::new(self.log.clone());
        Ok(Visibility::open(config, feed, PARTITIONS, Arc::new(AnyAttributes)).await?)
    }
}

fn soon() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(20)
}

async fn everything(visibility: &Visibility, query: &str) -> Result<Vec<String>> {
    let (mut lines, mut page_token) = (Vec::new(), bytes::Bytes::new());
    loop {
        let query = query.to_owned();
        let request = ListRequest { namespace: "shop".into(), query, page_size: 97, page_token };
        let page = visibility.list(request, soon()).await?;
        lines.extend(page.runs.iter().map(|run| format!("{run:?}")));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(lines);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_answers_after_kills_and_after_a_rebuild() -> Result<()> {
    let nats = Nats::start().await?;
    nats.populate(0, RUNS / 2).await?;
    let populating = nats.populate(RUNS / 2, RUNS);
    // Dropped wherever it is, as a crash would, while others write.
    let killing = async {
        for round in 1..12_u64 {
            let (_, projection) = nats.open().await?;
            let following = projection.run(CancellationToken::new());
            let _ = tokio::time::timeout(Duration::from_millis(7 * round), following).await;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(populating, killing)?;

    let (visibility, projection) = nats.open().await?;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn(projection.run(shutdown.clone()));
    let total = visibility.count(&"shop".into(), "", soon()).await?.total;
    ensure!(total == RUNS as u64, "{total}");
    let closed = "ExecutionStatus = 'Terminated'";
    let closed = visibility.count(&"shop".into(), closed, soon()).await?.total;
    ensure!(closed == RUNS as u64 / 3, "{closed}");
    let queries = ["", "HistoryLength > 2 ORDER BY HistoryLength, WorkflowId DESC"];
    let mut before = Vec::new();
    for query in queries {
        before.push(everything(&visibility, query).await?);
    }
    ensure!(before[0].len() == RUNS);
    shutdown.cancel();
    following.await?;

    std::fs::remove_file(nats.path())?;
    let (visibility, projection) = nats.open().await?;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn(projection.run(shutdown.clone()));
    for (query, before) in queries.iter().zip(&before) {
        let after = everything(&visibility, query).await?;
        let differ = before.iter().zip(&after).find(|(before, after)| before != after);
        ensure!(after == *before, "{query:?}: {} and {}: {differ:?}", before.len(), after.len());
    }
    shutdown.cancel();
    following.await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_waits_for_its_callers_own_writes_and_removals() -> Result<()> {
    let nats = Nats::start().await?;
    let (visibility, projection) = nats.open().await?;
    let shutdown = CancellationToken::new();
    let following = tokio::spawn(projection.run(shutdown.clone()));
    for round in 0..50 {
        let partition = Partition(round % PARTITIONS);
        let address = story::address(partition, "shop", &format!("order-{round}"));
        let mut story = Story::start(&nats.log, address.clone()).await?;
        let query = format!("WorkflowId = 'order-{round}' AND ExecutionStatus = 'Running'");
        let open = visibility.count(&"shop".into(), &query, soon()).await?.total;
        story.close(&nats.log).await?;
        let still_open = visibility.count(&"shop".into(), &query, soon()).await?.total;
        nats.log.purge(&address).await?;
        let left = visibility.count(&"shop".into(), "", soon()).await?.total;
        ensure!((open, still_open, left) == (1, 0, 0), "round {round}");
    }
    shutdown.cancel();
    following.await?;
    Ok(())
}
