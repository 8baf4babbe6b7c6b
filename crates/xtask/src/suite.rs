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
pub(crate) const SLOW: &str = "STEADFAST_SLOW_TESTS";

/// Runs everything, for these crates or for all; false when something failed. The last line is
/// `N passed, N failed`.
pub(crate) fn run(length: Length, packages: &[String]) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut counts = Counts::default();
    let outcome = steps(length, packages, &mut counts);
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

fn steps(length: Length, packages: &[String], counts: &mut Counts) -> anyhow::Result<()> {
    let selected = selected("--workspace", packages);
    let selected: Vec<&str> = selected.iter().map(String::as_str).collect();
    step("prerequisites", prerequisites::check)?;
    step("format", || {
        let crates = self::selected("--all", packages);
        let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
        cargo_step(&[&["fmt", "--check"], &crates[..]].concat(), &[])
    })?;
    step("tidy", || {
        ensure!(tidy::run(packages)?, "see the findings above");
        Ok(())
    })?;
    step("lints", || {
        let clippy = ["clippy", "--quiet", "--all-targets"];
        cargo_step(&[&clippy, &selected[..], &["--", "-D", "warnings"]].concat(), &[])
    })?;
    step("documentation", || {
        let doc = ["doc", "--quiet", "--no-deps"];
        cargo_step(&[&doc, &selected[..]].concat(), &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("build tests", || {
        cargo_step(&[&["test", "--quiet", "--no-run"], &selected[..]].concat(), &[])
    })?;
    let marker = leftovers::Marker::new();
    let tests = step("tests", || test(length, &selected, &marker, counts));
    let clean = step("nothing left running", || marker.check());
    tests.and(clean)
}

/// Cargo's words for these crates, or for all of them.
fn selected(all: &str, packages: &[String]) -> Vec<String> {
    if packages.is_empty() {
        return vec![all.to_owned()];
    }
    let named = packages.iter().map(|name| format!("--package={name}"));
    named.collect()
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

fn test(
    length: Length,
    selected: &[&str],
    marker: &leftovers::Marker,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let mut command = cargo::command(&["test", "--no-fail-fast"]);
    command.args(selected);
    command.env(leftovers::VARIABLE, marker.value());
    match length {
        Length::Normal => {}
        Length::Slow => {
            command.env(SLOW, "1");
        }
    }
    let mut child = command.stdout(Stdio::piped()).spawn().context("run cargo")?;
    let stdout = child.stdout.take().context("read what cargo prints")?;
    // Bytes and not lines of text: a test may print anything.
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("read what cargo prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts.add_line(&line);
    }
    let status = child.wait().context("wait for cargo")?;
    ensure!(status.success(), "`cargo test` failed");
    Ok(())
}
