//! What nobody should send: each gets its typed error, nothing crashes, nothing is lost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::{Value, json};
use steadfast_core::{Command, command::CommandKind, run::Status};
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    native::{Fault, Native},
    script::{SCRIPT, Step},
    worker::Worker,
};
use steadfast_protocol::{
    codec,
    message::{
        ActivityTask, ApiVerb, Complete, Completed, Describe, Description, Heartbeat, Poll, Start,
        Started, TaskVerb, WorkflowTask,
    },
    subject::{self, PollKind},
};

const QUEUE: &str = "bad-input";
const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_secs(10);

struct World {
    _home: Home,
    engine: Engine,
    native: Native,
}

impl World {
    async fn begin() -> Result<Self> {
        let home = Home::new()?;
        let options = Options { namespaces: vec!["other".to_owned()], ..Options::default() };
        let engine = Engine::start(&home, options).await?;
        let native = engine.native().await?;
        Ok(Self { _home: home, engine, native })
    }

    /// After all that: it works, it did not panic, it stops cleanly.
    async fn end(self) -> Result<()> {
        Worker::of_scripts(&self.native).spawn_scripts("still-well");
        self.native.start(SCRIPT, "still-well", "still-well", &json!([])).await?;
        ensure!(self.native.value("still-well", LIMIT).await? == json!([]));
        ensure!(!self.engine.log().contains("panicked"), "the engine panicked");
        ensure!(self.engine.stop().await?.success());
        Ok(())
    }
}

