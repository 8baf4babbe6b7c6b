//! Temporal's official SDKs against the engine: the applications in `tests/compat`, and the SDKs' own
//! test suites where their sources are at hand.
//!
//! `STEADFAST_SUITES` names the folder with the suites' `run`; what it needs beside (`MIRROR`, `LAB`)
//! is told in its README. Without it the applications run alone, and this says so.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::{cargo, suite};

/// The variable that names the folder with the suites.
const SUITES: &str = "STEADFAST_SUITES";
/// How much of a core list must pass.
const PASSING_MIN: f64 = 0.98;
/// How long the engine may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// A suite, and how its runner is told what to run: a list of ids, or everything.
struct Suite {
    name: &'static str,
    takes_lists: bool,
}

const NAMES: [Suite; 2] =
    [Suite { name: "python", takes_lists: true }, Suite { name: "typescript", takes_lists: false }];

/// Runs all of it; false when something failed.
pub(crate) fn run() -> anyhow::Result<bool> {
    let mut command = cargo::command(&["test", "--package", "steadfast-e2e", "--test", "compat"]);
    command.env(suite::SLOW, "1");
    let applications = command.status().context("run cargo")?.success();
    let Some(folder) = env::var_os(SUITES).map(PathBuf::from) else {
        println!("note: {SUITES} names no folder: the SDKs' own suites are not run");
        return Ok(applications);
    };
    let mut engine = Engine::start()?;
    let mut passed = applications;
    for suite in NAMES {
        passed &= suite.run(&folder, &engine.address)?;
    }
    engine.stop()?;
    Ok(passed)
}

impl Suite {
    /// Runs it, and prints how much of its core list passes.
    fn run(&self, folder: &Path, address: &str) -> anyhow::Result<bool> {
        let list = folder.join(format!("baseline/core-{}.txt", self.name));
        let wanted = lines(&list)?;
        let mut command = Command::new(folder.join("run"));
        command.args([self.name, address]);
        if self.takes_lists {
            command.arg("--only").arg(&list);
        }
        // It fails when any test fails, also one that is not in the list.
        command.status().with_context(|| format!("run the suite {}", self.name))?;
        let filtered = if self.takes_lists { ".filtered" } else { "" };
        let results = format!("{}{filtered}", address.replace(':', "_"));
        let passed = lines(&results_folder().join(self.name).join(results).join("passed.txt"))?;
        let missing: Vec<&String> = wanted.difference(&passed).collect();
        for id in &missing {
            println!("  not passed: {id}");
        }
        let (passing, all) = (wanted.len() - missing.len(), wanted.len());
        println!("{}: {passing} of {all} core tests pass", self.name);
        Ok(enough(passing, all))
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are hundreds of tests, not 2^52")]
fn enough(passing: usize, all: usize) -> bool {
    passing as f64 >= all as f64 * PASSING_MIN
}

/// Where the suites leave their results.
fn results_folder() -> PathBuf {
    let lab = || {
        let lab = env::var_os("LAB").map(PathBuf::from);
        lab.unwrap_or_else(|| env::temp_dir().join("steadfast-suites")).join("suite-results")
    };
    env::var_os("RESULTS").map_or_else(lab, PathBuf::from)
}

fn lines(file: &Path) -> anyhow::Result<BTreeSet<String>> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Ok(text.lines().map(ToOwned::to_owned).collect())
}

/// A `steadfast dev` on free ports that keeps nothing, killed when it is dropped.
struct Engine {
    child: Child,
    folder: PathBuf,
    address: String,
}

/// What it tells of itself, as far as we ask.
#[derive(Deserialize)]
struct DevFile {
    pid: u32,
    grpc_addr: Option<String>,
}

impl Engine {
    fn start() -> anyhow::Result<Self> {
        let built = cargo::command(&["build", "--package", "steadfast"]).status()?;
        ensure!(built.success(), "`cargo build --package steadfast` failed");
        let folder = env::temp_dir().join(format!("steadfast-compat-{}", uuid::Uuid::new_v4()));
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let program =
            target.unwrap_or_else(|| cargo::root().join("target")).join("debug/steadfast");
        let mut command = Command::new(program);
        command.args(["dev", "--port", "0", "--http-port", "0", "--nats-port", "0"]);
        // One Python test expects its server to suggest it that early.
        command.args(["--set", "limits.suggest_continue_as_new_events=50"]);
        command.arg("--data-dir").arg(&folder);
        let child = command.spawn().context("start steadfast")?;
        let mut engine = Self { child, folder, address: String::new() };
        engine.address = engine.announced()?;
        Ok(engine)
    }

    /// Waits for its word on where it serves.
    fn announced(&mut self) -> anyhow::Result<String> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            let text = fs::read(self.folder.join("dev.json")).unwrap_or_default();
            match serde_json::from_slice::<DevFile>(&text) {
                Ok(DevFile { pid, grpc_addr: Some(address) }) if pid == self.child.id() => {
                    return Ok(address);
                }
                Ok(_) | Err(_) => thread::sleep(POLL),
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("steadfast ended with {status}");
            }
        }
        bail!("steadfast was not ready within {START_LIMIT:?}")
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        // SIGTERM, so that it takes its nats-server along.
        let sent = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(sent.success(), "steadfast ended before it was told to");
        let status = self.child.wait()?;
        ensure!(status.success(), "steadfast ended with {status}");
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Nothing to do about it when it is gone already.
        let _ = self.child.kill();
    }
}
