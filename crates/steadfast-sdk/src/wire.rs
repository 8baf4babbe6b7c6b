//! Requests and answers of the native protocol.

use std::time::Duration;

use async_nats::{HeaderMap, Request, RequestErrorKind};
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Identity, Namespace};
use steadfast_protocol::{
    ErrorBody, PROTOCOL_VERSION, codec, header,
    message::{ApiVerb, TaskVerb},
    subject::{self, token},
};
use tokio::time::Instant;

use crate::{
    error::{Error, ErrorKind},
    trace,
};

/// The first pause before a request is repeated; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How much longer than the engine the SDK waits, for the way of the answer.
const ON_THE_WAY: Duration = Duration::from_secs(3);

/// One namespace of an engine, behind a NATS connection.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) nats: async_nats::Client,
    pub(crate) namespace: Namespace,
    pub(crate) identity: Identity,
    /// How long one request may take that waits for nothing.
    pub(crate) request_timeout: Duration,
    /// How long requests are repeated while the engine is out of reach.
    pub(crate) patience: Duration,
}

/// The id itself, for messages whose subject has only its hash.
pub(crate) fn named<T: for<'a> From<&'a str>>(text: &str) -> Option<T> {
    token::escape(text).starts_with("=h").then(|| T::from(text))
}

impl Wire {
    /// The namespace itself, when the subject has only its hash.
    pub(crate) fn named_namespace(&self) -> Option<Namespace> {
        named(self.namespace.as_str())
    }

    /// A client's request that waits for nothing; repeated while the engine is out of reach.
    pub(crate) async fn api<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &Q,
    ) -> Result<A, Error> {
        let subject = subject::api_subject(self.namespace.as_str(), verb.name());
        let deadline = Instant::now() + self.patience;
        let answer = self.repeat(&subject, request, self.request_timeout, deadline).await?;
        answer.ok_or_else(empty)
    }

    /// A client's request that waits at the engine; nothing when the wait ended first.
    pub(crate) async fn api_wait<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &Q,
        wait: Duration,
    ) -> Result<Option<A>, Error> {
        let subject = subject::api_subject(self.namespace.as_str(), verb.name());
        let deadline = Instant::now() + self.patience;
        self.repeat(&subject, request, wait + ON_THE_WAY, deadline).await
    }

    /// A worker's answer; repeated until the deadline while the engine is out of reach.
    pub(crate) async fn task<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: TaskVerb,
        request: &Q,
        deadline: Instant,
    ) -> Result<A, Error> {
        let subject = subject::task_subject(self.namespace.as_str(), verb.name());
        let answer = self.repeat(&subject, request, self.request_timeout, deadline).await?;
        answer.ok_or_else(empty)
    }

    /// Repeats a request while its errors are retryable and the deadline has not passed.
    async fn repeat<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        request: &Q,
        wait: Duration,
        deadline: Instant,
    ) -> Result<Option<A>, Error> {
        let mut pause = PAUSE_MIN;
        loop {
            match self.once(subject, request, wait).await {
                Err(error) if error.is_retryable() && Instant::now() + pause < deadline => {
                    tracing::debug!(%error, subject, "request is repeated");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                result => return result,
            }
        }
    }

    /// One request; nothing when the engine's wait ended first.
    pub(crate) async fn once<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        request: &Q,
        wait: Duration,
    ) -> Result<Option<A>, Error> {
        let body = codec::encode(request)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::PROTOCOL, PROTOCOL_VERSION.to_string().as_str());
        if let Some(traceparent) = trace::current() {
            headers.insert(header::TRACEPARENT, traceparent.as_str());
        }
        let max = self.nats.max_payload();
        if max > 0 && body.len() > max {
            let message = format!("the request has {} bytes, NATS takes {max}", body.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let request = Request::new().payload(body).headers(headers).timeout(Some(wait));
        let answer = self.nats.send_request(subject.to_owned(), request).await;
        let answer = answer.map_err(|error| {
            let kind = match error.kind() {
                RequestErrorKind::TimedOut => ErrorKind::Timeout,
                RequestErrorKind::NoResponders => ErrorKind::NoEngine,
                RequestErrorKind::MaxPayloadExceeded => ErrorKind::TooLarge,
                RequestErrorKind::InvalidSubject => ErrorKind::Encode,
                RequestErrorKind::Other => ErrorKind::Connection,
            };
            Error::new(kind, error.to_string())
        })?;
        if let Some(headers) = &answer.headers {
            if headers.get(header::ERROR_CODE).is_some() {
                return Err(codec::decode::<ErrorBody>(&answer.payload)?.into());
            }
            if headers.get(header::EMPTY).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(codec::decode(&answer.payload)?))
    }

    /// Waits for a task; nothing when there was none. Not repeated: pollers decide that.
    pub(crate) async fn poll<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        poll: &Q,
        wait: Duration,
    ) -> Result<Option<A>, Error> {
        self.once(subject, poll, wait + ON_THE_WAY).await
    }
}

fn empty() -> Error {
    Error::new(ErrorKind::Decode, "the answer is empty")
}
