//! Requests as Temporal's development server (1.32) makes them, but for `user-agent`.

use std::{sync::Arc, time::Duration};

use expect_test::{Expect, expect};
use http_body_util::BodyExt;
use steadfast_core::{
    Failure,
    event::*,
    failure::RetryState,
    run::callback::{Callback, Progress},
};

use super::*;

fn call(close: impl Into<EventKind>, origin: Origin) -> CallbackCall {
    let close_event = Event {
        id: 5,
        at: Timestamp(1_795_632_149_460_828_000),
        kind: close.into(),
        user_metadata: None,
        links: Vec::new(),
    };
    CallbackCall {
        run: RunKey {
            namespace: "default".into(),
            workflow_id: "an order/1".into(),
            run_id: "01a21404-3342-7a3b-ac53-8509825bb06c".into(),
        },
        started_at: Timestamp(1_795_632_149_314_671_511),
        close_event: Arc::new(close_event),
        callback: Arc::new(Callback {
            content: Bytes::new(),
            origin,
            registered_at: Timestamp(0),
            progress: Progress::Due(Timestamp(0)),
            attempt: 0,
            last_attempt_at: None,
            last_failure: None,
        }),
        attempt: 1,
        timeout: Duration::from_secs(1),
    }
}

async fn shown(call: &CallbackCall, header: &[(&str, &str)]) -> String {
    let header = header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let nexus = Nexus { url: "http://localhost/done".to_owned(), header: header.collect() };
    let request = request(call, nexus).unwrap();
    let (head, body) = request.into_parts();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    let named = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = value.to_str().unwrap().replace(env!("CARGO_PKG_VERSION"), "VERSION");
        format!("{name}: {value}")
    };
    let mut headers: Vec<_> = head.headers.iter().map(named).collect();
    headers.sort();
    lines.append(&mut headers);
    let body = body.collect().await.unwrap().to_bytes();
    lines.push(String::from_utf8_lossy(&body).into_owned());
    lines.join("\n") + "\n"
}

async fn check(close: impl Into<EventKind>, expected: Expect) {
    let shown = shown(&call(close, Origin::Start), &[]).await;
    // What the same end always has is in the first test.
    let interesting = shown.lines().filter(|line| {
        line.starts_with("content-type")
            || line.starts_with("nexus-operation-state")
            || line.starts_with('{')
    });
    expected.assert_eq(&(interesting.collect::<Vec<_>>().join("\n") + "\n"));
}

fn result(result: Option<Payload>) -> WorkflowExecutionCompleted {
    WorkflowExecutionCompleted { result: result.into_iter().collect(), ..Default::default() }
}

