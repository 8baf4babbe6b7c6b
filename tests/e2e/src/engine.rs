//! `steadfast dev` in a process of its own, with everything in a temporary folder.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::Signal;
use steadfast::dev_file::DevFile;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    native::Native,
    process::{Process, program, signal},
    wait,
};

/// How long a start may take, also with much to recover.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Everything of one test: a folder for data and logs, gone with it unless the test fails.
#[derive(Debug)]
pub struct Home(Option<TempDir>);

impl Home {
    /// A new folder.
    pub fn new() -> Result<Self> {
        Ok(Self(Some(tempfile::Builder::new().prefix("steadfast-e2e-").tempdir()?)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new("."), TempDir::path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let keep = std::thread::panicking() || std::env::var_os("SF_E2E_KEEP").is_some();
        if let Some(folder) = self.0.take().filter(|_| keep) {
            let path = folder.keep();
            // The test's output is where its reader looks for the logs.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("logs and data are in {}\n", path.display()).as_bytes(),
            );
        }
    }
}

/// How an engine is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A NATS that is there already.
    pub nats_url: Option<String>,
    /// The port of its own NATS; 0 is a free one.
    pub nats_port: u16,
    /// Namespaces beside `default`.
    pub namespaces: Vec<String>,
    /// Where its traces go.
    pub otlp_endpoint: Option<String>,
    /// The port for Temporal's gRPC API; 0 is a free one.
    pub grpc_port: u16,
    /// Configuration keys, as `key=value`.
    pub settings: Vec<String>,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    process: Process,
    folder: PathBuf,
    options: Options,
    /// What it tells of itself.
    pub file: DevFile,
}

impl Engine {
    /// Starts one and waits until it is ready.
    pub async fn start(home: &Home, options: Options) -> Result<Self> {
        Self::start_in(home.path().to_owned(), options).await
    }

    async fn start_in(folder: PathBuf, mut options: Options) -> Result<Self> {
        let data = folder.join("data");
        let mut command = Command::new(program("steadfast-under-test")?);
        command.arg("dev").arg("--data-dir").arg(&data).args(["--http-port", "0"]);
        command.args(["--port", &options.grpc_port.to_string()]);
        match &options.nats_url {
            Some(url) => command.args(["--nats-url", url]),
            None => command.args(["--nats-port", &options.nats_port.to_string()]),
        };
        if let Some(endpoint) = &options.otlp_endpoint {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        }
        for namespace in &options.namespaces {
            command.args(["--namespace", namespace]);
        }
        for setting in &options.settings {
            command.args(["--set", setting]);
        }
        let mut process = Process::start("engine", &mut command, &folder)?;
        let pid = process.pid();
        // A killed engine leaves its file behind: only the new one's counts.
        let announced = || DevFile::read(&data).filter(|file| Some(file.pid) == pid);
        let file = process.ready(START_LIMIT, announced).await?;
        options.nats_port = file.nats_port.unwrap_or_default();
        options.grpc_port = port_of(file.grpc_addr.as_deref());
        Ok(Self { process, folder, options, file })
    }

    /// Connects to it.
    pub async fn native(&self) -> Result<Native> {
        Native::connect(&self.file.nats_url, "default").await
    }

    /// SIGKILL, then a new one on the same data and ports.
    pub async fn crash(self) -> Result<Self> {
        self.process.kill().await?;
        Self::start_in(self.folder, self.options).await
    }

    /// SIGKILL for its nats-server, and waits until the engine has started another.
    pub async fn crash_nats(&self) -> Result<()> {
        let file = self.folder.join("data/nats/nats.pid");
        let pid = |file: &Path| -> Option<u32> {
            std::fs::read_to_string(file).ok()?.trim().parse().ok()
        };
        let old = pid(&file).context("its nats-server's pid is in nats.pid")?;
        signal(old, Signal::KILL)?;
        let new = || std::future::ready(pid(&file).filter(|new| *new != old));
        wait::until("another nats-server", START_LIMIT, new).await?;
        Ok(())
    }

    /// SIGTERM, and waits for its end.
    pub async fn stop(self) -> Result<ExitStatus> {
        self.process.terminate(STOP_LIMIT).await
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.process.output()
    }
}

fn port_of(address: Option<&str>) -> u16 {
    let port = address.and_then(|address| address.rsplit(':').next()?.parse().ok());
    port.unwrap_or_default()
}
