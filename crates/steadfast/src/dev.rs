//! The development server's life: data folder, nats-server child, engine, banner, clean end.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use steadfast_core::AttributeType;
use steadfast_nats::{State, Supervisor, SyncInterval};

use crate::{
    cli::{output::Out, problem::Problem, progress::spin},
    compose::{self, Composed},
    config::{Config, sections::Sync},
    dev_file::{DevFile, Folder},
};

/// Where callbacks may go from a development server that only this machine reaches.
const OWN_ADDRESSES: [&str; 4] =
    ["http://localhost", "http://localhost:*", "http://127.0.0.1", "http://127.0.0.1:*"];

/// What a development server is told beside its configuration.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The address that everything listens on.
    pub ip: IpAddr,
    /// The port of the nats-server that is started; 0 is a free one.
    pub nats_port: u16,
    /// Use this NATS instead, and start none.
    pub nats_url: Option<String>,
    /// Where everything is kept; nothing means a temporary folder.
    pub data_dir: Option<PathBuf>,
    /// Search attributes of the namespaces.
    pub search_attributes: Vec<SearchAttribute>,
}

/// A search attribute and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchAttribute {
    /// Its name.
    pub key: String,
    /// Its type.
    pub kind: AttributeType,
}

/// Runs a development server until it is told to stop.
pub async fn run(mut config: Config, setup: Setup, out: Out) -> Result<(), Problem> {
    let stop = compose::stop_signal()?;
    let (folder, temporary) = open_folder(setup.data_dir.as_deref())?;
    if config.visibility.path.is_empty() {
        config.visibility.path = folder.path().join(compose::VISIBILITY_FILE).display().to_string();
    }
    let callbacks = &mut config.callbacks.allowed_addresses;
    if callbacks.is_empty() && setup.ip.is_loopback() {
        // What runs beside a development server may be told; nobody else asks it to.
        callbacks.extend(OWN_ADDRESSES.map(ToOwned::to_owned));
    }
    let telemetry = compose::telemetry(&config).await?;
    tokio::pin!(stop);
    let starting = spin("starting", start(&config, &setup, &folder, &telemetry));
    let mut running = tokio::select! {
        running = starting => running?,
        () = &mut stop => return Ok(()),
    };
    folder.announce(&running.file)?;
    if out.is_json() {
        out.value(&serde_json::to_value(&running.file).unwrap_or_default())?;
    } else {
        out.line(banner(&running.file, folder.path(), temporary.is_some()))?;
    }
    let ended = tokio::select! {
        () = stop => Ok(()),
        problem = running.composed.failed() => Err(problem),
        () = watch(running.nats.as_ref(), out) => Ok(()),
    };
    out.remark("stopping");
    folder.retract();
    running.composed.stop(config.server.shutdown_within.0).await;
    if let Some(nats) = running.nats {
        nats.stop().await;
    }
    telemetry.shutdown().await;
    ended
}

struct Running {
    composed: Composed,
    nats: Option<Supervisor>,
    file: DevFile,
}

fn open_folder(wanted: Option<&Path>) -> Result<(Folder, Option<tempfile::TempDir>), Problem> {
    if let Some(path) = wanted {
        return Ok((Folder::open(path)?, None));
    }
    let temporary = tempfile::Builder::new()
        .prefix("steadfast-dev-")
        .tempdir()
        .map_err(|error| Problem::failed("cannot make a temporary folder").because(&error))?;
    Ok((Folder::open(temporary.path())?, Some(temporary)))
}