#[tokio::test]
async fn a_result_is_the_body_and_the_start_is_linked() {
    let close = result(Some(Payload::new("json/plain", r#"{"hello":"ok"}"#)));
    let shown = shown(&call(close, Origin::Start), &[("nexus-callback-token", "tok")]).await;
    expect![[r#"
        POST http://localhost/done
        content-type: application/json
        nexus-callback-token: tok
        nexus-link: <temporal:///namespaces/default/workflows/an%20order%2F1/01a21404-3342-7a3b-ac53-8509825bb06c/history?eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference>; type="temporal.api.common.v1.Link.WorkflowEvent"
        nexus-operation-close-time: 2026-11-25T18:42:29.460828Z
        nexus-operation-start-time: Wed, 25 Nov 2026 18:42:29 GMT
        nexus-operation-state: succeeded
        user-agent: steadfast/VERSION
        {"hello":"ok"}
    "#]].assert_eq(&shown);
}

#[tokio::test]
async fn an_attached_callback_links_its_request_and_its_own_headers_win() {
    let attached = Origin::Attached("a request".into());
    let header = [("nexus-operation-close-time", "mine"), ("user-agent", "me")];
    let shown = shown(&call(result(None), attached), &header).await;
    expect![[r#"
        POST http://localhost/done
        nexus-link: <temporal:///namespaces/default/workflows/an%20order%2F1/01a21404-3342-7a3b-ac53-8509825bb06c/history?eventType=WorkflowExecutionOptionsUpdated&referenceType=RequestIdReference&requestID=a%20request>; type="temporal.api.common.v1.Link.WorkflowEvent"
        nexus-operation-close-time: mine
        nexus-operation-start-time: Wed, 25 Nov 2026 18:42:29 GMT
        nexus-operation-state: succeeded
        user-agent: me

    "#]].assert_eq(&shown);
}

#[tokio::test]
async fn a_failure_is_told_with_its_causes() {
    let cause = Failure { stack_trace: "at".to_owned(), ..Failure::application("Inner", "why") };
    let failure =
        Failure { cause: Some(Box::new(cause)), ..Failure::application("Broken", "it broke") };
    let retry_state = RetryState::RetryPolicyNotSet;
    check(WorkflowExecutionFailed { failure, retry_state, ..Default::default() }, expect![[r#"
        content-type: application/json
        nexus-operation-state: failed
        {"cause":{"details":{"applicationFailureInfo":{"type":"Inner"}},"message":"why","metadata":{"type":"temporal.api.failure.v1.Failure"},"stackTrace":"at"},"details":{"applicationFailureInfo":{"type":"Broken"},"cause":{"applicationFailureInfo":{"type":"Inner"},"message":"why","stackTrace":"at"}},"message":"it broke","metadata":{"type":"temporal.api.failure.v1.Failure"}}
    "#]])
        .await;
}

#[tokio::test]
async fn other_ends_are_told_without_their_reasons() {
    let details = vec![Payload::new("json/plain", "1")];
    check(WorkflowExecutionCanceled { details, ..Default::default() }, expect![[r#"
        content-type: application/json
        nexus-operation-state: canceled
        {"details":{"canceledFailureInfo":{"details":{"payloads":[{"data":"MQ==","metadata":{"encoding":"anNvbi9wbGFpbg=="}}]}}},"message":"operation canceled","metadata":{"type":"temporal.api.failure.v1.Failure"}}
    "#]]).await;
    let reason = "a secret".to_owned();
    check(WorkflowExecutionTerminated { reason, ..Default::default() }, expect![[r#"
        content-type: application/json
        nexus-operation-state: failed
        {"details":{"terminatedFailureInfo":{}},"message":"operation terminated","metadata":{"type":"temporal.api.failure.v1.Failure"}}
    "#]]).await;
    check(WorkflowExecutionTimedOut::default(), expect![[r#"
        content-type: application/json
        nexus-operation-state: failed
        {"details":{"timeoutFailureInfo":{}},"message":"operation exceeded internal timeout","metadata":{"type":"temporal.api.failure.v1.Failure"}}
    "#]]).await;
}

#[tokio::test]
async fn encodings_have_their_content_types() {
    let mut types = Vec::new();
    for (encoding, message_type) in [
        ("json/plain", ""),
        ("binary/null", ""),
        ("binary/plain", ""),
        ("json/protobuf", "a.B"),
        ("binary/protobuf", "a.B"),
        ("binary/encrypted", ""),
    ] {
        let mut payload = Payload::new(encoding, "x");
        if !message_type.is_empty() {
            payload.metadata.insert("messageType".to_owned(), message_type.into());
        }
        let shown = shown(&call(result(Some(payload)), Origin::Start), &[]).await;
        let found = shown.lines().find(|line| line.starts_with("content-type")).unwrap_or("-");
        types.push(format!("{encoding}: {found}\n"));
    }
    expect![[r#"
        json/plain: content-type: application/json
        binary/null: -
        binary/plain: content-type: application/octet-stream
        json/protobuf: content-type: application/json; format=protobuf; message-type="a.B"
        binary/protobuf: content-type: application/x-protobuf; message-type="a.B"
        binary/encrypted: content-type: application/x-temporal-payload
    "#]]
    .assert_eq(&types.concat());
}

#[test]
fn times_have_as_many_digits_as_protobufs() {
    let second = 1_795_632_149_000_000_000;
    let shown = [0, 500_000_000, 500_000, 500].map(|nanos| rfc3339(Timestamp(second + nanos)));
    expect![[r#"
        2026-11-25T18:42:29Z
        2026-11-25T18:42:29.500Z
        2026-11-25T18:42:29.000500Z
        2026-11-25T18:42:29.000000500Z"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_header_that_is_none_is_not_tried_again() {
    let header = [("no name".to_owned(), "x".to_owned())].into();
    let nexus = Nexus { url: "http://localhost/".to_owned(), header };
    let refused = request(&call(result(None), Origin::Start), nexus);
    assert!(matches!(refused, Err(CallbackError::Final(_))), "{refused:?}");
}
