//! Callbacks to a listener on this machine, and what its answers mean.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use expect_test::expect;
use steadfast_core::{
    Event, RunKey, Timestamp,
    event::WorkflowExecutionCompleted,
    run::callback::{Callback, Origin, Progress},
};
use steadfast_engine::ports::{CallbackCall, CallbackCaller, CallbackError};
use steadfast_temporal_api::api::common::v1::{self as common, callback::*};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::HttpCallbacks;
use crate::convert::opaque;

fn call_to(url: String, timeout: Duration) -> CallbackCall {
    let nexus = Nexus { url, ..Nexus::default() };
    let content = common::Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() };
    let close_event = Event {
        id: 5,
        at: Timestamp(0),
        kind: WorkflowExecutionCompleted::default().into(),
        user_metadata: None,
        links: Vec::new(),
    };
    CallbackCall {
        run: RunKey {
            namespace: "default".into(),
            workflow_id: "order".into(),
            run_id: "run".into(),
        },
        started_at: Timestamp(0),
        close_event: Arc::new(close_event),
        callback: Arc::new(Callback {
            content: opaque(&content),
            origin: Origin::Start,
            registered_at: Timestamp(0),
            progress: Progress::Due(Timestamp(0)),
            attempt: 0,
            last_attempt_at: None,
            last_failure: None,
        }),
        attempt: 1,
        timeout,
    }
}

/// Calls a listener that gives this answer.
async fn answered(answer: String) -> Result<(), CallbackError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/done", listener.local_addr().unwrap());
    let serving = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4_096];
        assert!(stream.read(&mut read).await.unwrap() > 0);
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    };
    let callbacks = HttpCallbacks::new().unwrap();
    let call = callbacks.call(call_to(url, Duration::from_secs(10)));
    tokio::join!(call, serving).0
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn the_answer_says_whether_another_try_is_worth_it() {
    let json = "content-type: application/json; charset=utf-8\r\n";
    let said = r#"{"message":"intentional error"}"#;
    let handler = |details: &str| {
        format!(
            r#"{{"message":"said no","metadata":{{"type":"nexus.HandlerError"}},"details":{details}}}"#
        )
    };
    let no = handler(r#"{"type":"INTERNAL","retryableOverride":false}"#);
    let mut lines = Vec::new();
    for answer in [
        http("204 No Content", "", ""),
        http("500 Internal Server Error", json, said),
        http("500 Internal Server Error", "nexus-request-retryable: false\r\n", ""),
        http("500 Internal Server Error", json, &no),
        http("503 Service Unavailable", json, &handler(r#"{"type":"BAD_REQUEST"}"#)),
        http("400 Bad Request", "", ""),
        http("404 Not Found", "nexus-request-retryable: true\r\n", ""),
        http("429 Too Many Requests", "", ""),
        http("418 I'm a teapot", json, said),
        http("307 Temporary Redirect", "location: http://localhost/\r\n", ""),
    ] {
        lines.push(format!("{:?}\n", answered(answer).await));
    }
    expect![[r#"
        Ok(())
        Err(Retryable("handler error (INTERNAL)"))
        Err(Final("handler error (INTERNAL)"))
        Err(Final("handler error (INTERNAL): said no"))
        Err(Final("handler error (BAD_REQUEST): said no"))
        Err(Final("handler error (BAD_REQUEST)"))
        Err(Retryable("handler error (NOT_FOUND)"))
        Err(Retryable("handler error (RESOURCE_EXHAUSTED)"))
        Err(Retryable("unexpected response status: \"418 I'm a teapot\": intentional error"))
        Err(Retryable("unexpected response status: \"307 Temporary Redirect\""))
    "#]]
    .assert_eq(&lines.concat());
}

#[tokio::test]
async fn who_does_not_answer_is_asked_again() {
    let callbacks = HttpCallbacks::new().unwrap();
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let call = call_to(format!("http://127.0.0.1:{port}/"), Duration::from_secs(10));
    let refused = callbacks.call(call).await.unwrap_err();
    let CallbackError::Retryable(message) = &refused else { panic!("{refused:?}") };
    assert!(message.contains("Connection refused"), "{message}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let late = callbacks.call(call_to(url, Duration::from_millis(50))).await.unwrap_err();
    let CallbackError::Retryable(message) = &late else { panic!("{late:?}") };
    assert!(message.contains("context deadline exceeded"), "{message}");
}

#[test]
fn a_destination_is_a_scheme_and_a_host() {
    let call = call_to("https://example.com:8443/a?b=c".to_owned(), Duration::ZERO);
    let callbacks = HttpCallbacks::new().unwrap();
    assert_eq!(callbacks.destination(&call.callback.content), "https://example.com:8443");
    assert_eq!(callbacks.destination(&Bytes::from_static(b"\xff")), "://");
}
