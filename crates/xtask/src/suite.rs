//! What a change must pass, step by step: the first failure ends it.
//!
//! The tests run with a marker in their environment, which every process they start inherits; what
//! still carries it afterwards has been left behind, and that is a failure too.

mod counts;
mod leftovers;

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::Instant,
};

use anyhow::{Context, ensure};

use crate::{cargo, prerequisites, tidy};
use counts::Counts;

/// How long the slow tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// A sample, for every change.
    Normal,
    /// All of it.
    Slow,
}

/// The variable that asks slow tests for their full length.
const SLOW: &str = "STEADFAST_SLOW_TESTS";

/// Runs everything; false when something failed. The last line is `N passed, N failed`.
pub(crate) fn run(length: Length) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut counts = Counts::default();
    let outcome = steps(length, &mut counts);
    let seconds = started.elapsed().as_secs_f32();
    match &outcome {
        Ok(()) => println!("\nall steps passed in {seconds:.0} s"),
        Err(error) => {
            println!("\nFAILED after {seconds:.0} s: {error:#}");
            // A step that failed without a failing test is a failure like one.
            counts.failed = counts.failed.max(1);
        }
    }
    println!("{counts}");
    Ok(outcome.is_ok())
}

fn steps(length: Length, counts: &mut Counts) -> anyhow::Result<()> {
    step("prerequisites", prerequisites::check)?;
    step("format", || cargo_step(&["fmt", "--all", "--check"], &[]))?;
    step("tidy", || {
        ensure!(tidy::run()?, "see the findings above");
        Ok(())
    })?;
    step("lints", || {
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--"];
        cargo_step(&[&clippy[..], &["-D", "warnings"]].concat(), &[])
    })?;
    step("documentation", || {
        let doc = ["doc", "--quiet", "--workspace", "--no-deps"];
        cargo_step(&doc, &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("build tests", || {
        cargo_step(&["test", "--quiet", "--workspace", "--no-run"], &[])
    })?;
    let marker = leftovers::Marker::new();
    let tests = step("tests", || test(length, &marker, counts));
    let clean = step("nothing left running", || marker.check());
    tests.and(clean)
}

fn step(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("==> {name}");
    let started = Instant::now();
    let outcome = work();
    let seconds = started.elapsed().as_secs_f32();
    let verdict = if outcome.is_ok() { "ok" } else { "failed" };
    println!("<== {name}: {verdict} in {seconds:.1} s");
    outcome.with_context(|| name.to_owned())
}

fn cargo_step(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut command = cargo::command(arguments);
    command.envs(environment.iter().copied());
    let status = command.status().context("run cargo")?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}

fn test(length: Length, marker: &leftovers::Marker, counts: &mut Counts) -> anyhow::Result<()> {
    let mut command = cargo::command(&["test", "--workspace", "--no-fail-fast"]);
    command.env(leftovers::VARIABLE, marker.value());
    match length {
        Length::Normal => {}
        Length::Slow => {
            command.env(SLOW, "1");
        }
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("run cargo")?;
    let stdout = child.stdout.take().context("read what cargo prints")?;
    // Bytes and not lines of text: a test may print anything.
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("read what cargo prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts.add_line(&line);
    }
    let status = child.wait().context("wait for cargo")?;
    ensure!(status.success(), "`cargo test --workspace` failed");
    Ok(())
}
