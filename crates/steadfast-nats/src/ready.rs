//! How we know that a server is ready: it wrote its ports file, and it greets on its port with
//! JetStream on. The greeting comes after recovery, so a ready server has all its streams.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// How often to look for the ports file; the server gives no other sign.
const POLL: Duration = Duration::from_millis(5);
/// The greeting is about 500 bytes; a longer line is not nats-server.
const GREETING_BYTES_MAX: usize = 64 * 1024;

/// Why a started server did not become ready.
#[derive(Debug, thiserror::Error)]
pub enum ReadyError {
    /// Time is up.
    #[error("wait for nats-server to be ready: nothing within {0:?}")]
    TimedOut(Duration),
    /// Something else answers, or nothing.
    #[error("read nats-server's greeting at {address}")]
    Greeting {
        /// Where.
        address: String,
        /// Why it failed.
        source: io::Error,
    },
    /// It runs without JetStream.
    #[error("use the nats-server at {0}: JetStream is off")]
    NoJetStream(String),
}

/// Where a ready server listens, and what it says it is.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    pub(crate) monitor_port: Option<u16>,
    pub(crate) version: String,
}

#[derive(Deserialize)]
struct Ports {
    #[serde(default)]
    nats: Vec<String>,
    #[serde(default)]
    monitoring: Vec<String>,
}

#[derive(Deserialize)]
struct Greeting {
    version: String,
    #[serde(default)]
    jetstream: bool,
}

/// Waits until the server `pid` is ready.
pub(crate) async fn wait(
    ports_dir: &Path,
    pid: u32,
    host: IpAddr,
    limit: Duration,
) -> Result<Endpoint, ReadyError> {
    let deadline = Instant::now() + limit;
    timeout(limit, async {
        let (port, ports) = loop {
            let ports = ports_file(ports_dir, pid).await;
            let found = ports.and_then(|ports| Some((port_of(ports.nats.first()?)?, ports)));
            match found {
                Some(found) => break found,
                None => tokio::time::sleep(POLL).await,
            }
        };
        let address = SocketAddr::new(reachable(host), port);
        let greeting = greet_until(address, deadline).await?;
        if !greeting.jetstream {
            return Err(ReadyError::NoJetStream(address.to_string()));
        }
        Ok(Endpoint {
            port,
            monitor_port: ports.monitoring.first().and_then(|url| port_of(url)),
            version: greeting.version,
        })
    })
    .await
    .unwrap_or(Err(ReadyError::TimedOut(limit)))
}

/// Where to connect to a server that listens on `host`: a wildcard is no address to connect to.
pub(crate) fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => host,
    }
}

/// The ports that the server with this pid wrote; `None` while it has not, or has not finished.
async fn ports_file(dir: &Path, pid: u32) -> Option<Ports> {
    let suffix = format!("_{pid}.ports");
    let mut entries = tokio::fs::read_dir(dir).await.ok()?;
    while let Some(entry) = entries.next_entry().await.ok()? {
        if entry.file_name().to_string_lossy().ends_with(&suffix) {
            let text = tokio::fs::read(entry.path()).await.ok()?;
            return serde_json::from_slice(&text).ok();
        }
    }
    None
}

fn port_of(url: &str) -> Option<u16> {
    url.rsplit(':').next()?.parse().ok()
}

async fn greet_until(address: SocketAddr, deadline: Instant) -> Result<Greeting, ReadyError> {
    loop {
        match greet(address).await {
            Ok(greeting) => return Ok(greeting),
            Err(_) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
            Err(source) => {
                return Err(ReadyError::Greeting { address: address.to_string(), source });
            }
        }
    }
}

async fn greet(address: SocketAddr) -> io::Result<Greeting> {
    let stream = TcpStream::connect(address).await?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream).take(GREETING_BYTES_MAX as u64);
    reader.read_until(b'\n', &mut line).await?;
    let json = line.strip_prefix(b"INFO ").ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    serde_json::from_slice(json).map_err(io::Error::from)
}
