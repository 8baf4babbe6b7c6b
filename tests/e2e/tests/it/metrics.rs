//! `/metrics` of an engine that has worked, was killed, and works again.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    script::{SCRIPT, Step},
    wait,
    worker::Worker,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const QUEUE: &str = "measured";
const WORKFLOWS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

/// What a dashboard draws: each must be more than nothing under load.
const COUNTED: [&str; 11] = [
    "steadfast_appends_total",
    "steadfast_append_seconds_count",
    "steadfast_append_seconds_sum",
    "steadfast_tasks_offered_total",
    "steadfast_tasks_started_total",
    "steadfast_tasks_completed_total",
    "steadfast_schedule_to_start_seconds_count",
    "steadfast_runs_started_total",
    "steadfast_runs_closed_total",
    "steadfast_recoveries_total",
    "steadfast_recovery_seconds_count",
];

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_load_and_of_a_recovery() -> Result<()> {
    let home = Home::new()?;
    let engine = Engine::start(&home, Options::default()).await?;
    let native = engine.native().await?;
    // Nobody works on it before the engine is killed: it is what there is to recover.
    let step = Step::new("append", QUEUE, json!(1));
    native.start(SCRIPT, "open", QUEUE, &[&step]).await?;
    let engine = engine.crash().await?;
    let native = engine.native().await?;
    let worker = Worker { journal: home.path().join("journal"), ..Worker::of_scripts(&native) };
    worker.clone().spawn_scripts(QUEUE);
    tokio::spawn(async move { worker.activities(QUEUE).await });
    for number in 0..WORKFLOWS {
        native.start(SCRIPT, &format!("load-{number}"), QUEUE, &[&step]).await?;
    }
    for number in 0..WORKFLOWS {
        native.value(&format!("load-{number}"), LIMIT).await?;
    }
    native.value("open", LIMIT).await?;

    let http = engine.file.http_addr.clone().context("metrics are served")?;
    let found = scrape(&http).await?;
    for name in COUNTED {
        let value = found.get(name).with_context(|| format!("no {name} in {found:?}"))?;
        ensure!(*value > 0.0, "{name} is {value}");
    }
    ensure!(found["steadfast_runs_closed_total"] == WORKFLOWS as f64 + 1.0, "{found:?}");
    // At least: the start, the first task, the activity's end, the last task.
    ensure!(found["steadfast_appends_total"] >= 4.0 * WORKFLOWS as f64, "{found:?}");
    ensure!(found.contains_key("steadfast_live_runs"), "actors are counted: {found:?}");
    // Closed runs leave memory, and so do the actors.
    wait::until("no actors", LIMIT, || async {
        let found = scrape(&http).await.ok()?;
        (found.get("steadfast_live_runs") == Some(&0.0)).then_some(())
    })
    .await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}

/// The sum of each metric's values, by its name.
async fn scrape(address: &str) -> Result<BTreeMap<String, f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    ensure!(head.contains("200"), "{head}");
    let mut found = BTreeMap::new();
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
        let name = name.split('{').next().unwrap_or(name).to_owned();
        *found.entry(name).or_default() += value.parse::<f64>().unwrap_or_default();
    }
    Ok(found)
}
