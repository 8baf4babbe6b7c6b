//! PROTOCOL.md says what this crate does: its bytes, fields and errors are checked here.
//!
//! `STEADFAST_PROTOCOL=write` writes the generated parts anew.

mod annotate;

use std::{collections::BTreeMap, fs};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Command, Entry, Event, Failure, Payload, Payloads, Record, Span, Timestamp,
    command::{CommandKind, ScheduleActivity},
    event::TimerFired,
    failure::{ApplicationFailure, FailureInfo},
    run::Status,
};

use crate::{ErrorBody, ErrorCode, codec, message, record, sample::Sampler};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/PROTOCOL.md");
const ERRORS: &str = "<!-- errors -->\n";

fn json(text: &'static str) -> Payloads {
    vec![Payload::new("json/plain", text)]
}

/// An example's bytes, once they were seen to come back as the value they were made of.
fn example<T>(value: &T) -> Bytes
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = codec::encode(value).unwrap();
    assert_eq!(codec::decode::<T>(&bytes).as_ref(), Ok(value));
    bytes
}

fn requests() -> BTreeMap<&'static str, Bytes> {
    let start = message::Start {
        workflow_id: "order-7".into(),
        workflow_type: "Order".into(),
        task_queue: "orders".into(),
        input: json("\"tea\""),
        request_id: "r-1".into(),
        ..message::Start::default()
    };
    let started =
        message::Started { run_id: "0197".into(), started: true, status: Status::Running };
    let poll =
        message::Poll { identity: "python".into(), timeout_ms: 20_000, ..Default::default() };
    let task = message::ActivityTask {
        token: Bytes::from_static(b"\x82\xA1v\x01"),
        workflow_id: "order-7".into(),
        run_id: "0197".into(),
        workflow_type: "Order".into(),
        activity_id: "1".into(),
        activity_type: "greet".into(),
        input: json("\"you\""),
        attempt: 1,
        scheduled_at_ms: 1_700_000_000_000,
        attempt_scheduled_at_ms: 1_700_000_000_000,
        started_at_ms: 1_700_000_000_005,
        start_to_close_timeout_ms: 10_000,
        ..Default::default()
    };
    let list = message::List {
        max_runs: 10,
        query: "ExecutionStatus = 'Running' AND CustomerId = 'c-7'".into(),
        ..message::List::default()
    };
    let counted = message::Counted {
        count: 3,
        groups: vec![message::CountedGroup { values: json("\"Running\""), count: 3 }],
    };
    BTreeMap::from([
        ("Start", example(&start)),
        ("List", example(&list)),
        ("Counted", example(&counted)),
        ("Started", example(&started)),
        ("Poll", example(&poll)),
        ("ActivityTask", example(&task)),
    ])
}

fn answers() -> BTreeMap<&'static str, Bytes> {
    let token = Bytes::from_static(b"\x82\xA1v\x01");
    let done = message::Complete {
        token: token.clone(),
        result: json("\"hello, you\""),
        ..Default::default()
    };
    let schedule = ScheduleActivity {
        activity_id: "1".into(),
        activity_type: "greet".into(),
        input: json("\"you\""),
        start_to_close_timeout: Span::from_secs(10),
        ..ScheduleActivity::default()
    };
    let timer = CommandKind::StartTimer {
        timer_id: "2".into(),
        start_to_fire_timeout: Span::from_secs(60),
    };
    let commands: Vec<Command> =
        vec![CommandKind::ScheduleActivity(Box::new(schedule)).into(), timer.into()];
    let decided = message::Complete { token: token.clone(), commands, ..Default::default() };
    let info = ApplicationFailure { kind: "CardDeclined".to_owned(), ..Default::default() };
    let failure = Failure {
        message: "card declined".to_owned(),
        info: FailureInfo::Application(info),
        ..Failure::default()
    };
    let fail = message::Fail { token, failure, ..Default::default() };
    let heartbeat = message::HeartbeatAnswer { cancel_requested: true, ..Default::default() };
    let error = ErrorBody::new(ErrorCode::NotFound, "no such workflow");
    BTreeMap::from([
        ("CompleteActivity", example(&done)),
        ("CompleteWorkflowTask", example(&decided)),
        ("Fail", example(&fail)),
        ("HeartbeatAnswer", example(&heartbeat)),
        ("Error", example(&error)),
        ("Record", stored_record()),
    ])
}

fn stored_record() -> Bytes {
    let fired = TimerFired { timer_id: "2".into(), started_event_id: 6 };
    let at = Timestamp::from_millis(1_700_000_000_000);
    let event = Event { id: 7, at, kind: fired.into(), user_metadata: None, links: Vec::new() };
    let record = Record { at, entries: vec![Entry::Event(event)] };
    let stored = record::encode(&record).unwrap();
    assert_eq!(record::decode(&stored), Ok(record));
    stored
}

fn errors_table() -> String {
    let mut table = "| number | code | retryable |\n|---|---|---|\n".to_owned();
    for code in ErrorCode::ALL {
        let retryable = if code.is_retryable() { "yes" } else { "no" };
        table += &format!("| {} | `{}` | {retryable} |\n", code.number(), code.name());
    }
    table
}

