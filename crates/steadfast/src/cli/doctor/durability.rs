//! When an acknowledged write is on the disk: asked of the monitoring endpoint or of the system
//! account, because a client's connection does not tell.

use std::time::Duration;

use async_nats::{Client, Request};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Finding, Level};
use crate::dev_file::DevFile;

/// How long either source may take.
const WITHIN: Duration = Duration::from_secs(2);
/// More than any `/jsz` answers.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub(super) async fn check(client: &Client, monitor_url: Option<&str>) -> Option<Finding> {
    let from_dev = DevFile::of_this_folder()
        .filter(|file| file.nats_port == Some(client.server_info().port))
        .and_then(|file| file.nats_monitor_url);
    let monitor = monitor_url.map(ToOwned::to_owned).or(from_dev);
    let config = match monitor {
        Some(url) => match tokio::time::timeout(WITHIN, from_monitor(&url)).await {
            Ok(Some(config)) => Some(config),
            Ok(None) | Err(_) => {
                return Some(
                    Finding::ok("durability", format!("nothing useful at {url}/jsz"))
                        .at(Level::Warning, "give the right --monitor-url"),
                );
            }
        },
        None => from_system_account(client).await,
    };
    Some(judge(client, config.as_ref()))
}

fn judge(client: &Client, config: Option<&Value>) -> Finding {
    let clustered = client.server_info().cluster.is_some();
    let Some(config) = config else {
        return Finding::ok("durability", "unknown").at(
            Level::Note,
            "the server does not tell this account when it syncs to disk: give --monitor-url, and \
             see that its jetstream block says `sync_interval: always` (or that streams are R3)",
        );
    };
    if config.get("sync_always").and_then(Value::as_bool) == Some(true) {
        return Finding::ok("durability", "every write is on the disk before it is acknowledged");
    }
    let nanos = config.get("sync_interval").and_then(Value::as_u64).unwrap_or_default();
    let found = format!("synced to disk every {} s only", nanos / 1_000_000_000);
    let finding = Finding::ok("durability", found);
    if clustered {
        return finding.at(
            Level::Note,
            "in a cluster, streams with three replicas survive the loss of one server: set \
             durability.replicas = 3",
        );
    }
    finding.at(
        Level::Warning,
        "power loss loses writes that were acknowledged: say `sync_interval: always` in the \
         jetstream block of nats-server's configuration",
    )
}

/// `GET /jsz` by hand: one small request is no reason for an HTTP client.
async fn from_monitor(url: &str) -> Option<Value> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await.ok()?;
    let request = format!("GET /jsz?config=true HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.ok()?;
    let text = String::from_utf8(answer).ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    config_in(&serde_json::from_str(body).ok()?)
}

async fn from_system_account(client: &Client) -> Option<Value> {
    let request = Request::new().payload(r#"{"config":true}"#.into()).timeout(Some(WITHIN));
    let answer = client.send_request("$SYS.REQ.SERVER.PING.JSZ", request).await.ok()?;
    let body: Value = serde_json::from_slice(&answer.payload).ok()?;
    config_in(body.get("data")?)
}

fn config_in(jsz: &Value) -> Option<Value> {
    jsz.get("config").cloned()
}
