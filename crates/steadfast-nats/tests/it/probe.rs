//! The few lines of the NATS protocol, and of `/proc`, that these tests need.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Whether a process runs (a zombie does not).
pub(crate) fn alive(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|cmdline| !cmdline.is_empty())
}

pub(crate) fn kill_9(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await; // tidy: poll interval
    }
}

/// An executable shell script. Another process writes it: what this one has open for writing is inherited
/// by whatever another test starts in that moment, and then cannot be run.
pub(crate) fn script(folder: &Path, body: &str) -> PathBuf {
    let (path, text) = (folder.join("nats-server"), folder.join("nats-server.text"));
    fs::write(&text, format!("#!/bin/sh\n{body}\n")).unwrap();
    assert!(Command::new("cp").arg(&text).arg(&path).status().unwrap().success());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

pub(crate) async fn create_stream(port: u16, name: &str) {
    let body = format!(r#"{{"name":"{name}","subjects":["{name}.>"],"storage":"file"}}"#);
    let reply = request(port, &format!("$JS.API.STREAM.CREATE.{name}"), &body).await;
    assert!(reply.contains("\"did_create\":true"), "{reply}");
}

pub(crate) async fn publish(port: u16, subject: &str, body: &str) {
    let reply = request(port, subject, body).await;
    assert!(reply.contains("\"seq\":"), "{reply}");
}

pub(crate) async fn messages_in(port: u16, stream: &str) -> u64 {
    let reply = request(port, &format!("$JS.API.STREAM.INFO.{stream}"), "").await;
    let count = reply.split("\"messages\":").nth(1).unwrap();
    count.split([',', '}']).next().unwrap().parse().unwrap()
}

/// One request over a connection of its own, and the body of its reply.
async fn request(port: u16, subject: &str, body: &str) -> String {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = BufReader::new(stream);
    let length = body.len();
    let lines = format!(
        "CONNECT {{\"verbose\":false}}\r\nSUB reply 1\r\nPUB {subject} reply {length}\r\n{body}\r\n"
    );
    stream.write_all(lines.as_bytes()).await.unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(!line.is_empty(), "the server hung up");
        if line.starts_with("MSG ") {
            let mut reply = String::new();
            stream.read_line(&mut reply).await.unwrap();
            return reply;
        }
    }
}
