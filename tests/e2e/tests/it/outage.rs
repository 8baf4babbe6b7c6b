//! NATS goes away in mid-load, and comes back: the engine waits, reconnects and carries on.
//!
//! `SF_E2E_OUTAGE_SECS` says for how long (5; the 30 takes a minute).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    feed,
    process::{Process, program},
    script::{SCRIPT, Step},
};
use steadfast_nats::{Config, Server};
use steadfast_protocol::message::{ApiVerb, Describe, Description};
use tokio::process::Command;

const QUEUE: &str = "outage";
const WORKFLOWS: usize = 20;
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_carries_on_after_an_outage_of_nats() -> Result<()> {
    let seconds = match std::env::var("SF_E2E_OUTAGE_SECS") {
        Ok(text) => text.parse().context("SF_E2E_OUTAGE_SECS is a number")?,
        Err(_) => 5,
    };
    let home = Home::new()?;
    let data_dir = Some(home.path().join("nats"));
    let config = Config { data_dir, ..Config::default() };
    let nats = Server::start(config.clone()).await?;
    let url = nats.client_url().to_owned();
    let port = nats.port();
    let options = Options { nats_url: Some(url.clone()), ..Options::default() };
    let engine = Engine::start(&home, options).await?;
    let native = engine.native().await?;
    let mut command = Command::new(program("e2e-worker")?);
    command.args([&url, QUEUE]).arg(home.path().join("journal"));
    let mut worker = Process::start("worker", &mut command, home.path())?;
    worker.says_ready(Duration::from_secs(30)).await?;

    let steps: Vec<_> = (0..20)
        .map(|number| Step::new("append", QUEUE, json!(number)).timeout(Duration::from_secs(3)))
        .collect();
    let ids: Vec<_> = (0..WORKFLOWS).map(|number| format!("outage-{number}")).collect();
    for id in &ids {
        native.start(SCRIPT, id, QUEUE, &steps).await?;
    }
    nats.stop().await;
    let request = Describe { workflow_id: ids[0].as_str().into(), ..Describe::default() };
    let answer = native.api::<Description>(ApiVerb::Describe, &request).await?;
    ensure!(answer.is_err_and(|fault| fault.is_retryable()), "nobody can answer now");
    // The outage's length is what is tested.
    tokio::time::sleep(Duration::from_secs(seconds)).await; // tidy: simulated work
    let nats = Server::start(Config { port, ..config }).await?;

    for id in &ids {
        let value = native.value(id, LIMIT).await?;
        ensure!(value.as_array().is_some_and(|outcomes| outcomes.len() == steps.len()), "{value}");
    }
    feed::check(&native, &ids).await?;
    ensure!(!engine.log().contains("panicked"), "the engine panicked");
    worker.kill().await?;
    ensure!(engine.stop().await?.success());
    nats.stop().await;
    Ok(())
}
