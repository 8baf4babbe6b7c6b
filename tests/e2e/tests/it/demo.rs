//! The main job: the story runs to its end, everything right, and leaves nothing behind.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use steadfast::dev_file::DevFile;
use steadfast_e2e::{engine::Home, process::program};
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(300);

async fn story(args: &[&str]) -> Result<(bool, Value, String)> {
    let home = Home::new()?;
    let data = home.path().join("story");
    let cache = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/polyglot/demo");
    let mut command = Command::new(program("steadfast-under-test")?);
    command.args(["--json", "demo"]).args(args).arg("--data-dir").arg(&data);
    command.arg("--cache-dir").arg(cache).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.context("the story")??;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = text.lines().last().unwrap_or("null");
    let ending = serde_json::from_str(last).with_context(|| format!("{last}\n{errors}"))?;
    ensure!(DevFile::read(&data).is_none(), "the engine retracts its file when it stops");
    let pid = std::fs::read_to_string(data.join("nats/nats.pid")).unwrap_or_default();
    let running = !pid.trim().is_empty() && PathBuf::from(format!("/proc/{}", pid.trim())).exists();
    ensure!(!running, "nats-server {pid} is left behind");
    Ok((output.status.success(), ending, errors))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_purchase_ends_right_though_the_engine_is_killed() -> Result<()> {
    let (success, ending, errors) = story(&[]).await?;
    ensure!(success && ending["faults"] == serde_json::json!([]), "{ending}\n{errors}");
    ensure!(ending["purchases"].as_array().is_some_and(|list| list.len() == 7), "{ending}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_runs_in_rust_alone() -> Result<()> {
    let (success, ending, errors) = story(&["--rust-only"]).await?;
    ensure!(success && ending["faults"] == serde_json::json!([]), "{ending}\n{errors}");
    Ok(())
}
