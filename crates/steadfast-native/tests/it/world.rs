//! A server, an engine, the front door, and a client that speaks bytes.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use async_nats::{Client, Message, Request};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Payload, Payloads};
use steadfast_engine::{Engine, EngineConfig, World as Ports};
use steadfast_jetstream::{Config, JetStreamLog};
use steadfast_native::{NativeConfig, NatsServices, ServeError};
use steadfast_nats::Server;
use steadfast_protocol::{
    ErrorBody, ErrorCode, codec, header,
    message::{self, ActivityTask, WorkflowTask},
    subject::{self, PollKind},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The namespace of tests that need only one.
pub(crate) const SHOP: &str = "shop";

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<Result<(), ServeError>>,
    engine: Engine,
    _server: Server,
}

impl World {
    pub(crate) async fn start() -> Result<Self> {
        Self::with(NativeConfig::default()).await
    }

    pub(crate) async fn with(config: NativeConfig) -> Result<Self> {
        let server = Server::start(steadfast_nats::Config::default()).await?;
        let connect = async || async_nats::connect(server.client_url()).await;
        let own = connect().await?;
        let log = Config { partitions: 2, ..Config::default() };
        let log = JetStreamLog::open(own.clone(), &log).await?;
        let services = Arc::new(NatsServices::new(own.clone()));
        let ports = Ports::on(Arc::new(log)).with_services(services);
        let engine = EngineConfig { partitions: 2, ..EngineConfig::default() };
        let engine = Engine::start(engine, ports).await?;
        engine.ready(tokio::time::Instant::now() + Duration::from_secs(20)).await?;
        let shutdown = CancellationToken::new();
        let front_door = steadfast_native::run(config, own, engine.clone(), None, shutdown.clone());
        let serving = tokio::spawn(front_door);
        let world = Self { client: connect().await?, shutdown, serving, engine, _server: server };
        world.served().await?;
        Ok(world)
    }

    /// Waits until the front door answers.
    async fn served(&self) -> Result<()> {
        loop {
            let list = self.client.request(subject::api_subject(SHOP, "list"), Bytes::new()).await;
            match list {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == async_nats::RequestErrorKind::NoResponders => {
                    tokio::task::yield_now().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells the door to stop; the nats-server, which passes its last answers on, lives until `stop`.
    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        self.serving.await??;
        self.engine.shutdown().await;
        Ok(())
    }

    /// Sends bytes, and gets the answer as it is.
    pub(crate) async fn raw(&self, subject: String, body: impl Into<Bytes>) -> Result<Message> {
        let request = Request::new().payload(body.into()).timeout(Some(Duration::from_secs(30)));
        Ok(self.client.send_request(subject, request).await?)
    }

    /// Sends a message to a subject; nothing when the answer is empty.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        subject: String,
        body: &impl Serialize,
    ) -> Result<Option<A>> {
        let answer = self.raw(subject, codec::encode(body)?).await?;
        if let Some(error) = error(&answer)? {
            return Err(anyhow!(error));
        }
        if header_of(&answer, header::EMPTY).is_some() {
            return Ok(None);
        }
        Ok(Some(codec::decode(&answer.payload)?))
    }

    pub(crate) async fn api<A: DeserializeOwned>(
        &self,
        verb: &str,
        body: &impl Serialize,
    ) -> Result<A> {
        self.ask(subject::api_subject(SHOP, verb), body).await?.context("empty answer")
    }

    pub(crate) async fn task<A: DeserializeOwned>(
        &self,
        verb: &str,
        body: &impl Serialize,
    ) -> Result<A> {
        self.ask(subject::task_subject(SHOP, verb), body).await?.context("empty answer")
    }

    pub(crate) async fn poll_activity(&self, queue: &str) -> Result<ActivityTask> {
        let subject = subject::poll_subject(SHOP, queue, PollKind::Activity);
        self.ask(subject, &poll()).await?.context("no activity task came")
    }

    pub(crate) async fn poll_workflow(&self, queue: &str) -> Result<WorkflowTask> {
        let subject = subject::poll_subject(SHOP, queue, PollKind::Workflow);
        self.ask(subject, &poll()).await?.context("no workflow task came")
    }

    /// Starts a workflow whose queue is its id.
    pub(crate) async fn start_workflow(&self, id: &str) -> Result<message::Started> {
        self.api("start", &start(id)).await
    }

    /// The code of the error that a request is answered with.
    pub(crate) async fn refusal(
        &self,
        subject: String,
        body: impl Into<Bytes>,
    ) -> Result<ErrorCode> {
        let answer = self.raw(subject, body).await?;
        let error = error(&answer)?.context("the request was not refused")?;
        error.known_code().context("an unknown code")
    }
}

pub(crate) fn start(id: &str) -> message::Start {
    message::Start {
        workflow_id: id.into(),
        workflow_type: "Order".into(),
        task_queue: id.into(),
        input: json("\"tea\""),
        ..message::Start::default()
    }
}

fn poll() -> message::Poll {
    message::Poll { identity: "worker".into(), timeout_ms: 20_000, ..message::Poll::default() }
}

pub(crate) fn json(text: &'static str) -> Payloads {
    vec![Payload::new("json/plain", text)]
}

pub(crate) fn header_of<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    Some(message.headers.as_ref()?.get(name)?.as_str())
}

/// The error in an answer; body and headers must agree.
pub(crate) fn error(answer: &Message) -> Result<Option<ErrorBody>> {
    let Some(number) = header_of(answer, header::ERROR_CODE) else {
        return Ok(None);
    };
    let body: ErrorBody = codec::decode(&answer.payload)?;
    let code = body.known_code().context("an unknown code")?;
    assert_eq!(code.number().to_string(), number);
    assert_eq!(code.is_retryable(), body.retryable);
    Ok(Some(body))
}
