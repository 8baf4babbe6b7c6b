//! What people see of events.

use expect_test::{Expect, expect};
use steadfast_core::{
    EventKind, Failure, Span,
    event::{ActivityTaskFailed, ActivityTaskScheduled},
};

use super::*;

fn check(kind: impl Into<EventKind>, json: Expect, line: Expect) {
    let at = Timestamp::from_millis(1_700_000_000_123);
    let shown = Event { id: 5, at, kind: kind.into(), user_metadata: None, links: Vec::new() };
    json.assert_eq(&serde_json::to_string_pretty(&event(&shown)).unwrap());
    line.assert_eq(&brief(&attributes(&shown)));
}

#[test]
fn a_scheduled_activity() {
    let scheduled = ActivityTaskScheduled {
        activity_id: "1".into(),
        activity_type: "charge".into(),
        task_queue: "money".into(),
        input: vec![
            Payload::new("json/plain", r#"{"amount":3}"#),
            Payload::new("binary/plain", vec![0xff, 0x00]),
            Payload::new("binary/null", ""),
        ],
        start_to_close_timeout: Span::from_secs(90),
        ..ActivityTaskScheduled::default()
    };
    check(
        scheduled,
        expect![[r#"
        {
          "attributes": {
            "activity_id": "1",
            "activity_type": "charge",
            "input": [
              {
                "amount": 3
              },
              {
                "encoding": "binary/plain",
                "hex": "ff00"
              },
              null
            ],
            "start_to_close_timeout": "1m30s",
            "task_queue": "money",
            "workflow_task_completed_event_id": 0
          },
          "event_id": 5,
          "time": "2023-11-14T22:13:20.123000Z",
          "type": "ActivityTaskScheduled"
        }"#]],
        expect![[
            r#"activity_type=charge activity_id=1 input=[{"amount":3},{"encoding":"binary/plain","hex":"ff00"},null]"#
        ]],
    );
}

#[test]
fn a_failed_activity() {
    let mut failure = Failure::application("NoFunds", "the card was refused");
    failure.cause = Some(Box::new(Failure::server("deep down")));
    let failed = ActivityTaskFailed { failure, ..ActivityTaskFailed::default() };
    check(
        failed,
        expect![[r#"
        {
          "attributes": {
            "failure": {
              "cause": {
                "info": {
                  "Server": {
                    "non_retryable": true
                  }
                },
                "message": "deep down",
                "source": "Server"
              },
              "info": {
                "Application": {
                  "category": 0,
                  "details": [],
                  "next_retry_delay": null,
                  "non_retryable": false,
                  "type": "NoFunds"
                }
              },
              "message": "the card was refused"
            },
            "retry_state": "Unspecified",
            "scheduled_event_id": 0,
            "started_event_id": 0
          },
          "event_id": 5,
          "time": "2023-11-14T22:13:20.123000Z",
          "type": "ActivityTaskFailed"
        }"#]],
        expect!["failure=NoFunds: the card was refused: deep down"],
    );
}
