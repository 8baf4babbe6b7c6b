//! The demo's processes: started with a log file each, and never left behind: where `setpriv` is
//! there, the kernel asks them to end (SIGTERM) also when the demo itself is killed with SIGKILL.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a process may take to end when it is asked to; a worker first ends its polls.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A process of the demo's that could not be started, or did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It could not be started.
    #[error("start {name}")]
    Start {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended ({status}) before it was ready; see {}", log.display())]
    Ended {
        /// Which.
        name: String,
        /// How.
        status: ExitStatus,
        /// Its output.
        log: PathBuf,
    },
    /// It was not ready in time.
    #[error("{name} was not ready within {} s; see {}", limit.as_secs(), log.display())]
    Slow {
        /// Which.
        name: String,
        /// How long it had.
        limit: Duration,
        /// Its output.
        log: PathBuf,
    },
}

/// The same command under a parent's death signal. It follows the thread that starts the child: the
/// whole story runs on the process's main thread, which ends last.
fn tied(command: &Command) -> Command {
    let command = command.as_std();
    let mut tied = match steadfast_nats::setpriv() {
        Some(setpriv) => {
            let mut tied = Command::new(setpriv);
            tied.args(["--pdeathsig", "TERM", "--"]).arg(command.get_program());
            tied
        }
        None => Command::new(command.get_program()),
    };
    tied.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    tied
}

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a command whose output goes to `<logs>/<name>.log`.
    pub(crate) fn start(name: &str, command: &Command, logs: &Path) -> Result<Self, ProcessError> {
        let log = logs.join(format!("{name}.log"));
        let failed = |source| ProcessError::Start { name: name.to_owned(), source };
        let output = File::options().create(true).append(true).open(&log).map_err(failed)?;
        let errors = output.try_clone().map_err(failed)?;
        let child = tied(command)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self { name: name.to_owned(), log, child })
    }

    /// Its process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until `ready` holds.
    pub(crate) async fn ready(
        &mut self,
        limit: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<(), ProcessError> {
        let deadline = tokio::time::Instant::now() + limit;
        while !ready() {
            if let Ok(Some(status)) = self.child.try_wait() {
                let (name, log) = (self.name.clone(), self.log.clone());
                return Err(ProcessError::Ended { name, status, log });
            }
            if tokio::time::Instant::now() > deadline {
                let (name, log) = (self.name.clone(), self.log.clone());
                return Err(ProcessError::Slow { name, limit, log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until the process has written a line `ready` to its output.
    pub(crate) async fn says_ready(&mut self, limit: Duration) -> Result<(), ProcessError> {
        let log = self.log.clone();
        let ready = move || {
            std::fs::read_to_string(&log).is_ok_and(|text| text.lines().any(|line| line == "ready"))
        };
        self.ready(limit, ready).await
    }

    /// Ends it without asking (SIGKILL), and waits until it is gone.
    pub(crate) async fn kill(mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Asks it to end (SIGTERM) and waits; kills it when it does not.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let Some(pid) = pid else { return Ok(()) };
        kill_process(pid, Signal::TERM).map_err(io::Error::from)?;
        match tokio::time::timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(status) => status.map(|_| ()),
            Err(_) => self.child.kill().await,
        }
    }
}
