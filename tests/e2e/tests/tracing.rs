//! One trace from the client through the engine to the worker and back, collected over OTLP; also
//! when the client brings its own, and when the engine is killed half way.
//!
//! In a test binary of its own, because a process has one subscriber.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use async_nats::Request;
use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value, trace::v1::Span,
};
use prost::Message;
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    native::Native,
    script::{SCRIPT, Step},
    wait, worker,
};
use steadfast_protocol::{
    codec, header,
    message::Poll,
    subject::{self, PollKind},
};
use steadfast_sdk::{
    activity::{ActivityContext, ActivityError},
    client::Client,
    worker::Worker,
    workflow::{WorkflowContext, WorkflowError},
};
use steadfast_telemetry::{TelemetryConfig, install};

const LIMIT: Duration = Duration::from_secs(30);
const ID: &str = "one-trace";

type Spans = Arc<Mutex<Vec<Span>>>;

async fn greet(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    Ok(ctx.activity::<String>("hello", &name).await?)
}

async fn hello(_: ActivityContext, name: String) -> Result<String, ActivityError> {
    Ok(format!("hello {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_one_trace() -> Result<()> {
    let spans = Spans::default();
    let endpoint = format!("http://{}", collect(spans.clone()).await?);
    let telemetry = install(TelemetryConfig {
        service_name: "worker".to_owned(),
        otlp_endpoint: Some(endpoint.clone()),
        ..TelemetryConfig::default()
    })
    .await?;
    let home = Home::new()?;
    let options = Options { otlp_endpoint: Some(endpoint), ..Options::default() };
    let engine = Engine::start(&home, options).await?;
    let client = Client::connect(engine.file.nats_url.as_str()).await?;
    let worker =
        Worker::new(client.clone(), "greetings").workflow("Greet", greet).activity("hello", hello);
    let worker = tokio::spawn(worker.run(std::future::pending()));
    let started = client.start("Greet", "greetings", ID, "you").await?;
    ensure!(started.result::<String>().await? == "hello you");
    engine.stop().await?;
    worker.abort();
    telemetry.shutdown().await;

    let found = || std::future::ready(Some(of_workflow(&spans, ID)).filter(|it| it.len() > 8));
    check(&wait::until("the spans", LIMIT, found).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_trace_goes_on_and_survives_a_kill() -> Result<()> {
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traces = survives_a_kill("own", Some((trace, span))).await?;
    ensure!(traces.iter().all(|found| found == trace), "{traces:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_clients_trace_a_run_has_one_that_survives_a_kill() -> Result<()> {
    let traces = survives_a_kill("none", None).await?;
    ensure!(traces.windows(2).all(|pair| pair[0] == pair[1]), "{traces:?}");
    Ok(())
}

/// Takes a workflow task, kills the engine, takes the task again, and lets the workflow end: the traces
/// of both tasks and of all spans that were exported. The caller may have a trace and a span.
async fn survives_a_kill(id: &str, caller: Option<(&str, &str)>) -> Result<Vec<String>> {
    let spans = Spans::default();
    let endpoint = format!("http://{}", collect(spans.clone()).await?);
    let home = Home::new()?;
    let options = Options { otlp_endpoint: Some(endpoint), ..Options::default() };
    let engine = Engine::start(&home, options).await?;
    let mut native = engine.native().await?;
    if let Some((trace, span)) = caller {
        native = native.with_traceparent(&format!("00-{trace}-{span}-01"));
    }
    let nothing: [Step; 0] = [];
    native.start(SCRIPT, id, "traced", &nothing).await?;
    let mut traces = vec![trace_of_task(&native).await?];
    if let Some((_, caller)) = caller {
        // What is not exported yet is lost with the process.
        let below = || {
            let spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
            let below = spans.iter().any(|span| hex(&span.parent_span_id) == caller);
            std::future::ready(below.then_some(()))
        };
        wait::until("a span below the caller's", LIMIT, below).await?;
    }

    let engine = engine.crash().await?;
    let native = engine.native().await?;
    traces.push(trace_of_task(&native).await?);
    // That task is never answered: another engine offers it again.
    let engine = engine.crash().await?;
    let native = engine.native().await?;
    worker::Worker::of_scripts(&native).spawn_scripts("traced");
    native.value(id, LIMIT).await?;
    engine.stop().await?;

    let ended = || {
        let found = of_workflow(&spans, id);
        let ended = found.iter().any(|span| span.name == "workflow");
        std::future::ready(ended.then_some(found))
    };
    let spans = wait::until("the workflow's span", LIMIT, ended).await?;
    traces.extend(spans.iter().map(|span| hex(&span.trace_id)));
    Ok(traces)
}

/// Takes a workflow task: the trace in its header.
async fn trace_of_task(native: &Native) -> Result<String> {
    let subject = subject::poll_subject(&native.namespace, "traced", PollKind::Workflow);
    let poll = Poll { timeout_ms: 20_000, ..Poll::default() };
    let request = Request::new().payload(codec::encode(&poll)?).timeout(Some(LIMIT));
    let task = native.client.send_request(subject, request).await?;
    let headers = task.headers.context("headers")?;
    let traceparent = headers.get(header::TRACEPARENT).context("a traceparent")?;
    let trace = traceparent.as_str().split('-').nth(1);
    Ok(trace.context("a trace id")?.to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(spans: &[Span]) -> Result<()> {
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    let one = |name: &str, parent: &Span| {
        let mut children = spans.iter().filter(|it| it.parent_span_id == parent.span_id);
        let found = children.find(|span| span.name == name).cloned();
        found.with_context(|| format!("no {name} below {} in {names:?}", parent.name))
    };
    let root = spans.iter().find(|span| span.name == "start_workflow");
    let root = root.context("the client's start")?.clone();
    for span in spans {
        ensure!(span.trace_id == root.trace_id, "{} is elsewhere", span.name);
        for key in ["namespace", "run_id", "task_queue"] {
            ensure!(value(span, key).is_some(), "{} has no {key}", span.name);
        }
    }
    let native = spans.iter().find(|span| span.name == "start").context("start")?;
    let run = one("workflow", native)?;
    one("append", &run)?;
    one("workflow_task", &one("workflow_task", &run)?)?;
    one("activity", &one("activity_task", &run)?)?;
    Ok(())
}

fn of_workflow(spans: &Spans, id: &str) -> Vec<Span> {
    let spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = spans.iter().filter(|span| value(span, "workflow_id").as_deref() == Some(id));
    ours.cloned().collect()
}

fn value(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|it| it.key == key)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "anything else is shown as it is")]
    match attribute.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        other => Some(format!("{other:?}")),
    }
}

/// A collector.
async fn collect(spans: Spans) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = Router::new().route("/v1/traces", post(take)).with_state(spans);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn take(State(spans): State<Spans>, body: Bytes) {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return;
    };
    let scopes = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
    let mut all = spans.lock().unwrap_or_else(PoisonError::into_inner);
    all.extend(scopes.flat_map(|scope| scope.spans));
}
