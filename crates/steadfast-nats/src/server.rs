//! One server: started, ready, and under our control until it is dropped.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{IpAddr, SocketAddr},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    config::{Config, Settings},
    folder::{Folder, FolderError},
    locate::{EnsureError, ensure},
    process::{Exit, Process},
    ready::{self, Endpoint, ReadyError},
    supervise::Supervisor,
};

/// How long a server may take to end by itself before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// How much of its log a failed start shows.
const LOG_LINES_SHOWN: usize = 5;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no binary to run.
    #[error(transparent)]
    Binary(#[from] EnsureError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file that the server needs cannot be written.
    #[error("write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The operating system would not run it.
    #[error("run {}", binary.display())]
    Spawn {
        /// The binary.
        binary: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("start nats-server: it ended with {exit}; the end of {}:\n{log}", log_file.display())]
    Exited {
        /// How it ended.
        exit: Exit,
        /// The last lines of its log.
        log: String,
        /// Where the rest is.
        log_file: PathBuf,
    },
    /// It runs, but does not become ready; it has been killed.
    #[error(transparent)]
    Ready(#[from] ReadyError),
}

/// A running `nats-server`. Dropping it kills the server, and then removes its temporary folder.
#[derive(Debug)]
pub struct Server {
    // Declared before the folder: the process must be gone before its folder is released.
    process: Process,
    settings: Settings,
    endpoint: Endpoint,
    _folder: Folder,
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    /// When there is no usable binary, the data folder is another process's, or the server does not
    /// become ready. Nothing is left running then.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // Both may take a while: an installation, or an orphan that takes its time to end.
        let prepare = tokio::task::spawn_blocking(move || {
            let binary = match &config.binary {
                Some(binary) => binary.clone(),
                None => ensure()?,
            };
            let folder = Folder::open(config.data_dir.as_deref())?;
            let settings = Settings::new(config, binary, folder.path());
            Ok::<_, StartError>((settings, folder))
        });
        let (mut settings, folder) = match prepare.await {
            Ok(prepared) => prepared?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let (process, endpoint) = launch(&settings).await?;
        settings.port = endpoint.port;
        settings.monitor_port = endpoint.monitor_port;
        Ok(Self { process, settings, endpoint, _folder: folder })
    }

    /// The URL that clients on this machine connect to.
    #[must_use]
    pub fn client_url(&self) -> String {
        format!("nats://{}", address(self.settings.host, self.endpoint.port))
    }

    /// The URL of the monitoring endpoint, where there is one.
    #[must_use]
    pub fn monitor_url(&self) -> Option<String> {
        let port = self.endpoint.monitor_port?;
        Some(format!("http://{}", address(self.settings.host, port)))
    }

    /// The port that clients connect to; it stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.endpoint.port
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What the server says its version is.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.endpoint.version
    }

    /// Where everything of this server is kept.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.settings.data_dir
    }

    /// Where the server logs.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.settings.log_file
    }

    /// Waits until the server has ended by itself or by a signal.
    pub async fn exited(&self) -> Exit {
        self.process.exited().await
    }

    /// Kills the server as `kill -9` would, and waits until it is gone. [`Server::restart`] starts
    /// it again.
    pub async fn kill_hard(&self) {
        self.process.kill();
        self.process.exited().await;
    }

    /// Ends the server if it still runs, and starts it again on the same port and data folder.
    ///
    /// # Errors
    /// As [`Server::start`]; this server is then ended, and may be restarted again.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        self.end().await;
        (self.process, self.endpoint) = launch(&self.settings).await?;
        Ok(())
    }

    /// Asks the server to end, kills it if it does not, and waits until it is gone.
    pub async fn stop(self) {
        self.end().await;
    }

    /// Hands the server to a task that restarts it whenever it ends.
    #[must_use]
    pub fn supervise(self) -> Supervisor {
        Supervisor::spawn(self)
    }

    pub(crate) async fn end(&self) {
        self.process.terminate();
        let ended = tokio::time::timeout(STOP_GRACE, self.process.exited()).await;
        if ended.is_err() {
            tracing::warn!(pid = self.pid(), "nats-server does not end, killing it");
            self.kill_hard().await;
        }
    }
}

async fn launch(settings: &Settings) -> Result<(Process, Endpoint), StartError> {
    let log = prepare_files(settings)?;
    let process = Process::spawn(command(settings, log))
        .map_err(|source| StartError::Spawn { binary: settings.binary.clone(), source })?;
    let ports_dir = settings.ports_dir();
    let limit = settings.ready_within;
    let endpoint = tokio::select! {
        ready = ready::wait(&ports_dir, process.pid(), settings.host, limit) => ready?,
        exit = process.exited() => {
            return Err(StartError::Exited {
                exit,
                log: log_tail(&settings.log_file),
                log_file: settings.log_file.clone(),
            });
        }
    };
    tracing::info!(
        pid = process.pid(),
        port = endpoint.port,
        version = endpoint.version,
        sync = ?settings.sync,
        data_dir = %settings.data_dir.display(),
        "nats-server is ready"
    );
    Ok((process, endpoint))
}

/// Writes the configuration, removes the last run's ports files, and opens the log.
fn prepare_files(settings: &Settings) -> Result<File, StartError> {
    let write = |path: &Path, result: io::Result<()>| {
        result.map_err(|source| StartError::Write { path: path.to_owned(), source })
    };
    let conf = settings.conf_file();
    write(&conf, fs::write(&conf, settings.render()))?;
    let ports = settings.ports_dir();
    if ports.exists() {
        write(&ports, fs::remove_dir_all(&ports))?;
    }
    write(&ports, fs::create_dir_all(&ports))?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&settings.log_file)
        .map_err(|source| StartError::Write { path: settings.log_file.clone(), source })
}

/// What the server prints before it opens its own log (a configuration error) goes to the same file.
fn command(settings: &Settings, log: File) -> Command {
    let mut command = match setpriv() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]);
            command.arg(&settings.binary);
            command
        }
        None => Command::new(&settings.binary),
    };
    command.arg("--config").arg(settings.conf_file());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::from(log));
    // Ctrl-C in a terminal goes to the whole group: the child must not end before its owner says so.
    command.process_group(0);
    command
}

/// util-linux's `setpriv`, which ties a child's life to its parent's, where it is on PATH.
pub fn setpriv() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("setpriv"))
        .find(|candidate| candidate.is_file())
}

fn log_tail(log_file: &Path) -> String {
    let text = fs::read_to_string(log_file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}

fn address(host: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ready::reachable(host), port)
}
