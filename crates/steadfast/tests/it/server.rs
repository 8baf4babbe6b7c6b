//! `steadfast server` and `doctor` on a nats-server that somebody else started.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Output, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::process::{Running, steadfast, text};

/// NATS's own default: synced to disk every two minutes.
async fn lazy_nats() -> steadfast_nats::Server {
    let config = steadfast_nats::Config { monitor_port: Some(0), ..Default::default() };
    steadfast_nats::Server::start(config).await.unwrap()
}

fn run(args: &[&str], url: &str) -> Output {
    steadfast().args(args).args(["--nats-url", url]).output().unwrap()
}

/// A running server; killed when dropped.
struct Server {
    process: Running,
    said: Vec<String>,
}

impl Server {
    /// Starts one, and reads its log until it is ready.
    fn start(url: &str, more: &[&str]) -> Self {
        let mut process = Running(
            steadfast()
                .args([
                    "server",
                    "--set",
                    "server.http_address=",
                    "--set",
                    "gateway.address=",
                    "--set",
                    "telemetry.log_level=warn",
                ])
                .args(["--set", &format!("nats.url={url}")])
                .args(more)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut said = Vec::new();
        for line in BufReader::new(process.0.stderr.take().unwrap()).lines() {
            said.push(line.unwrap());
            if said.last().is_some_and(|line| line.starts_with("steadfast is ready")) {
                return Self { process, said };
            }
        }
        panic!("the server ended before it was ready: {said:#?}");
    }

    fn stop(self) -> Option<i32> {
        self.process.end(Signal::TERM)
    }
}

#[tokio::test]
async fn it_serves_on_a_foreign_nats_and_warns_of_its_durability() {
    let nats = lazy_nats().await;
    let url = nats.client_url();
    let server = Server::start(&url, &[]);
    let warned = server.said.iter().any(|line| line.contains("sync_interval: always"));
    assert!(warned, "{:#?}", server.said);
    let start = ["workflow", "start", "--type", "T", "-t", "q", "-w", "one"];
    assert!(run(&start, &url).status.success());
    assert_eq!(server.stop(), Some(0));
    let gone = run(&["workflow", "list"], &url);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("no Steadfast answers"), "{}", text(&gone.stderr));
    let again = Server::start(&url, &[]);
    let listed = run(&["--json", "workflow", "list"], &url);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["workflow_id"], "one");
    assert_eq!(again.stop(), Some(0));
}

#[tokio::test]
async fn another_number_of_partitions_is_told_to_be_too_late() {
    let nats = lazy_nats().await;
    let url = nats.client_url();
    assert_eq!(Server::start(&url, &["--set", "server.partitions=2"]).stop(), Some(0));
    let server = Server::start(&url, &["--set", "server.partitions=8"]);
    let told = server.said.iter().any(|line| line.contains("fixed by the first start"));
    assert!(told, "{:#?}", server.said);
}

#[tokio::test]
async fn the_doctor_says_what_a_lazy_server_lacks() {
    let nats = lazy_nats().await;
    let url = nats.client_url();
    let monitor = nats.monitor_url().unwrap();
    let output = run(&["doctor", "--monitor-url", &monitor], &url);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning  durability"), "{said}");
    assert!(said.contains("sync_interval: always"), "{said}");
    assert!(said.contains("note     streams"), "{said}");
    assert!(said.contains("note     engine"), "{said}");
}

/// A nats-server without JetStream, killed when dropped.
struct Plain(#[expect(dead_code, reason = "killed when dropped")] Running, String);

impl Plain {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Running(
            Command::new(steadfast_nats::ensure().unwrap())
                .args(["--addr", "127.0.0.1", "--port", "-1"])
                .current_dir(folder.path())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut url = String::new();
        // The log stays open in the child: it may go on writing when we have read enough.
        let mut log = BufReader::new(process.0.stderr.take().unwrap()).lines();
        for line in log.by_ref().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                url = format!("nats://{address}");
            }
            if line.contains("Server is ready") {
                break;
            }
        }
        Self(process, url)
    }
}

#[test]
fn without_jetstream_both_say_what_to_do() {
    let plain = Plain::start();
    let output = run(&["doctor"], &plain.1);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("FAILURE  jetstream"), "{said}");
    assert!(said.contains("jetstream { store_dir"), "{said}");
    let output = steadfast()
        .args(["server", "--set", "server.http_address=", "--set", "gateway.address=", "--set"])
        .arg(format!("nats.url={}", plain.1))
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot set up JetStream"), "{said}");
    assert!(said.contains("steadfast doctor"), "{said}");
}

#[tokio::test]
async fn ready_while_nats_is_there() {
    let mut nats = lazy_nats().await;
    let folder = tempfile::tempdir().unwrap();
    let mut process = Running(
        steadfast()
            .args([
                "--json",
                "dev",
                "--http-port",
                "0",
                "--port",
                "0",
                "--log-level",
                "error",
                "--data-dir",
            ])
            .arg(folder.path())
            .args(["--nats-url", &nats.client_url()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();

    let file: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(file["nats_pid"], Value::Null);
    let http = file["http_addr"].as_str().unwrap();
    wait_for(http, "/readyz", "200");
    nats.kill_hard().await;
    wait_for(http, "/readyz", "503");
    nats.restart().await.unwrap();
    wait_for(http, "/readyz", "200");
    assert!(get(http, "/metrics").contains("steadfast_"), "metrics are served");
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Asks until the status is the wanted one.
#[track_caller]
fn wait_for(address: &str, path: &str, status: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while std::time::Instant::now() < deadline {
        let answer = get(address, path);
        if answer.lines().next().is_some_and(|line| line.contains(status)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20)); // tidy: poll interval
    }
    panic!("{path} never answered {status}");
}
