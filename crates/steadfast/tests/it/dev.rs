//! The development server as a process: it serves, survives, and leaves nothing behind.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::process::{Running, steadfast, text};

/// A running `steadfast dev`; killed when dropped.
struct Dev {
    process: Running,
    file: Value,
}

fn dev(folder: &Path, more: &[&str]) -> Command {
    let mut command = steadfast();
    command.args([
        "--json",
        "dev",
        "--nats-port",
        "0",
        "--http-port",
        "0",
        "--port",
        "0",
        "--log-level",
        "warn",
    ]);
    command.arg("--data-dir").arg(folder).args(more);
    command
}

impl Dev {
    /// Starts one and reads what it says when it is ready.
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Path, more: &[&str]) -> Self {
        let mut process = dev(folder, more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let file = serde_json::from_str(&line).expect("the server says that it is ready");
        Self { process: Running(process), file }
    }

    fn url(&self) -> &str {
        self.file["nats_url"].as_str().unwrap()
    }

    fn stop(self, signal: Signal) -> Option<i32> {
        self.process.end(signal)
    }

    fn nats_pid(&self) -> u64 {
        self.file["nats_pid"].as_u64().unwrap()
    }

    /// A command against this server.
    fn run(&self, args: &[&str]) -> Output {
        steadfast().args(args).args(["--nats-url", self.url()]).output().unwrap()
    }

    /// A command that succeeds, and the JSON lines that it prints.
    #[track_caller]
    fn lines(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], args].concat());
        assert!(output.status.success(), "{args:?}\n{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A command that succeeds with one JSON value.
    #[track_caller]
    fn value(&self, args: &[&str]) -> Value {
        self.lines(args).pop().expect("a JSON value")
    }
}

fn is_alive(pid: u64) -> bool {
    // A zombie has ended; its parent has not looked yet.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

const START: [&str; 6] = ["workflow", "start", "--type", "Order", "--task-queue", "orders"];

/// A workflow id with everything that NATS subjects cannot have.
const ODD_ID: &str = "order 1.*>é";

#[test]
fn it_starts_lists_and_describes() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let args = ["-w", ODD_ID, "--input", "{\"amount\": 3}", "--memo", "by=\"me\""];
    let started = dev.value(&[&START[..], &args].concat());
    assert_eq!(started["started"], true);
    let listed = dev.value(&["workflow", "list"]);
    assert_eq!(listed[0]["workflow_id"], ODD_ID);
    assert_eq!(listed[0]["status"], "Running");
    let described = dev.value(&["workflow", "describe", "-w", ODD_ID]);
    assert_eq!(described["run_id"], started["run_id"]);
    assert_eq!(described["memo"]["by"], "me");
    assert_eq!(described["pending_workflow_task"], true);
}

#[test]
fn runs_are_found_by_filter_also_after_the_file_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let attribute = ["--search-attribute", "Amount=Int"];
    let dev = Dev::start_with(folder.path(), &attribute);
    for amount in ["3", "7", "20"] {
        let id = format!("order-{amount}");
        let value = format!("Amount={amount}");
        let args = ["-w", &id, "--search-attribute", &value];
        assert!(dev.run(&[&START[..], &args].concat()).status.success());
    }
    let unknown = ["-w", "other", "--search-attribute", "Colour=\"red\""];
    let refused = dev.run(&[&START[..], &unknown].concat());
    assert!(text(&refused.stderr).contains("no mapping defined for search attribute Colour"));
    assert!(dev.run(&["workflow", "terminate", "-w", "order-3"]).status.success());

    let query = "Amount > 5 AND WorkflowId STARTS_WITH 'order' ORDER BY Amount DESC";
    let found = |dev: &Dev| -> Vec<Value> {
        let listed = dev.value(&["workflow", "list", "--query", query]);
        listed.as_array().unwrap().iter().map(|run| run["workflow_id"].clone()).collect()
    };
    assert_eq!(found(&dev), ["order-20", "order-7"]);
    let groups = dev.value(&["workflow", "list", "--count", "-q", "GROUP BY ExecutionStatus"]);
    assert_eq!(groups["count"], 3);
    let running = serde_json::json!({ "value": "Running", "count": 2 });
    assert_eq!(groups["groups"][0], running);
    let wrong = dev.run(&["workflow", "list", "--query", "Nothing = 1"]);
    assert!(text(&wrong.stderr).contains("not a valid search attribute"));
    assert_eq!(dev.stop(Signal::TERM), Some(0));

    std::fs::remove_file(folder.path().join("visibility.sqlite")).unwrap();
    let dev = Dev::start(folder.path());
    assert_eq!(found(&dev), ["order-20", "order-7"]);
}