async fn start(
    config: &Config,
    setup: &Setup,
    folder: &Folder,
    telemetry: &compose::Telemetry,
) -> Result<Running, Problem> {
    let nats = match setup.nats_url {
        Some(_) => None,
        None => Some(start_nats(config, setup, folder).await?),
    };
    let url = match (&nats, &setup.nats_url) {
        (Some(nats), _) => nats.client_url().to_owned(),
        (None, url) => url.clone().unwrap_or_default(),
    };
    let client = crate::nats::connect_server(config, &url, telemetry.readiness()).await?;
    let sync = match (&nats, config.durability.sync) {
        (Some(_), Sync::Always) => compose::Sync::Always,
        (Some(_), Sync::Lazy) => compose::Sync::Lazy,
        (None, _) => compose::Sync::Foreign,
    };
    let composed = Composed::start(config, client, sync, telemetry.readiness()).await?;
    composed.register(&setup.search_attributes).await?;
    let durability = composed.durability().to_string();
    let file = DevFile {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        nats_url: url,
        nats_pid: nats.as_ref().and_then(Supervisor::pid),
        nats_port: nats.as_ref().map(Supervisor::port),
        nats_monitor_url: nats.as_ref().and_then(Supervisor::monitor_url).map(ToOwned::to_owned),
        grpc_addr: composed.grpc_addr().map(|address| address.to_string()),
        http_addr: telemetry.http_addr().map(|address| address.to_string()),
        namespaces: config.server.namespaces.clone(),
        durability,
    };
    Ok(Running { composed, nats, file })
}

async fn start_nats(
    config: &Config,
    setup: &Setup,
    folder: &Folder,
) -> Result<Supervisor, Problem> {
    let sync = match config.durability.sync {
        Sync::Always => SyncInterval::Always,
        Sync::Lazy => SyncInterval::Lazy,
    };
    let wanted = steadfast_nats::Config {
        data_dir: Some(folder.path().join("nats")),
        host: setup.ip,
        port: setup.nats_port,
        monitor_port: Some(0),
        sync,
        ..steadfast_nats::Config::default()
    };
    let server = steadfast_nats::Server::start(wanted).await.map_err(|error| {
        let problem = Problem::failed("cannot start nats-server").because(&error);
        match setup.nats_port {
            0 => problem,
            port => problem.advice(format!(
                "if port {port} is taken, choose another with --nats-port (0 is a free one), or use \
                 the NATS that is there with --nats-url"
            )),
        }
    })?;
    Ok(server.supervise())
}

fn banner(file: &DevFile, folder: &Path, temporary: bool) -> String {
    let nats = &file.nats_url;
    let kept = if temporary { "nothing is kept" } else { "kept; a second start resumes" };
    let http = match &file.http_addr {
        Some(address) => format!("http://{address}/metrics, /healthz, /readyz"),
        None => "off".to_owned(),
    };
    let grpc = file.grpc_addr.as_deref().unwrap_or("off");
    format!(
        "steadfast {} is ready (pid {})\n\
         \u{20} Temporal    {grpc} (gRPC: Temporal's SDKs, CLI and Web UI)\n\
         \u{20} NATS        {nats}\n\
         \u{20} metrics     {http}\n\
         \u{20} data        {} ({kept})\n\
         \u{20} durability  {}\n\
         \u{20} namespaces  {}\n\
         \n\
         Start one:     steadfast workflow start --type Hello --task-queue hello --input '\"world\"' \
         --nats-url {nats}\n\
         Watch:         steadfast events --nats-url {nats}\n\
         Look at NATS:  steadfast doctor --nats-url {nats}\n\
         Stop:          Ctrl-C",
        file.version,
        file.pid,
        folder.display(),
        file.durability,
        file.namespaces.join(", "),
    )
}

/// Says on stderr when the nats-server child goes and comes; never returns.
async fn watch(nats: Option<&Supervisor>, out: Out) {
    let Some(mut state) = nats.map(Supervisor::state) else {
        return std::future::pending().await;
    };
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        match now {
            State::Running { pid } => out.remark(format!("nats-server is back, pid {pid}")),
            State::Restarting { attempt, reason } => {
                out.remark(format!("nats-server is gone ({reason}), start {attempt}"));
            }
            State::Stopped => break,
        }
    }
    std::future::pending().await
}