/// The document with its generated parts as they should be.
fn generated(document: &str) -> String {
    let mut examples = requests();
    examples.append(&mut answers());
    let mut written = String::new();
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        written += line;
        written += "\n";
        if let Some(name) = line.strip_prefix("```hex ") {
            let bytes = examples.remove(name).unwrap_or_else(|| panic!("no example {name}"));
            written += &annotate::annotate(&bytes);
            while lines.peek().is_some_and(|line| *line != "```") {
                lines.next();
            }
        }
        if line == ERRORS.trim_end() {
            written += "\n";
            written += &errors_table();
            while lines.peek().is_some_and(|line| line.is_empty() || line.starts_with('|')) {
                lines.next();
            }
            written += "\n";
        }
    }
    assert!(examples.is_empty(), "examples that the document does not show: {examples:?}");
    written
}

#[test]
fn its_bytes_and_errors_are_those_of_the_code() {
    let document = fs::read_to_string(PATH).unwrap();
    let generated = generated(&document);
    if std::env::var("STEADFAST_PROTOCOL").is_ok_and(|mode| mode == "write") {
        fs::write(PATH, &generated).unwrap();
        return;
    }
    assert_eq!(document, generated, "run this test with STEADFAST_PROTOCOL=write");
}

/// The bytes as a reader would copy them out of the document decode to what the code encodes.
#[test]
fn its_hex_is_hex() {
    let document = fs::read_to_string(PATH).unwrap();
    let mut examples = requests();
    examples.append(&mut answers());
    for block in document.split("```hex ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (block, _) = rest.split_once("```").unwrap();
        let bytes: Vec<u8> = block
            .lines()
            .flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace())
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect();
        assert_eq!(bytes, examples[name], "{name}");
    }
}

/// The names of a message's fields.
fn fields<T: Serialize + DeserializeOwned>() -> Vec<String> {
    let bytes = codec::encode(&Sampler::default().sample::<T>()).unwrap();
    let map: BTreeMap<String, serde::de::IgnoredAny> = rmp_serde::from_slice(&bytes).unwrap();
    map.into_keys().filter(|field| field != "namespace").collect()
}

fn mentions(document: &str, heading: &str, fields: Vec<String>) {
    let level = heading.split(' ').next().unwrap();
    let start = document.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = &document[start + 1 + heading.len()..];
    // A section ends at the next heading that is not below it.
    let ends = (1..=level.len()).filter_map(|n| section.find(&format!("\n{} ", "#".repeat(n))));
    let section = &section[..ends.min().unwrap_or(section.len())];
    for field in fields {
        assert!(section.contains(&format!("`{field}`")), "{heading} does not tell of {field}");
    }
}

#[test]
fn every_verb_and_field_of_clients_is_in_it() {
    use message::*;
    let document = fs::read_to_string(PATH).unwrap();
    for verb in ApiVerb::ALL {
        mentions(&document, "## Clients", Vec::new());
        assert!(document.contains(&format!("\n### `{}`\n", verb.name())));
    }
    for verb in TaskVerb::ALL {
        assert!(document.contains(&format!("\n### `{}`\n", verb.name())));
    }
    let told = |heading: &str, fields| mentions(&document, heading, fields);
    told("### `start`", [fields::<Start>(), fields::<StartOptions>()].concat());
    told("### `start`", [fields::<Started>(), fields::<RetryPolicy>()].concat());
    told("### `signal`", fields::<Signal>());
    told("### `query`", [fields::<Query>(), fields::<QueryAnswer>()].concat());
    told("### `update`", [fields::<Update>(), fields::<UpdateAnswer>()].concat());
    told("### `poll_update`", fields::<PollUpdate>());
    told("### `terminate`", fields::<Terminate>());
    told("### `describe`", [fields::<Describe>(), fields::<Description>()].concat());
    told("### `describe`", fields::<PendingActivity>());
    told("### `history`", [fields::<History>(), fields::<HistoryPage>()].concat());
    told("### `result`", [fields::<AwaitResult>(), fields::<WorkflowResult>()].concat());
    told("### `list`", [fields::<List>(), fields::<ListPage>(), fields::<ListedRun>()].concat());
    told("### `count`", [fields::<Count>(), fields::<Counted>()].concat());
    told("### `count`", fields::<CountedGroup>());
}

#[test]
fn every_field_of_workers_messages_is_in_it() {
    use message::*;
    let document = fs::read_to_string(PATH).unwrap();
    let told = |heading: &str, fields| mentions(&document, heading, fields);
    told("### Activity tasks", fields::<ActivityTask>());
    told("### Workflow tasks", [fields::<WorkflowTask>(), fields::<QueryTask>()].concat());
    told("## Answers of workers", [fields::<Complete>(), fields::<Fail>()].concat());
    told("## Answers of workers", [fields::<CancelTask>(), fields::<Heartbeat>()].concat());
    told("## Answers of workers", [fields::<Completed>(), fields::<HeartbeatAnswer>()].concat());
    told("## Answers of workers", [fields::<TaskQueryAnswer>(), fields::<Sticky>()].concat());
    let commands = crate::sample::variants::<Command>("CommandKind");
    told("## Commands", commands.iter().map(ToString::to_string).collect());
    told("## Errors", fields::<ErrorBody>());
}