#[test]
fn history_and_feed_tell_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let args = ["-w", ODD_ID, "--input", "{\"amount\": 3}"];
    assert!(dev.run(&[&START[..], &args].concat()).status.success());
    let signal = ["workflow", "signal", "-w", ODD_ID, "--name", "pay", "--input", "7"];
    assert!(dev.run(&signal).status.success());
    let types = |lines: &[Value]| -> Vec<String> {
        lines.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let expected =
        ["WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowExecutionSignaled"];
    let history = dev.lines(&["workflow", "history", "-w", ODD_ID]);
    assert_eq!(types(&history), expected);
    let feed = ["events", "--from", "beginning", "--type", "Order", "--limit", "3"];
    let events = dev.lines(&feed);
    assert_eq!(types(&events), expected);
    assert_eq!(events[0]["workflow_id"], ODD_ID);
    assert_eq!(events[0]["attributes"]["input"][0]["amount"], 3);
    assert_eq!(events[2]["attributes"], history[2]["attributes"]);
    let ended = dev.lines(&["events", "--from", "1h", "--no-follow", "--type", "Nothing"]);
    assert!(ended.is_empty());
}

#[test]
fn a_workflow_that_did_not_complete_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    assert!(dev.run(&[&START[..], &["-w", "one"]].concat()).status.success());
    let waited = dev.run(&["workflow", "result", "-w", "one", "--wait", "200ms"]);
    assert_eq!(waited.status.code(), Some(1));
    assert!(text(&waited.stderr).contains("has not ended within 200ms"));
    assert!(dev.run(&["workflow", "cancel", "-w", "one"]).status.success());
    let end = ["workflow", "terminate", "-w", "one", "--reason", "enough"];
    assert!(dev.run(&end).status.success());
    let result = dev.run(&["workflow", "result", "-w", "one"]);
    assert_eq!(result.status.code(), Some(1));
    assert!(text(&result.stderr).contains("ended Terminated: enough"), "{}", text(&result.stderr));
    let result = dev.run(&["--json", "workflow", "result", "-w", "one"]);
    assert_eq!(result.status.code(), Some(1));
    let result: Value = serde_json::from_slice(&result.stdout).unwrap();
    assert_eq!(result["status"], "Terminated");
}

#[test]
fn refusals_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let refused = |args: &[&str], said: &[&str]| {
        let output = dev.run(args);
        let said_now = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said_now}");
        for part in said {
            assert!(said_now.contains(part), "{args:?} should say {part:?}: {said_now}");
        }
    };
    refused(&["workflow", "describe", "-w", "nobody"], &["not_found", "workflow list"]);
    let start = [&START[..], &["-w", "one"]].concat();
    assert!(dev.run(&start).status.success());
    refused(&start, &["already_started", "--id-conflict-policy"]);
    let again = [&start[..], &["--id-conflict-policy", "use-existing"]].concat();
    assert_eq!(dev.value(&again)["started"], false);
    refused(
        &["workflow", "query", "-w", "one", "--name", "state", "--timeout", "1s"],
        &["deadline_exceeded", "is a worker polling"],
    );
}

