//! Servers that will not do, and what is said about them.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Result, ensure};
use steadfast_jetstream::{Config, JetStreamLog, SetupError};

/// A nats-server with a configuration of the test's own.
struct Foreign {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start(configuration: &str) -> Result<Foreign> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nats.conf");
    let store = folder.path().display().to_string();
    let configuration = configuration.replace("STORE", &store);
    write!(std::fs::File::create(&file)?, "host: 127.0.0.1\nport: {port}\n{configuration}\n")?;
    let child = Command::new(steadfast_nats::ensure()?)
        .arg("--config")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(Foreign { child, url: format!("nats://127.0.0.1:{port}"), _folder: folder })
}

async fn open(server: &Foreign, config: Config) -> Result<JetStreamLog, SetupError> {
    let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
    let client = options.connect(&server.url).await.expect("retries until it is there");
    while client.connection_state() != async_nats::connection::State::Connected {
        tokio::task::yield_now().await;
    }
    let opened = tokio::time::timeout(Duration::from_secs(20), JetStreamLog::open(client, &config));
    opened.await.expect("an answer in bounded time")
}

fn one() -> Config {
    Config { partitions: 1, ..Config::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_jetstream_is_named() -> Result<()> {
    let server = start("")?;
    let error = open(&server, one()).await.err();
    ensure!(matches!(error, Some(SetupError::JetStreamOff(_))), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_jetstream_is_named() -> Result<()> {
    let server = start(
        "jetstream { store_dir: \"STORE\" }\n\
         accounts { A: { users: [ { user: a, password: a } ] } }\nno_auth_user: a",
    )?;
    let error = open(&server, one()).await.err();
    ensure!(matches!(error, Some(SetupError::JetStreamOff(_))), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_limits_are_named() -> Result<()> {
    let server = start(
        "jetstream { store_dir: \"STORE\" }\n\
         accounts { A: { jetstream: { max_streams: 4 }, users: [ { user: a, password: a } ] } }\n\
         no_auth_user: a",
    )?;
    let error = open(&server, one()).await.err();
    ensure!(matches!(error, Some(SetupError::Limits { .. })), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_replicas_than_servers_are_named() -> Result<()> {
    let server = start("jetstream { store_dir: \"STORE\" }")?;
    let error = open(&server, Config { replicas: 3, ..one() }).await.err();
    ensure!(matches!(error, Some(SetupError::Limits { .. })), "{error:?}");
    Ok(())
}
