//! What can be seen through the client's connection: version, limits, our streams, an engine.

use async_nats::{
    Client, Request,
    jetstream::{
        self,
        account::Account,
        stream::{Config, StorageType},
    },
};
use futures::TryStreamExt as _;

use super::{Finding, Level};

/// Atomic batches and the rest of what the log needs came with this version.
const VERSION_MIN: (u64, u64) = (2, 12);
/// Below this, even ordinary payloads go to the object store.
const PAYLOAD_BYTES_USEFUL: usize = 1 << 20;
/// Less storage than this is soon full.
const STORAGE_BYTES_USEFUL: i64 = 1 << 30;
/// Every stream of ours begins so.
const STREAM_PREFIXES: [&str; 3] = ["SF_", "KV_SF_", "OBJ_SF_"];

pub(super) fn server(client: &Client) -> Vec<Finding> {
    let info = client.server_info();
    let (major, minor) = VERSION_MIN;
    let version = Finding::ok("version", &info.version);
    let version = if version_of(&info.version) < Some(VERSION_MIN) {
        let advice = format!("nats-server {major}.{minor} or newer is needed: upgrade the server");
        version.at(Level::Failure, advice)
    } else {
        version
    };
    let payload = Finding::ok("max_payload", bytes(info.max_payload as u64));
    let payload = if info.max_payload < PAYLOAD_BYTES_USEFUL {
        payload.at(
            Level::Warning,
            "most payloads will go through the object store, which is slower: \
             set `max_payload: 8MB` in nats-server's configuration",
        )
    } else {
        payload
    };
    let headers = if info.headers {
        Finding::ok("headers", "on")
    } else {
        Finding::ok("headers", "off").at(Level::Failure, "remove `no_header_support`")
    };
    vec![version, payload, headers]
}

fn version_of(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub(super) async fn account(client: &Client, findings: &mut Vec<Finding>) -> Option<Account> {
    match jetstream::new(client.clone()).query_account().await {
        Ok(account) => {
            let (streams, consumers) = (account.streams, account.consumers);
            let found = format!("on, {streams} streams, {consumers} consumers");
            findings.push(Finding::ok("jetstream", found));
            Some(account)
        }
        Err(error) => {
            let advice = "JetStream is off for this account: add `jetstream { store_dir: ... }` to \
                          nats-server's configuration, and `jetstream: enabled` to the account";
            findings.push(Finding::ok("jetstream", error.to_string()).at(Level::Failure, advice));
            None
        }
    }
}

pub(super) fn limits(account: &Account) -> Vec<Finding> {
    let room = |name: &str, used: u64, max: Option<i64>, useful: i64| match max {
        None => Finding::ok(name, format!("{} used, no limit", bytes(used))),
        Some(max) => {
            let all = u64::try_from(max).unwrap_or(0);
            let found = format!("{} used of {}", bytes(used), bytes(all));
            let finding = Finding::ok(name, found);
            if max < useful {
                let advice = format!("give the account more {name}: at least {}", bytes_i(useful));
                finding.at(Level::Warning, advice)
            } else if used > all / 10 * 9 {
                finding.at(Level::Warning, "nearly full: appends will be refused when it is")
            } else {
                finding
            }
        }
    };
    let streams = match account.limits.max_streams {
        Some(max) if max < 16 => Finding::ok("max_streams", max.to_string())
            .at(Level::Warning, "two streams per partition and a few more are needed: allow 16"),
        Some(max) => Finding::ok("max_streams", max.to_string()),
        None => Finding::ok("max_streams", "no limit"),
    };
    vec![
        room("file storage", account.storage, account.limits.max_storage, STORAGE_BYTES_USEFUL),
        room("memory storage", account.memory, account.limits.max_memory, 0),
        streams,
    ]
}

/// Our streams, each with what is wrong in its configuration.
pub(super) async fn streams(client: &Client) -> Vec<Finding> {
    let context = jetstream::new(client.clone());
    let listed: Result<Vec<_>, _> = context.streams().try_collect().await;
    let mut infos = match listed {
        Ok(infos) => infos,
        Err(error) => {
            let advice = "the account must be allowed $JS.API.STREAM.LIST";
            return vec![Finding::ok("streams", error.to_string()).at(Level::Failure, advice)];
        }
    };
    infos.retain(|info| STREAM_PREFIXES.iter().any(|prefix| info.config.name.starts_with(prefix)));
    infos.sort_by(|a, b| a.config.name.cmp(&b.config.name));
    if infos.is_empty() {
        return vec![
            Finding::ok("streams", "none of ours yet")
                .at(Level::Note, "the first start of Steadfast makes them"),
        ];
    }
    let finding = |info: &jetstream::stream::Info| {
        let (config, state) = (&info.config, &info.state);
        let found = format!(
            "{} messages, {}, R{}",
            state.messages,
            bytes(state.bytes),
            config.num_replicas
        );
        let finding = Finding::ok(config.name.clone(), found);
        match wrong_with(config) {
            Some(advice) => finding.at(Level::Failure, advice),
            None => finding,
        }
    };
    infos.iter().map(finding).collect()
}

fn wrong_with(config: &Config) -> Option<String> {
    let history = config.name.starts_with("SF_HISTORY_");
    if history && config.storage != StorageType::File {
        return Some("histories must lie in files: this stream is in memory".to_owned());
    }
    if history && !config.allow_direct {
        return Some("direct get is off: runs cannot be read; set allow_direct".to_owned());
    }
    if history && (config.max_age.as_nanos() > 0 || config.max_messages > 0 || config.max_bytes > 0)
    {
        return Some(
            "a history stream must not drop messages: remove max_age and the like".to_owned(),
        );
    }
    if history && config.no_ack {
        return Some("no_ack is on: nothing would ever be known to be durable".to_owned());
    }
    None
}

/// Whether a Steadfast answers on this NATS.
pub(super) async fn engine(client: &Client) -> Finding {
    let ping = Request::new().timeout(Some(std::time::Duration::from_secs(2)));
    match client.send_request("$SRV.PING.steadfast", ping).await {
        Ok(_) => Finding::ok("engine", "answers"),
        Err(_) => Finding::ok("engine", "no Steadfast answers on this NATS")
            .at(Level::Note, "start one: `steadfast server --config FILE`, or `steadfast dev`"),
    }
}

fn bytes_i(value: i64) -> String {
    bytes(u64::try_from(value).unwrap_or(0))
}

/// A size for people: one unit, rounded.
fn bytes(value: u64) -> String {
    let (unit, name) = match value {
        0..1_024 => return format!("{value} B"),
        1_024..1_048_576 => (1_024.0, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576.0, "MiB"),
        _ => (1_073_741_824.0, "GiB"),
    };
    format!("{:.1} {name}", value as f64 / unit)
}
