//! The command line as programs see it: exit codes, messages, and which stream they go to.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

/// A port that nothing listens on: connecting is refused at once.
const NO_NATS: &str = "nats://127.0.0.1:1";

fn steadfast(folder: &Path) -> Command {
    let mut command = crate::process::steadfast();
    command.current_dir(folder);
    command
}

fn run(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    steadfast(folder.path()).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Fails with this exit code, says all of this on stderr and nothing on stdout.
#[track_caller]
fn fails(args: &[&str], code: i32, said: &[&str]) {
    let output = run(args);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{text}");
    for part in said {
        assert!(text.contains(part), "{args:?} should say {part:?}:\n{text}");
    }
    assert_eq!(stdout(&output), "", "{args:?}");
}

#[test]
fn version_and_help_succeed() {
    let version = run(&["--version"]);
    assert!(version.status.success());
    assert!(stdout(&version).starts_with("steadfast 0."));
    for command in ["dev", "server", "workflow", "namespace", "events", "doctor", "config"] {
        let help = run(&[command, "--help"]);
        assert!(help.status.success(), "{command}");
        assert!(stdout(&help).contains("Usage: steadfast"), "{command}");
    }
}

#[test]
fn wrong_command_lines_are_usage_errors() {
    fails(&["frobnicate"], 2, &["unrecognized subcommand 'frobnicate'"]);
    fails(&["dev", "--ip", "nowhere"], 2, &["--ip"]);
    fails(&["dev", "--log-format", "xml"], 2, &["text", "json"]);
    fails(&["dev", "--search-attribute", "City"], 2, &["KEY=TYPE", "Keyword"]);
    fails(&["dev", "--search-attribute", "City=Place"], 2, &["KEY=TYPE", "Keyword"]);
    fails(&["dev", "--ephemeral", "--data-dir", "x"], 2, &["cannot be used with"]);
    fails(&["events", "--from", "yesterday"], 2, &["a duration such as `1h`"]);
    fails(&["workflow", "start", "--type", "Order"], 2, &["--task-queue"]);
    fails(&["workflow", "list", "--timeout", "soon"], 2, &["not a duration"]);
    fails(&["workflow", "list", "--status", "Lost"], 2, &["TimedOut"]);
    fails(&["completions", "dos"], 2, &["bash", "zsh", "fish"]);
}

#[test]
fn bad_input_is_a_usage_error_and_nothing_is_sent() {
    let start = ["workflow", "start", "--type", "T", "--task-queue", "q", "--nats-url", NO_NATS];
    let with = |more: &[&'static str]| [start.as_slice(), more].concat();
    fails(&with(&["--input", "hello"]), 2, &["--input is not JSON", "quotes"]);
    fails(&with(&["--input-file", "nowhere.json"]), 2, &["cannot read nowhere.json"]);
    fails(&with(&["--input", "@nowhere.json"]), 2, &["cannot read nowhere.json"]);
    fails(&with(&["--memo", "city"]), 2, &["KEY=JSON"]);
    fails(&with(&["--signal-input", "3"]), 2, &["--signal"]);
}

#[test]
fn input_is_read_from_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = steadfast(folder.path())
        .args(["workflow", "start", "--type", "T", "--task-queue", "q", "--nats-url", NO_NATS])
        .args(["--input", "@-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[1, 2").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("- is not JSON: EOF"), "{}", stderr(&output));
}

#[test]
fn without_nats_commands_say_what_to_do() {
    let failed = ["cannot connect to NATS at nats://127.0.0.1:1", "steadfast dev", "--nats-url"];
    fails(&["workflow", "list", "--nats-url", NO_NATS], 1, &failed);
    fails(&["events", "--nats-url", NO_NATS], 1, &failed);
    let args = ["--json", "workflow", "describe", "-w", "a", "--nats-url", NO_NATS];
    let error: serde_json::Value = serde_json::from_str(&stderr(&run(&args))).unwrap();
    assert!(error["error"]["advice"].as_str().unwrap().contains("steadfast dev"));
}

#[test]
fn doctor_fails_without_nats() {
    let output = run(&["doctor", "--nats-url", NO_NATS]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("FAILURE  reachable"), "{}", stdout(&output));
    let output = run(&["doctor", "--json", "--nats-url", NO_NATS]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["findings"][0]["check"], "reachable");
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        assert!(stdout(&output).contains("steadfast"), "{shell}");
        assert!(stdout(&output).contains("doctor"), "{shell}");
    }
}

#[test]
fn config_show_tells_values_and_origins() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), "[server]\npartitions = 8\n").unwrap();
    let output = steadfast(folder.path())
        .args(["config", "show", "--config", "s.toml", "--set", "engine.idle_after=1m"])
        .env("STEADFAST__NATS__PASSWORD", "secret")
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("partitions = 8  # s.toml:2"), "{text}");
    assert!(text.contains("idle_after = \"1m\"  # a flag"), "{text}");
    assert!(text.contains("password = \"(hidden)\"  # STEADFAST__NATS__PASSWORD"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let output = run(&["config", "show", "--json"]);
    let config: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(config["config"]["server"]["partitions"], 4);
}

#[test]
fn config_explain_tells_what_a_key_means() {
    let output = run(&["config", "explain", "durability.sync"]);
    let text = stdout(&output);
    assert!(text.contains("one of \"always\", \"lazy\""), "{text}");
    assert!(text.contains("STEADFAST__DURABILITY__SYNC"), "{text}");
    fails(&["config", "explain", "durability.sink"], 2, &["did you mean `durability.sync`?"]);
    assert!(stdout(&run(&["config", "explain"])).contains("[telemetry]"));
}

#[test]
fn a_bad_configuration_stops_a_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.toml"), "[server]\npartitons = 8\n").unwrap();
    for command in ["server", "dev", "config"] {
        let mut args = vec![command];
        args.extend((command == "config").then_some("show"));
        let output =
            steadfast(folder.path()).args(&args).args(["--config", "s.toml"]).output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {text}");
        assert!(text.contains("s.toml:2: unknown key `server.partitons`"), "{text}");
        assert!(text.contains("did you mean `server.partitions`?"), "{text}");
    }
    fails(&["server", "--config", "nowhere.toml"], 2, &["cannot read", "nowhere.toml"]);
    fails(&["server", "--set", "nats.url"], 2, &["section.key=value"]);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = steadfast(folder.path())
        .args(["config", "explain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
}