#[test]
fn namespaces_are_registered_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let made = dev.value(&["namespace", "register", "shop", "--retention", "1d"]);
    assert_eq!(made["retention_secs"], 86_400);
    let listed = dev.value(&["namespace", "list"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["default", "shop"]);
    assert!(dev.run(&[&START[..], &["-n", "shop"]].concat()).status.success());
    assert_eq!(dev.run(&["namespace", "register", "shop"]).status.code(), Some(1));
    assert_eq!(dev.run(&["namespace", "describe", "nobody"]).status.code(), Some(1));
}

#[test]
fn the_doctor_finds_it_sound() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let monitor = dev.file["nats_monitor_url"].as_str().unwrap();
    let report = dev.value(&["doctor", "--monitor-url", monitor]);
    assert_eq!(report["ok"], true, "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let level = |check: &str| {
        let finding = findings.iter().find(|finding| finding["check"] == check);
        finding.unwrap_or_else(|| panic!("no finding {check} in {report:#}"))["level"].clone()
    };
    for check in ["reachable", "version", "max_payload", "jetstream", "durability", "engine"] {
        assert_eq!(level(check), "ok", "{report:#}");
    }
    assert_eq!(level("SF_HISTORY_0"), "ok");
    assert_eq!(level("SF_EVENTS"), "ok");
}

#[test]
fn it_takes_its_child_along() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start(folder.path());
        let nats = dev.nats_pid();
        assert!(is_alive(nats));
        assert!(folder.path().join("dev.json").exists());
        assert_eq!(dev.stop(signal), Some(0));
        assert!(!is_alive(nats));
        assert!(!folder.path().join("dev.json").exists());
    }
}

#[test]
fn a_second_one_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Dev::start(folder.path());
    let second = dev(folder.path(), &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
    assert!(said.contains(&format!("in use by pid {}", first.process.0.id())), "{said}");
    assert!(dev_answers(&first));
}

fn dev_answers(dev: &Dev) -> bool {
    dev.run(&["workflow", "list"]).status.success()
}

#[test]
fn it_resumes_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let first = Dev::start(folder.path());
    let run_id = first.value(&[&START[..], &["-w", "survivor"]].concat())["run_id"].clone();
    first.stop(Signal::KILL);
    let second = Dev::start(folder.path());
    let described = second.value(&["workflow", "describe", "-w", "survivor"]);
    assert_eq!(described["run_id"], run_id);
    assert_eq!(described["status"], "Running");
    let signal = ["workflow", "signal", "-w", "survivor", "--name", "hello"];
    assert!(second.run(&signal).status.success());
    let nats = second.nats_pid();
    second.stop(Signal::TERM);
    assert!(!is_alive(nats));
}

#[test]
fn a_door_that_cannot_open_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = dev(folder.path(), &["--set", "native.requests_max=0"]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("native.requests_max must be at least 1"), "{said}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn ctrl_c_reaches_only_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = dev(folder.path(), &[]);
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let group = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "stopping\n");
}

#[test]
fn closed_runs_go_when_their_retention_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let retention = ["--set", "retention.closed_runs=1s", "--set", "retention.sweep_every=100ms"];
    let dev = Dev::start_with(folder.path(), &retention);
    for id in ["kept", "gone"] {
        assert!(dev.run(&[&START[..], &["-w", id]].concat()).status.success());
    }
    assert!(dev.run(&["workflow", "terminate", "-w", "gone"]).status.success());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let ids = || -> Vec<Value> {
        let listed = dev.value(&["workflow", "list"]);
        let runs = listed.as_array().unwrap();
        runs.iter().map(|run| run["workflow_id"].clone()).collect()
    };
    while ids() != ["kept"] {
        let now = std::time::Instant::now();
        assert!(now < deadline, "not removed: {:?}", ids());
    }
}

#[test]
fn what_is_not_built_yet_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut started = dev(folder.path(), &["--ui-port", "8233"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(started.stderr.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().contains("--ui-port 8233 is not served"));
    // The rest of what it says goes nowhere, and that is no reason to die.
    drop(said);
    let mut line = String::new();
    BufReader::new(started.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let file = serde_json::from_str(&line).unwrap();
    let dev = Dev { process: Running(started), file };
    assert_eq!(dev.stop(Signal::TERM), Some(0));
}
