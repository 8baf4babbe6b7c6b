//! What happens to a server whose parent is killed with SIGKILL.
//!
//! The parent is this very test binary, run again with a variable that tells it to start a server,
//! print its pid and wait to be killed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use steadfast_nats::{Config, Server};

use crate::probe::{alive, eventually};

const DATA_DIR: &str = "STEADFAST_NATS_TEST_PARENT";

/// Not a test of its own: the parent that the tests below kill.
#[tokio::test]
async fn parent_to_be_killed() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else {
        return;
    };
    let server = Server::start(Config { data_dir: Some(data_dir.into()), ..Config::default() })
        .await
        .unwrap();
    println!("\nPID {}", server.pid());
    server.exited().await;
}

/// Starts the parent; returns it and its server's pid.
fn start_parent(data_dir: &Path, path: &str) -> (Child, u32) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "orphan::parent_to_be_killed", "--nocapture"])
        .env(DATA_DIR, data_dir)
        .env("PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pid = lines
        .find_map(|line| line.unwrap().strip_prefix("PID ").map(str::to_owned))
        .expect("the parent prints its server's pid");
    (parent, pid.parse().unwrap())
}

fn kill_parent(mut parent: Child) {
    parent.kill().unwrap();
    parent.wait().unwrap();
}

#[tokio::test]
async fn with_setpriv_the_server_dies_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let (parent, pid) = start_parent(folder.path(), &std::env::var("PATH").unwrap());
    assert!(alive(pid));
    kill_parent(parent);
    eventually("the server dies with its parent", || !alive(pid)).await;
}

#[tokio::test]
async fn without_setpriv_the_next_start_ends_the_orphan() {
    let folder = tempfile::tempdir().unwrap();
    // A PATH with nats-server and without setpriv.
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(steadfast_nats::ensure().unwrap(), bin.join("nats-server")).unwrap();
    let data_dir = folder.path().join("data");

    let (parent, orphan) = start_parent(&data_dir, bin.to_str().unwrap());
    kill_parent(parent);
    assert!(alive(orphan), "nothing kills it without setpriv");

    let server =
        Server::start(Config { data_dir: Some(data_dir), ..Config::default() }).await.unwrap();
    assert!(!alive(orphan));
    assert!(alive(server.pid()));
    server.stop().await;
}
