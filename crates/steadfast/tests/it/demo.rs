//! `steadfast demo` killed with SIGKILL: nothing of ours can run then, and still nothing is left.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::process::{Running, steadfast};

/// The processes that name this folder or this address on their command line, zombies apart.
fn naming(text: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| {
        let line = std::fs::read(process.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text).then_some(line)
    });
    lines.collect()
}

#[track_caller]
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(20)); // tidy: poll interval
    }
}

fn nats_url(folder: &Path) -> Option<String> {
    let file = std::fs::read_to_string(folder.join("dev.json")).ok()?;
    let file: serde_json::Value = serde_json::from_str(&file).ok()?;
    Some(file["nats_url"].as_str()?.to_owned())
}

#[test]
fn a_killed_demo_leaves_no_process_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("story");
    let demo = steadfast()
        .args(["demo", "--rust-only", "--data-dir"])
        .arg(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let demo = Running(demo);
    eventually("the engine is up", || nats_url(&folder).is_some());
    let url = nats_url(&folder).unwrap();
    eventually("a worker is up", || naming(&url).iter().any(|line| line.contains("demo-worker")));

    assert_eq!(demo.end(Signal::KILL), None);

    let folder = folder.to_str().unwrap();
    eventually("the workers end", || naming(&url).is_empty());
    eventually("the engine and its NATS end", || naming(folder).is_empty());
}