fn code<T>(answer: Result<T, Fault>) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(fault) => fault.code().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_a_legal_id() -> Result<()> {
    let world = World::begin().await?;
    let long = "x".repeat(1_000);
    let ids = [
        "a.b.c",
        "with space",
        " ",
        "*",
        ">",
        "a.*.>",
        "\"quoted\" 'twice'",
        "$SYS.>",
        "%2E%",
        "-",
        "line\nbreak",
        "tab\tnul\0",
        "🏠🔑 Straße",
        "ひらがな",
        "../../etc/passwd",
        "_hash",
        &long,
    ];
    for id in ids {
        // The same text as workflow id, type and queue.
        let worker = Worker::of_scripts(&world.native).spawn_scripts(id);
        let started = world.native.start(id, id, id, &json!([])).await;
        let started = started.with_context(|| format!("{id:?}"))?;
        ensure!(started.started, "{id:?}");
        ensure!(world.native.value(id, LIMIT).await? == json!([]), "{id:?}");
        let description = world.native.describe(id).await?;
        ensure!(description.workflow_id.as_str() == id && description.status == Status::Completed);
        ensure!(world.native.history(id).await?.len() >= 5, "{id:?}");
        worker.abort();
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn impossible_ids_are_refused() -> Result<()> {
    let world = World::begin().await?;
    let start = |workflow_id: &str, workflow_type: &str, queue: &str| Start {
        workflow_id: workflow_id.into(),
        workflow_type: workflow_type.into(),
        task_queue: queue.into(),
        ..Start::default()
    };
    let too_long = "🏠".repeat(1_000);
    for request in [
        start("", "t", "q"),
        start("w", "", "q"),
        start("w", "t", ""),
        start(&too_long, "t", "q"),
        start("w", &too_long, "q"),
        start("w", "t", &too_long),
    ] {
        let answer = world.native.api::<Started>(ApiVerb::Start, &request).await?;
        let code = code(answer);
        let typed = ["invalid_argument", "limit_exceeded"].contains(&code.as_str());
        ensure!(typed, "{code} for {:.40?}", request.workflow_id);
    }
    let nowhere = world.native.with_namespace("no-such-namespace");
    let answer = nowhere.api::<Started>(ApiVerb::Start, &start("w", "t", "q")).await?;
    ensure!(code(answer) == "namespace_not_found");
    let missing = Describe { workflow_id: "nobody".into(), ..Describe::default() };
    let answer = world.native.api::<Description>(ApiVerb::Describe, &missing).await?;
    ensure!(code(answer) == "not_found");
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_all_sizes() -> Result<()> {
    let world = World::begin().await?;
    Worker::of_scripts(&world.native).spawn_scripts(QUEUE);
    let empty = Start {
        workflow_id: "empty".into(),
        workflow_type: "whatever".into(),
        task_queue: "nobody".into(),
        input: vec![steadfast_core::Payload::default()],
        ..Start::default()
    };
    ensure!(world.native.api::<Started>(ApiVerb::Start, &empty).await?.is_ok());
    let history = world.native.history("empty").await?;
    ensure!(!history.is_empty());

    // Larger than a record: it goes to the object store and comes back.
    let large = "l".repeat(2 << 20);
    let huge = |bytes: usize| Start {
        workflow_id: "huge".into(),
        workflow_type: "whatever".into(),
        task_queue: "nobody".into(),
        input: vec![steadfast_core::Payload::new("binary/plain", vec![7; bytes])],
        ..Start::default()
    };
    let step = json!([{ "activity": "unknown", "queue": "", "input": large, "attempts": 1,
        "timeout_ms": 1 }]);
    let answer = world.native.start(SCRIPT, "large", QUEUE, &step).await;
    ensure!(answer.is_ok(), "{answer:?}");
    let history = world.native.history("large").await?;
    ensure!(history.iter().map(steadfast_core::Event::approximate_bytes).sum::<u64>() > 2 << 20);

    // Larger than anything: refused by NATS itself or by the engine.
    let answer = world.native.api::<Started>(ApiVerb::Start, &huge(20 << 20)).await?;
    ensure!(code(answer) == "payload_too_large");
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_messages() -> Result<()> {
    let world = World::begin().await?;
    let good = codec::encode(&Describe { workflow_id: "w".into(), ..Describe::default() })?;
    let unknown_field = codec::encode(&json!({ "workflow_id": "w", "more": 1 }))?;
    let cases: [(&str, Bytes, &[&str]); 8] = [
        ("nothing", Bytes::new(), &["malformed", "invalid_argument"]),
        ("noise", Bytes::from_static(b"\xc1\xff\x00noise"), &["malformed"]),
        ("truncated", good.slice(..good.len() - 1), &["malformed"]),
        ("trailing", [&good[..], b"\x00"].concat().into(), &["malformed"]),
        ("a list", codec::encode(&json!([1, 2]))?, &["malformed", "invalid_argument"]),
        ("nested", vec![0x91; 100_000].into(), &["malformed"]),
        ("unknown field", unknown_field, &["unknown_field"]),
        ("missing field", codec::encode(&json!({}))?, &["invalid_argument", "not_found"]),
    ];
    for (what, bytes, codes) in cases {
        for verb in ApiVerb::ALL {
            let subject = subject::api_subject("default", verb.name());
            let answer = world.native.raw(subject, bytes.clone(), LIMIT).await;
            if matches!(what, "unknown field" | "missing field" | "nothing") && answer.is_ok() {
                continue; // `list` needs no field at all.
            }
            let code = code(answer);
            // A message of another verb's shape misses fields, or has unknown ones.
            let shape = ["invalid_argument", "unknown_field"].contains(&code.as_str());
            ensure!(codes.contains(&code.as_str()) || shape, "{what} to {}: {code}", verb.name());
        }
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn verbs_and_versions_that_nobody_knows() -> Result<()> {
    let world = World::begin().await?;
    let empty = codec::encode(&json!({}))?;
    for (subject, wanted) in [
        ("sf.api.default.explode", "unknown_verb"),
        ("sf.task.default.explode", "unknown_verb"),
        ("sf.poll.default.q.coffee", "unknown_verb"),
    ] {
        let answer = world.native.raw(subject.to_owned(), empty.clone(), LIMIT).await;
        let code = code(answer);
        ensure!(code == wanted, "{subject}: {code}");
    }
    let future = world.native.with_protocol("99");
    let subject = subject::api_subject("default", ApiVerb::List.name());
    ensure!(code(future.raw(subject, empty, LIMIT).await) == "unsupported_version");
    world.end().await
}

/// Completes an activity; the answer's code.
async fn complete(native: &Native, token: &Bytes) -> Result<String> {
    let body = Complete { token: token.clone(), ..Complete::default() };
    Ok(code(native.task::<Completed>(TaskVerb::Complete, &body).await?))
}

fn is_gone(code: &str) -> bool {
    ["task_not_found", "already_completed"].contains(&code)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_theirs() -> Result<()> {
    let world = World::begin().await?;
    let native = &world.native;
    Worker::of_scripts(native).spawn_scripts(QUEUE);
    native.start(SCRIPT, "tokens", QUEUE, &[Step::new("guarded", QUEUE, Value::Null)]).await?;
    let task: ActivityTask = poll(native, PollKind::Activity).await?;

    let mut forged = task.token.to_vec();
    let middle = forged.len() / 2;
    forged[middle] ^= 0x55;
    let noise = Bytes::from_static(b"not a token at all");
    for token in [Bytes::from(forged), noise, task.token.slice(..middle)] {
        let code = complete(native, &token).await?;
        let typed = ["bad_token", "task_not_found", "not_found", "wrong_namespace"];
        ensure!(typed.contains(&code.as_str()), "{code}");
    }
    let code_of_nothing = complete(native, &Bytes::new()).await?;
    ensure!(code_of_nothing == "invalid_argument", "{code_of_nothing}");
    let other = native.with_namespace("other");
    ensure!(complete(&other, &task.token).await? == "wrong_namespace");

    // After all of them the right one still works, once.
    ensure!(complete(native, &task.token).await? == "ok");
    let again = complete(native, &task.token).await?;
    ensure!(is_gone(&again), "{again}");
    native.value("tokens", LIMIT).await?;
    let late = Heartbeat { token: task.token, ..Heartbeat::default() };
    let answer = native.task::<Value>(TaskVerb::Heartbeat, &late).await?;
    ensure!(is_gone(&code(answer)));
    let completions = native.history("tokens").await?;
    let completions = completions.iter().filter(|e| e.kind.name() == "ActivityTaskCompleted");
    ensure!(completions.count() == 1, "answered twice, written once");
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_come_too_late() -> Result<()> {
    let world = World::begin().await?;
    let native = &world.native;
    Worker::of_scripts(native).spawn_scripts(QUEUE);
    let step = Step::new("slowly", QUEUE, Value::Null).timeout(Duration::from_millis(300));
    native.start(SCRIPT, "late", QUEUE, &[step.attempts(2)]).await?;
    let first: ActivityTask = poll(native, PollKind::Activity).await?;
    let second: ActivityTask = poll(native, PollKind::Activity).await?;
    ensure!((first.attempt, second.attempt) == (1, 2));
    let code = complete(native, &first.token).await?;
    ensure!(code == "task_not_found", "the first attempt is over: {code}");
    let value = native.value("late", LIMIT).await?;
    ensure!(value[0]["error"] == "StartToClose", "{value}");
    let code = complete(native, &second.token).await?;
    ensure!(is_gone(&code), "{code}");
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_make_no_sense() -> Result<()> {
    let world = World::begin().await?;
    let native = &world.native;
    native.start(SCRIPT, "commands", QUEUE, &json!([])).await?;
    let nameless = CommandKind::ScheduleActivity(Box::default());
    let unknown_timer = CommandKind::CancelTimer { timer_id: "no such timer".into() };
    for bad in [nameless, unknown_timer] {
        let task: WorkflowTask = poll(native, PollKind::Workflow).await?;
        let commands: Vec<Command> = vec![bad.into()];
        let body = Complete { token: task.token, commands, ..Complete::default() };
        let answer = native.task::<Completed>(TaskVerb::Complete, &body).await?;
        ensure!(code(answer) == "bad_completion");
    }
    // The task is offered again, and a good answer ends it.
    let worker = Worker::of_scripts(native).spawn_scripts(QUEUE);
    ensure!(native.value("commands", LIMIT).await? == json!([]));
    let history = native.history("commands").await?;
    ensure!(history.iter().any(|event| event.kind.name() == "WorkflowTaskFailed"));
    worker.abort();
    world.end().await
}

async fn poll<T: serde::de::DeserializeOwned>(native: &Native, kind: PollKind) -> Result<T> {
    let subject = subject::poll_subject(&native.namespace, QUEUE, kind);
    let timeout_ms = u64::try_from(POLL.as_millis())?;
    let request = Poll { timeout_ms, ..Poll::default() };
    let answer = native.once(subject, &request, POLL + Duration::from_secs(2)).await?;
    answer.map_err(|fault| anyhow::anyhow!("poll: {fault:?}"))
}
