//! A real nats-server, started, killed, restarted and always gone at the end.

#![expect(clippy::unwrap_used, reason = "a test's helpers panic like the test itself")]

mod orphan;
mod probe;

use std::{path::PathBuf, time::Duration};

use probe::{alive, eventually};
use steadfast_nats::{
    Config, EnsureError, FolderError, LocateError, Server, StartError, State, SyncInterval,
};

const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn starts_on_a_free_port_and_stops_without_a_trace() {
    let server = Server::start(Config::default()).await.unwrap();
    let (pid, data_dir) = (server.pid(), server.data_dir().to_owned());
    assert!(server.client_url().starts_with("nats://127.0.0.1:"));
    assert_ne!(server.port(), 0);
    assert!(alive(pid));
    assert!(data_dir.is_dir());
    assert_eq!(server.monitor_url(), None);

    server.stop().await;
    assert!(!alive(pid));
    assert!(!data_dir.exists(), "a temporary folder goes with its server");
}

#[tokio::test]
async fn one_that_listens_everywhere_is_reached_locally() {
    let server =
        Server::start(Config { host: std::net::Ipv4Addr::UNSPECIFIED.into(), ..Config::default() })
            .await
            .unwrap();
    assert!(server.client_url().starts_with("nats://127.0.0.1:"));
    server.stop().await;
}

#[tokio::test]
async fn dropping_it_kills_it() {
    let server = Server::start(Config::default()).await.unwrap();
    let (pid, data_dir) = (server.pid(), server.data_dir().to_owned());
    drop(server);
    assert!(!alive(pid));
    assert!(!data_dir.exists());
}

#[tokio::test]
async fn a_message_survives_kill_9_and_restart_on_the_same_port() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: Some(folder.path().join("a folder with spaces")),
        sync: SyncInterval::Always,
        ..Config::default()
    };
    let mut server = Server::start(config).await.unwrap();
    let (port, first_pid) = (server.port(), server.pid());
    probe::create_stream(port, "KEEP").await;
    probe::publish(port, "KEEP.one", "hello").await;

    server.kill_hard().await;
    assert!(!alive(first_pid));
    server.restart().await.unwrap();

    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), first_pid);
    assert_eq!(probe::messages_in(port, "KEEP").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_supervised_server_comes_back_after_kill_9() {
    let server =
        Server::start(Config { monitor_port: Some(0), ..Config::default() }).await.unwrap();
    assert!(server.monitor_url().unwrap().starts_with("http://127.0.0.1:"));
    let (port, first_pid) = (server.port(), server.pid());
    probe::create_stream(port, "KEEP").await;
    probe::publish(port, "KEEP.one", "hello").await;

    let supervisor = server.supervise();
    let mut state = supervisor.state();
    probe::kill_9(first_pid);
    let back = state.wait_for(|state| matches!(state, State::Running { pid } if *pid != first_pid));
    let back = tokio::time::timeout(DEADLINE, back).await;
    assert!(back.is_ok(), "it did not come back");
    drop(back);

    let pid = supervisor.pid().unwrap();
    assert_eq!(supervisor.port(), port);
    assert_eq!(probe::messages_in(port, "KEEP").await, 1);
    supervisor.stop().await;
    assert_eq!(*state.borrow(), State::Stopped);
    assert!(!alive(pid) && !alive(first_pid));
}

#[tokio::test]
async fn dropping_a_supervisor_kills_its_server() {
    let server = Server::start(Config::default()).await.unwrap();
    let pid = server.pid();
    drop(server.supervise());
    eventually("the server is gone", || !alive(pid)).await;
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_its_owner_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data_dir: Some(folder.path().to_owned()), ..Config::default() };
    let first = Server::start(config.clone()).await.unwrap();
    let error = Server::start(config.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::Folder(FolderError::InUse { .. })));
    assert!(alive(first.pid()));
    first.stop().await;
    Server::start(config).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_shows_the_log() {
    let first = Server::start(Config::default()).await.unwrap();
    let error =
        Server::start(Config { port: first.port(), ..Config::default() }).await.unwrap_err();
    assert!(matches!(error, StartError::Exited { .. }));
    assert!(error.to_string().contains("address already in use"), "{error}");
    first.stop().await;
}

#[tokio::test]
async fn a_binary_that_cannot_run_is_an_error() {
    let error = Server::start(Config {
        binary: Some(PathBuf::from("/nonexistent/nats-server")),
        ..Config::default()
    })
    .await
    .unwrap_err();
    // Under setpriv the exec fails in the child; without it, in the spawn.
    assert!(matches!(error, StartError::Exited { .. } | StartError::Spawn { .. }));
}

#[test]
fn the_environment_can_name_a_binary_that_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let old = probe::script(folder.path(), "echo 'nats-server: v2.10.4'");
    let search = steadfast_nats::Search {
        explicit: Some(old),
        path: std::ffi::OsString::new(),
        cache: folder.path().to_owned(),
    };
    let error = search.ensure().unwrap_err();
    assert!(matches!(
        &error,
        EnsureError::Locate(LocateError::TooOld { found, .. }) if found.to_string() == "2.10.4"
    ));
}
