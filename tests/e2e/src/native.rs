//! The native protocol, spoken by hand.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_nats::{Client, ConnectOptions, HeaderMap, Request, jetstream};
use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use steadfast_core::{Event, Payload, Payloads, run::Status};
use steadfast_protocol::{
    PROTOCOL_VERSION, codec,
    error::ErrorBody,
    header,
    message::{
        ApiVerb, AwaitResult, Describe, Description, Done, History, HistoryPage, Signal, Start,
        Started, TaskVerb, WorkflowResult,
    },
    subject,
};
use tokio::time::Instant;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a request is tried again while the engine is away.
const INSIST: Duration = Duration::from_secs(90);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Why there is no good answer.
#[derive(Debug)]
pub enum Fault {
    /// The engine's typed error.
    Refused(ErrorBody),
    /// Nobody answered: no responder, no connection, no time.
    Silence(String),
}

impl Fault {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(body) => body.retryable,
            Self::Silence(_) => true,
        }
    }

    /// The error's code, or why there is none.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(body) => &body.code,
            Self::Silence(_) => "silence",
        }
    }
}

/// A connection and a namespace.
#[derive(Clone, Debug)]
pub struct Native {
    /// The connection.
    pub client: Client,
    /// The namespace.
    pub namespace: String,
    /// The version of the protocol that requests claim.
    pub protocol: String,
    /// The W3C trace context that requests carry.
    pub traceparent: Option<String>,
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Result<Payload> {
    Ok(Payload::new("json/plain", serde_json::to_vec(value)?))
}

/// The first value of a list.
pub fn first(payloads: &Payloads) -> Value {
    payloads
        .first()
        .and_then(|payload| serde_json::from_slice(&payload.data).ok())
        .unwrap_or(Value::Null)
}

impl Native {
    /// Connects, and reconnects for ever.
    pub async fn connect(url: &str, namespace: &str) -> Result<Self> {
        let client = ConnectOptions::new().max_reconnects(None).connect(url).await?;
        let (namespace, protocol) = (namespace.to_owned(), PROTOCOL_VERSION.to_string());
        Ok(Self { client, namespace, protocol, traceparent: None })
    }

    /// The same connection, another namespace.
    pub fn with_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// The same, but requests claim another version of the protocol.
    pub fn with_protocol(&self, version: &str) -> Self {
        Self { protocol: version.to_owned(), ..self.clone() }
    }

    /// The same, but requests are part of a trace.
    pub fn with_traceparent(&self, traceparent: &str) -> Self {
        Self { traceparent: Some(traceparent.to_owned()), ..self.clone() }
    }

    /// The subjects of the runs whose workflow ids are wanted, as the log has them: past the engine.
    pub async fn history_subjects(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let context = jetstream::new(self.client.clone());
        let mut subjects_found = Vec::new();
        let mut streams = context.stream_names();
        while let Some(name) = streams.try_next().await? {
            if !name.starts_with("SF_HISTORY_") {
                continue;
            }
            let stream = context.get_stream(&name).await?;
            let mut subjects = stream.info_with_subjects(">").await?;
            while let Some((found, _)) = subjects.try_next().await? {
                let run = subject::parse_history(&found)?;
                if run.workflow_id.text().is_some_and(&wanted) {
                    subjects_found.push(found);
                }
            }
        }
        Ok(subjects_found)
    }

    /// Any bytes to any subject.
    pub async fn raw(
        &self,
        subject: String,
        body: impl Into<Bytes>,
        limit: Duration,
    ) -> Result<Bytes, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(header::PROTOCOL, self.protocol.as_str());
        if let Some(traceparent) = &self.traceparent {
            headers.insert(header::TRACEPARENT, traceparent.as_str());
        }
        let request = Request::new().headers(headers).payload(body.into()).timeout(Some(limit));
        let answer = self.client.send_request(subject, request).await;
        let answer = answer.map_err(|error| Fault::Silence(error.to_string()))?;
        let headers = answer.headers.as_ref();
        if headers.is_none_or(|headers| headers.get(header::ERROR_CODE).is_none()) {
            return Ok(answer.payload);
        }
        match codec::decode(&answer.payload) {
            Ok(body) => Err(Fault::Refused(body)),
            Err(error) => Err(Fault::Silence(format!("an error that cannot be read: {error}"))),
        }
    }

