//! What a server is started with, and the `nats.conf` that says so.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

/// When an acknowledged write is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncInterval {
    /// Before its acknowledgement: nothing acknowledged is lost at power loss.
    Always,
    /// Every two minutes, NATS's own default: a crash of the process loses nothing, power loss may.
    #[default]
    Lazy,
}

impl SyncInterval {
    /// The value of JetStream's `sync_interval`.
    #[must_use]
    pub fn as_nats(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Lazy => "\"2m\"",
        }
    }
}

/// How to start a server. [`Config::default`] is what a test wants: temporary folder, free port.
#[derive(Clone, Debug)]
pub struct Config {
    /// The binary; `None` means [`crate::ensure`], which may install one.
    pub binary: Option<PathBuf>,
    /// Where everything is kept; `None` means a temporary folder that goes with the server.
    pub data_dir: Option<PathBuf>,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 means a free one, which is then kept over restarts.
    pub port: u16,
    /// The port of the monitoring endpoint, 0 for a free one; `None` means there is no endpoint.
    pub monitor_port: Option<u16>,
    /// When an acknowledged write is on the disk.
    pub sync: SyncInterval,
    /// The largest message the server takes.
    pub max_payload_bytes: u32,
    /// Where the server logs; `None` means `nats-server.log` in the data folder.
    pub log_file: Option<PathBuf>,
    /// How long it may take until it is ready, recovery of its streams included.
    pub ready_within: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            binary: None,
            data_dir: None,
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            monitor_port: None,
            sync: SyncInterval::default(),
            max_payload_bytes: 32 * 1024 * 1024,
            log_file: None,
            ready_within: Duration::from_secs(60),
        }
    }
}

/// A [`Config`] with nothing left open, for one data folder.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) monitor_port: Option<u16>,
    pub(crate) sync: SyncInterval,
    pub(crate) max_payload_bytes: u32,
    pub(crate) log_file: PathBuf,
    pub(crate) ready_within: Duration,
}

impl Settings {
    pub(crate) fn new(config: Config, binary: PathBuf, data_dir: &Path) -> Self {
        Self {
            binary,
            data_dir: data_dir.to_owned(),
            host: config.host,
            port: config.port,
            monitor_port: config.monitor_port,
            sync: config.sync,
            max_payload_bytes: config.max_payload_bytes,
            log_file: config.log_file.unwrap_or_else(|| data_dir.join("nats-server.log")),
            ready_within: config.ready_within,
        }
    }

    pub(crate) fn conf_file(&self) -> PathBuf {
        self.data_dir.join("nats.conf")
    }

    pub(crate) fn pid_file(&self) -> PathBuf {
        self.data_dir.join("nats.pid")
    }

    pub(crate) fn ports_dir(&self) -> PathBuf {
        self.data_dir.join("ports")
    }

    /// The text of `nats.conf`.
    pub(crate) fn render(&self) -> String {
        let mut conf = String::from("# Written by steadfast at every start; edits are lost.\n");
        let mut line = |text: String| {
            conf.push_str(&text);
            conf.push('\n');
        };
        line(format!("host: \"{}\"", self.host));
        line(format!("port: {}", nats_port(self.port)));
        if let Some(port) = self.monitor_port {
            line(format!("http: \"{}:{}\"", bracketed(self.host), nats_port(port)));
        }
        line("server_name: steadfast".to_owned());
        line(format!("max_payload: {}", self.max_payload_bytes));
        // The server refuses a max_pending below max_payload; twice is room for one while another waits.
        line(format!(
            "max_pending: {}",
            u64::from(self.max_payload_bytes).saturating_mul(2).max(64 * 1024 * 1024)
        ));
        line(format!("pid_file: {}", quoted(&self.pid_file())));
        line(format!("ports_file_dir: {}", quoted(&self.ports_dir())));
        line(format!("log_file: {}", quoted(&self.log_file)));
        line("logfile_size_limit: 32MB".to_owned());
        line("logfile_max_num: 4".to_owned());
        line("jetstream {".to_owned());
        line(format!("  store_dir: {}", quoted(&self.data_dir)));
        line(format!("  sync_interval: {}", self.sync.as_nats()));
        line("}".to_owned());
        conf
    }
}

/// nats-server spells "a free port" as -1.
fn nats_port(port: u16) -> i32 {
    match port {
        0 => -1,
        port => i32::from(port),
    }
}

fn bracketed(host: IpAddr) -> String {
    match host {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// A string as `nats.conf` reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
