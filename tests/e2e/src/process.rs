//! A process with a log, killed when it is dropped.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::wait;

/// A process with a log, killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

/// A program of this crate, built beside the tests.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder =
        test.parent().and_then(Path::parent).context("tests are built in target/*/deps")?;
    Ok(folder.join(name))
}

impl Process {
    /// Starts a command; its output goes to `<logs>/<name>.log`.
    pub fn start(name: &str, command: &mut Command, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), log, child })
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has written.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until something can be found; fails with the process's output when it ends before.
    pub async fn ready<T>(&mut self, limit: Duration, look: impl Fn() -> Option<T>) -> Result<T> {
        let name = self.name.clone();
        let what = format!("{name} to be ready");
        let found = wait::until(&what, limit, || {
            let ended = self.child.try_wait().ok().flatten();
            let found = look().map(Ok).or(ended.map(Err));
            std::future::ready(found)
        });
        match found.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(status)) => bail!("{name} ended ({status}):\n{}", self.output()),
            Err(error) => Err(error.context(self.output())),
        }
    }

    /// Waits until it has written a line `ready`.
    pub async fn says_ready(&mut self, limit: Duration) -> Result<()> {
        let log = self.log.clone();
        let look = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            text.lines().any(|line| line == "ready").then_some(())
        };
        self.ready(limit, look).await
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("{} did not end within {limit:?}:\n{}", self.name, self.output()),
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("kill {}", self.name))
    }

    /// SIGTERM, and waits for its end.
    pub async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        let pid = self.child.id().with_context(|| format!("{} is gone already", self.name))?;
        signal(pid, Signal::TERM)?;
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("{} did not stop within {limit:?}:\n{}", self.name, self.output()),
        }
    }
}

/// Sends a signal to any process.
pub fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("process ids are not zero")?;
    Ok(kill_process(pid, signal)?)
}
