//! How we know that a server is ready: it wrote its ports file, and it greets on its port with
//! JetStream on. The greeting comes after recovery, so a ready server has all its streams.

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
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
    host: std::net::IpAddr,
    limit: Duration,
) -> Result<Endpoint, ReadyError> {
    let deadline = Instant::now() + limit;
    timeout(limit, async {
        let ports = loop {
            if let Some(ports) = ports_file(ports_dir, pid).await {
                break ports;
            }
            tokio::time::sleep(POLL).await;
        };
        let port = ports.nats.first().and_then(|url| port_of(url));
        let port = port.ok_or(ReadyError::TimedOut(limit))?;
        // A wildcard address is not one to connect to.
        let host = match (host.is_unspecified(), host.is_ipv4()) {
            (false, _) => host,
            (true, true) => std::net::Ipv4Addr::LOCALHOST.into(),
            (true, false) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        let address = std::net::SocketAddr::new(host, port);
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

async fn greet_until(
    address: std::net::SocketAddr,
    deadline: Instant,
) -> Result<Greeting, ReadyError> {
    loop {
        match greet(address).await {
            Ok(greeting) => return Ok(greeting),
            Err(_) if Instant::now() < deadline => tokio::time::sleep(POLL).await,
            Err(source) => {
                return Err(ReadyError::Greeting {
                    address: address.to_string(),
                    source,
                });
            }
        }
    }
}

async fn greet(address: std::net::SocketAddr) -> io::Result<Greeting> {
    use tokio::io::AsyncReadExt;
    let stream = TcpStream::connect(address).await?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream).take(GREETING_BYTES_MAX as u64);
    reader.read_until(b'\n', &mut line).await?;
    let json = line
        .strip_prefix(b"INFO ")
        .ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    serde_json::from_slice(json).map_err(io::Error::from)
}
