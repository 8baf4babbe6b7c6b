//! Completion callbacks over HTTP, from a workflow that a Temporal client started; nothing is lost when
//! the engine is killed between the close and the answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, uri::PathAndQuery},
    routing::post,
};
use serde_json::{Value, json};
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    wait,
};
use steadfast_temporal_api::api::{
    common::v1::{self as common, callback::*},
    enums::v1::CallbackState,
    taskqueue::v1::TaskQueue,
    workflow::v1::CallbackInfo,
    workflowservice::v1::*,
};
use tokio::net::TcpListener;
use tonic::{client::Grpc, transport::Channel};

const LIMIT: Duration = Duration::from_secs(60);
const WORKFLOW: &str = "called-back";

/// What a listener does with one call.
#[derive(Clone, Copy)]
enum Answer {
    Status(StatusCode),
    Hang,
}

/// What a listener was told.
#[derive(Clone, Debug)]
struct Call {
    headers: HeaderMap,
    body: Bytes,
}

/// Listens for callbacks; answers as listed, and then with yes.
#[derive(Clone, Default)]
struct Listener {
    answers: Arc<Mutex<Vec<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

async fn hear(State(listener): State<Listener>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let answer = {
        let mut calls = lock(&listener.calls);
        calls.push(Call { headers, body });
        let answers = lock(&listener.answers);
        answers.get(calls.len() - 1).copied()
    };
    match answer {
        None => StatusCode::OK,
        Some(Answer::Status(status)) => status,
        Some(Answer::Hang) => std::future::pending().await,
    }
}

impl Listener {
    async fn start(answers: &[Answer]) -> Result<(Self, String)> {
        let listener = Self { answers: Arc::new(Mutex::new(answers.to_vec())), ..Self::default() };
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://localhost:{}/done", socket.local_addr()?.port());
        let router = Router::new().route("/done", post(hear)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        Ok((listener, url))
    }

    fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    async fn called(&self, times: usize) -> Result<()> {
        wait::until("a call", LIMIT, async || (self.calls().len() == times).then_some(())).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A Temporal client.
struct Client(Grpc<Channel>);

impl Client {
    async fn connect(engine: &Engine) -> Result<Self> {
        let address = engine.file.grpc_addr.as_ref().context("the gateway is open")?;
        let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
        Ok(Self(Grpc::new(channel)))
    }

    async fn ask<Q, A>(&mut self, name: &str, request: Q) -> Result<A>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{name}");
        self.0.ready().await?;
        let codec = tonic_prost::ProstCodec::<Q, A>::default();
        let path = PathAndQuery::try_from(path)?;
        Ok(self.0.unary(tonic::Request::new(request), path, codec).await?.into_inner())
    }

    async fn start(&mut self, url: &str) -> Result<()> {
        let header = [("Nexus-Callback-Token".to_owned(), "token".to_owned())].into();
        let nexus = Nexus { url: url.to_owned(), header };
        let callback = common::Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() };
        let request = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: WORKFLOW.to_owned(),
            workflow_type: Some(common::WorkflowType { name: "Nothing".to_owned() }),
            task_queue: Some(TaskQueue { name: "nobody".to_owned(), ..TaskQueue::default() }),
            request_id: "start".to_owned(),
            completion_callbacks: vec![callback],
            ..StartWorkflowExecutionRequest::default()
        };
        let name = "StartWorkflowExecution";
        self.ask::<_, StartWorkflowExecutionResponse>(name, request).await.map(drop)
    }

    async fn terminate(&mut self) -> Result<()> {
        let request = TerminateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: Some(execution()),
            reason: "a secret".to_owned(),
            ..TerminateWorkflowExecutionRequest::default()
        };
        let name = "TerminateWorkflowExecution";
        self.ask::<_, TerminateWorkflowExecutionResponse>(name, request).await.map(drop)
    }

    async fn callback(&mut self) -> Result<CallbackInfo> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: Some(execution()),
        };
        let name = "DescribeWorkflowExecution";
        let described: DescribeWorkflowExecutionResponse = self.ask(name, request).await?;
        described.callbacks.into_iter().next().context("it has a callback")
    }

    async fn succeeded(&mut self) -> Result<CallbackInfo> {
        let deadline = tokio::time::Instant::now() + LIMIT;
        loop {
            let callback = self.callback().await?;
            if callback.state() == CallbackState::Succeeded {
                return Ok(callback);
            }
            ensure!(tokio::time::Instant::now() < deadline, "waited in vain: {callback:?}");
            tokio::time::sleep(Duration::from_millis(20)).await; // tidy: poll interval
        }
    }
}

fn execution() -> common::WorkflowExecution {
    common::WorkflowExecution { workflow_id: WORKFLOW.to_owned(), run_id: String::new() }
}

fn options() -> Options {
    Options { settings: vec!["callbacks.backoff=200ms".to_owned()], ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_tried_until_it_is_accepted() -> Result<()> {
    let home = Home::new()?;
    let engine = Engine::start(&home, options()).await?;
    let refusals = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR];
    let (listener, url) = Listener::start(&refusals.map(Answer::Status)).await?;
    let mut client = Client::connect(&engine).await?;
    let elsewhere = client.start("http://example.com/").await.unwrap_err();
    ensure!(elsewhere.to_string().contains("does not match any configured"), "{elsewhere}");
    client.start(&url).await?;
    ensure!(client.callback().await?.state() == CallbackState::Standby);
    ensure!(listener.calls().is_empty());
    client.terminate().await?;
    let callback = client.succeeded().await?;
    ensure!(callback.attempt == 3 && callback.last_attempt_failure.is_none(), "{callback:?}");
    let calls = listener.calls();
    ensure!(calls.len() == 3, "{calls:?}");
    let header = |name: &str| calls[2].headers.get(name).and_then(|value| value.to_str().ok());
    ensure!(header("nexus-callback-token") == Some("token"));
    ensure!(header("nexus-operation-state") == Some("failed"));
    ensure!(header("nexus-link").is_some_and(|link| link.contains("/workflows/called-back/")));
    let told: Value = serde_json::from_slice(&calls[2].body)?;
    let expected = json!({
        "message": "operation terminated",
        "metadata": { "type": "temporal.api.failure.v1.Failure" },
        "details": { "terminatedFailureInfo": {} },
    });
    ensure!(told == expected, "{told}");
    ensure!(engine.stop().await?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_the_close_and_the_answer_loses_no_callback() -> Result<()> {
    let home = Home::new()?;
    let engine = Engine::start(&home, options()).await?;
    let (listener, url) = Listener::start(&[Answer::Hang]).await?;
    let mut client = Client::connect(&engine).await?;
    client.start(&url).await?;
    client.terminate().await?;
    listener.called(1).await?;
    let engine = engine.crash().await?;
    listener.called(2).await?;
    let mut client = Client::connect(&engine).await?;
    ensure!(client.succeeded().await?.attempt == 1, "the first try never ended");
    // That it was accepted is durable: another kill does not lead to another call.
    let engine = engine.crash().await?;
    let mut client = Client::connect(&engine).await?;
    client.succeeded().await?;
    ensure!(listener.calls().len() == 2);
    ensure!(engine.stop().await?.success());
    Ok(())
}
