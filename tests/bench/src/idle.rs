//! Many open runs that wait: what each costs in memory once it has left the engine's, and how soon all
//! of them answer a signal after the engine was killed.

use std::{
    ops::Range,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use steadfast_sdk::{client::Client, worker::Worker};
use tokio::process::{Child, Command};

use crate::{Durability, code, report::line, world::QUEUE};

/// `steadfast dev` starts its nats-server with this.
const DURABILITY: Durability = Durability::Always;

/// Requests in flight while runs are started and signalled.
const IN_FLIGHT: usize = 256;

/// Kills the engine under open runs, and measures until all have answered a signal.
pub(crate) async fn recovery(scale: u64) -> Result<()> {
    let runs = 100 * scale;
    let data = tempfile::tempdir()?;
    let mut engine = Binary::start(data.path()).await?;
    let client = Client::connect(engine.nats_url.clone()).await?;
    let worker = worker(&client);
    start_all(&client, runs).await?;
    engine.wait_until_seen(&client, 0..runs).await?;
    engine.kill().await?;
    let began = Instant::now();
    let engine = Binary::start(data.path()).await?;
    let up = began.elapsed();
    let client = Client::connect(engine.nats_url.clone()).await?;
    signal_all(&client, runs).await?;
    let answered = began.elapsed();
    worker.abort();
    line(
        DURABILITY.name(),
        &format!("{runs} open runs, engine killed and restarted"),
        &format!("ready after {up:.2?}, all had answered a signal after {answered:.2?}"),
    );
    engine.stop().await
}

/// Starts many runs, lets them leave memory, measures, and signals them all.
pub(crate) async fn memory(scale: u64) -> Result<()> {
    let runs = 1_000 * scale;
    let data = tempfile::tempdir()?;
    let engine = Binary::start(data.path()).await?;
    let client = Client::connect(engine.nats_url.clone()).await?;
    let worker = worker(&client);
    // What the engine needs once for any load is not a cost of idle runs.
    start_range(&client, runs..runs + runs / 20).await?;
    engine.wait_until_seen(&client, runs..runs + runs / 20).await?;
    let before = engine.settled_rss_bytes().await?;
    start_all(&client, runs).await?;
    engine.wait_until_seen(&client, 0..runs).await?;
    let after = engine.settled_rss_bytes().await?;
    let each = (after.saturating_sub(before)) / runs;
    let began = Instant::now();
    signal_all(&client, runs).await?;
    let signalled = began.elapsed();
    worker.abort();
    line(
        DURABILITY.name(),
        &format!("{runs} idle open runs, passivated"),
        &format!("{each} bytes each; all answered a signal in {signalled:.1?}"),
    );
    engine.stop().await
}

/// A worker in this process: the engine's memory must not count its cache.
fn worker(client: &Client) -> tokio::task::JoinHandle<()> {
    let worker = Worker::new(client.clone(), QUEUE).workflow("waiting", code::waiting);
    tokio::spawn(async move {
        let ended = worker.run(std::future::pending()).await;
        assert!(ended.is_ok(), "the worker ended: {ended:?}");
    })
}

async fn start_all(client: &Client, runs: u64) -> Result<()> {
    start_range(client, 0..runs).await
}

async fn start_range(client: &Client, range: Range<u64>) -> Result<()> {
    let starts = stream::iter(range).map(|number| async move {
        client.start("waiting", QUEUE, format!("idle-{number}"), ()).await?;
        anyhow::Ok(())
    });
    starts.buffer_unordered(IN_FLIGHT).try_collect().await
}

async fn signal_all(client: &Client, runs: u64) -> Result<()> {
    let signals = stream::iter(0..runs).map(|number| async move {
        client.workflow(format!("idle-{number}")).signal("go", &()).await?;
        anyhow::Ok(())
    });
    signals.buffer_unordered(IN_FLIGHT).try_collect().await
}

/// `steadfast dev` as a process of its own, on a folder that outlives it.
struct Binary {
    process: Child,
    nats_url: String,
}

impl Binary {
    async fn start(data: &Path) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("steadfast");
        let info = data.join("dev.json");
        match std::fs::remove_file(&info) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let process = Command::new(&binary)
            .args([
                "dev",
                "--nats-port",
                "0",
                "--http-port",
                "0",
                "--port",
                "0",
                "--log-level",
                "warn",
            ])
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start {}: is it built?", binary.display()))?;
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Ok(text) = std::fs::read_to_string(&info)
                && let Ok(found) = serde_json::from_str::<serde_json::Value>(&text)
                && let Some(nats_url) = found["nats_url"].as_str()
            {
                let nats_url = nats_url.to_owned();
                return Ok(Self { process, nats_url });
            }
            if Instant::now() > deadline {
                bail!("steadfast dev is not ready after two minutes");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    async fn stop(mut self) -> Result<()> {
        self.kill().await
    }

    /// Waits until the worker has seen the last of these runs: their first workflow tasks are answered.
    async fn wait_until_seen(&self, client: &Client, runs: Range<u64>) -> Result<()> {
        let last = runs.end.saturating_sub(500).max(runs.start)..runs.end;
        let seen = stream::iter(last).map(|number| async move {
            let handle = client.workflow(format!("idle-{number}"));
            while handle.history().await?.len() < 4 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        });
        seen.buffer_unordered(8).try_collect().await
    }

    /// The engine's resident memory once it has stopped to shrink: idle runs leave after a while.
    async fn settled_rss_bytes(&self) -> Result<u64> {
        let pid = self.process.id().context("the engine is gone")?;
        let (mut least, mut unchanged) = (u64::MAX, 0);
        while unchanged < 8 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = rss_bytes(pid)?;
            unchanged = if now < least { 0 } else { unchanged + 1 };
            least = least.min(now);
        }
        Ok(least)
    }
}

fn rss_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).context("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}