    /// A client's request, once.
    pub async fn api<A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &impl Serialize,
    ) -> Result<Result<A, Fault>> {
        let subject = subject::api_subject(&self.namespace, verb.name());
        self.once(subject, request, ANSWER).await
    }

    /// A worker's answer, once.
    pub async fn task<A: DeserializeOwned>(
        &self,
        verb: TaskVerb,
        request: &impl Serialize,
    ) -> Result<Result<A, Fault>> {
        let subject = subject::task_subject(&self.namespace, verb.name());
        self.once(subject, request, ANSWER).await
    }

    /// A request, once.
    pub async fn once<A: DeserializeOwned>(
        &self,
        subject: String,
        request: &impl Serialize,
        limit: Duration,
    ) -> Result<Result<A, Fault>> {
        Ok(match self.raw(subject, codec::encode(request)?, limit).await {
            Ok(bytes) => Ok(codec::decode(&bytes)?),
            Err(fault) => Err(fault),
        })
    }

    /// A request, again and again while the engine is away.
    pub async fn insist<A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &impl Serialize,
    ) -> Result<A> {
        let deadline = Instant::now() + INSIST;
        loop {
            match self.api(verb, request).await? {
                Ok(answer) => return Ok(answer),
                Err(fault) if fault.is_retryable() && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await; // tidy: poll interval
                }
                Err(fault) => bail!("{}: {fault:?}", verb.name()),
            }
        }
    }

    /// Starts a workflow.
    pub async fn start(
        &self,
        workflow_type: &str,
        workflow_id: &str,
        queue: &str,
        input: &impl Serialize,
    ) -> Result<Started> {
        let request = Start {
            workflow_id: workflow_id.into(),
            workflow_type: workflow_type.into(),
            task_queue: queue.into(),
            input: vec![json(input)?],
            request_id: uuid::Uuid::new_v4().to_string().into(),
            ..Start::default()
        };
        self.insist(ApiVerb::Start, &request).await
    }

    /// Sends a signal.
    pub async fn signal(
        &self,
        workflow_id: &str,
        name: &str,
        input: &impl Serialize,
    ) -> Result<()> {
        let request = Signal {
            workflow_id: workflow_id.into(),
            name: name.to_owned(),
            input: vec![json(input)?],
            request_id: uuid::Uuid::new_v4().to_string().into(),
            ..Signal::default()
        };
        let Done {} = self.insist(ApiVerb::Signal, &request).await?;
        Ok(())
    }

    /// A run's state.
    pub async fn describe(&self, workflow_id: &str) -> Result<Description> {
        let request = Describe { workflow_id: workflow_id.into(), ..Describe::default() };
        self.insist(ApiVerb::Describe, &request).await
    }

    /// Waits for a workflow's end.
    pub async fn result(&self, workflow_id: &str, limit: Duration) -> Result<WorkflowResult> {
        let deadline = Instant::now() + limit;
        let request = AwaitResult {
            workflow_id: workflow_id.into(),
            timeout_ms: 2_000,
            ..AwaitResult::default()
        };
        let body = codec::encode(&request)?;
        while Instant::now() < deadline {
            let subject = subject::api_subject(&self.namespace, ApiVerb::Result.name());
            match self.raw(subject, body.clone(), ANSWER).await {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Ok(codec::decode(&bytes)?),
                Err(fault) if fault.is_retryable() => tokio::time::sleep(PAUSE).await, // tidy: poll interval
                Err(fault) => bail!("result of {workflow_id}: {fault:?}"),
            }
        }
        bail!("{workflow_id} did not end within {limit:?}: {:?}", self.describe(workflow_id).await)
    }

    /// Waits until a workflow has completed; its value.
    pub async fn value(&self, workflow_id: &str, limit: Duration) -> Result<Value> {
        let ended = self.result(workflow_id, limit).await?;
        if ended.status != Status::Completed {
            bail!("{workflow_id} ended {:?}: {:?}", ended.status, ended.failure);
        }
        Ok(first(&ended.result))
    }

    /// A workflow's whole history.
    pub async fn history(&self, workflow_id: &str) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut request = History { workflow_id: workflow_id.into(), ..History::default() };
        loop {
            let page: HistoryPage = self.insist(ApiVerb::History, &request).await?;
            let got = page.events.len();
            events.extend(page.events);
            match page.next_event_id {
                Some(next) if got > 0 => request.from_event_id = next,
                Some(_) | None => return Ok(events),
            }
            request.run_id = page.run_id;
        }
    }

    /// The id of the run that a workflow has now.
    pub async fn run_id(&self, workflow_id: &str) -> Result<String> {
        let description = self.describe(workflow_id).await.context("describe")?;
        Ok(description.run_id.to_string())
    }
}
