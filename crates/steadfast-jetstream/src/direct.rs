//! Reads straight from a stream, without a consumer: direct get, in batches (NATS ADR-31).
//!
//! One request, many messages to an inbox, then a status that ends the batch. async-nats has only the
//! single form, so the requests are written here.
//!
//! In a cluster any replica answers a direct get, and a follower may lag. That cannot break the log
//! (every append is fenced by the leader), but a takeover there may miss the newest records of a run
//! and learn of them only when its first append is refused.

use std::time::Duration;

use async_nats::{
    Client, HeaderMap, Message, StatusCode,
    client::RequestErrorKind,
    connection::State,
    header::{NATS_SEQUENCE, NATS_SUBJECT, NATS_TIME_STAMP},
};
use bytes::Bytes;
use futures::StreamExt;
use serde::Serialize;
use steadfast_core::Timestamp;
use steadfast_engine::ports::{BoxError, ReadError, Sequence};

/// Messages per batch of a walk: about 0.5 MB of usual records.
const MESSAGES_PER_BATCH: usize = 1_000;
/// Bytes per batch: the server's buffer for one connection is 64 MB.
const BYTES_PER_BATCH: usize = 8 * 1024 * 1024;
/// What a request for many subjects may name; the server refuses more than 1,024 results.
pub(crate) const SUBJECTS_MAX: usize = 512;

const NUM_PENDING: &str = "Nats-Num-Pending";
const UP_TO_SEQUENCE: &str = "Nats-UpTo-Sequence";
const MISSING: u16 = 404;
const TOO_MANY: u16 = 413;
const END_OF_BATCH: u16 = 204;

/// Why a direct get failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectError {
    #[error("the server did not answer")]
    Unavailable(#[source] BoxError),
    #[error("more subjects match than the server lists at once")]
    TooMany,
    #[error("the server answered {status}: {description}")]
    Refused { status: StatusCode, description: String },
    #[error("the server's answer lacks {0}")]
    Malformed(&'static str),
}

impl From<DirectError> for ReadError {
    fn from(error: DirectError) -> Self {
        match error {
            DirectError::Unavailable(source) => Self::Unavailable(source),
            DirectError::TooMany | DirectError::Refused { .. } | DirectError::Malformed(_) => {
                Self::Unavailable(error.into())
            }
        }
    }
}

/// A stored message.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) subject: String,
    pub(crate) sequence: Sequence,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Found {
    fn parse(message: Message) -> Result<Self, DirectError> {
        let headers = message.headers.ok_or(DirectError::Malformed("headers"))?;
        let subject = headers.get_last(NATS_SUBJECT).ok_or(DirectError::Malformed("a subject"))?;
        let subject = subject.as_str().to_owned();
        let sequence = headers.get_last(NATS_SEQUENCE).and_then(|v| v.as_str().parse().ok());
        let sequence = sequence.ok_or(DirectError::Malformed("a sequence"))?;
        Ok(Self { subject, sequence, headers, body: message.payload })
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get_last(name).map(|value| value.as_str())
    }

    /// When the server stored it.
    pub(crate) fn stored_at(&self) -> Timestamp {
        let text = self.headers.get_last(NATS_TIME_STAMP).map_or("", |value| value.as_str());
        let nanos = text.parse().map_or(0, |time: jiff::Timestamp| time.as_nanosecond());
        Timestamp(i64::try_from(nanos).unwrap_or(0))
    }
}

/// Some messages, in stream order, and how many more match.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Found>,
    pub(crate) pending: u64,
    up_to: Option<Sequence>,
}

#[derive(Serialize)]
struct Next<'a> {
    seq: Sequence,
    next_by_subj: &'a str,
    batch: usize,
    max_bytes: usize,
}

#[derive(Serialize)]
struct Last<'a> {
    multi_last: &'a [&'a str],
    batch: usize,
    max_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Sequence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    up_to_seq: Option<Sequence>,
}

/// The connection's direct reads.
#[derive(Clone, Debug)]
pub(crate) struct Direct {
    client: Client,
    timeout: Duration,
}

impl Direct {
    pub(crate) fn new(client: Client, timeout: Duration) -> Self {
        Self { client, timeout }
    }

    /// The next messages that match the filter, from a sequence on.
    pub(crate) async fn next(
        &self,
        stream: &str,
        filter: &str,
        from: Sequence,
    ) -> Result<Page, DirectError> {
        self.next_few(stream, filter, from, MESSAGES_PER_BATCH).await
    }

    /// The same, at most `batch` of them.
    pub(crate) async fn next_few(
        &self,
        stream: &str,
        filter: &str,
        from: Sequence,
        batch: usize,
    ) -> Result<Page, DirectError> {
        let request =
            Next { seq: from.max(1), next_by_subj: filter, batch, max_bytes: BYTES_PER_BATCH };
        self.batch(stream, &request).await
    }

    /// The last message of every subject that matches one of the filters, in stream order.
    pub(crate) async fn last_of_each(
        &self,
        stream: &str,
        filters: &[&str],
    ) -> Result<Vec<Found>, DirectError> {
        let (batch, max_bytes) = (MESSAGES_PER_BATCH, BYTES_PER_BATCH);
        let mut request =
            Last { multi_last: filters, batch, max_bytes, seq: None, up_to_seq: None };
        let mut found = Vec::new();
        loop {
            let mut page = self.batch(stream, &request).await?;
            let last = page.messages.last().map(|message| message.sequence);
            found.append(&mut page.messages);
            let (1.., Some(last)) = (page.pending, last) else {
                return Ok(found);
            };
            // The rest must be as of the same moment, or a subject could be missed.
            request.seq = Some(last + 1);
            request.up_to_seq = page.up_to;
        }
    }

    /// The place of the last message that matches the filter.
    pub(crate) async fn last_matching(
        &self,
        stream: &str,
        filter: &str,
    ) -> Result<Option<Sequence>, DirectError> {
        let body = serde_json::json!({ "last_by_subj": filter }).to_string();
        let answer = self.single(format!("$JS.API.DIRECT.GET.{stream}"), body.into()).await?;
        Ok(answer.map(|found| found.sequence))
    }

    /// The last message of one subject.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<Found>, DirectError> {
        self.single(format!("$JS.API.DIRECT.GET.{stream}.{subject}"), Bytes::new()).await
    }

    async fn single(&self, api: String, body: Bytes) -> Result<Option<Found>, DirectError> {
        self.connected()?;
        let request = async_nats::Request::new().payload(body).timeout(Some(self.timeout));
        let answer = self.client.send_request(api, request).await;
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::TimedOut
            | RequestErrorKind::NoResponders
            | RequestErrorKind::InvalidSubject
            | RequestErrorKind::MaxPayloadExceeded
            | RequestErrorKind::Other => DirectError::Unavailable(error.into()),
        })?;
        match answer.status.as_ref().map(StatusCode::as_u16) {
            None => Found::parse(answer).map(Some),
            Some(MISSING) => Ok(None),
            Some(_) => Err(refused(answer)),
        }
    }

    async fn batch<R: Serialize>(&self, stream: &str, request: &R) -> Result<Page, DirectError> {
        self.connected()?;
        let unavailable = |error: BoxError| DirectError::Unavailable(error);
        let body = serde_json::to_vec(request).map_err(|error| unavailable(error.into()))?;
        let inbox = self.client.new_inbox();
        let subscription = self.client.subscribe(inbox.clone()).await;
        let mut answers = subscription.map_err(|error| unavailable(error.into()))?;
        let api = format!("$JS.API.DIRECT.GET.{stream}");
        let sent = self.client.publish_with_reply(api, inbox, body.into()).await;
        sent.map_err(|error| unavailable(error.into()))?;

        let mut page = Page::default();
        loop {
            let answer = tokio::time::timeout(self.timeout, answers.next()).await;
            let answer = answer.map_err(|elapsed| unavailable(elapsed.into()))?;
            let answer = answer.ok_or_else(|| unavailable("the connection is closed".into()))?;
            match answer.status.as_ref().map(StatusCode::as_u16) {
                None => page.messages.push(Found::parse(answer)?),
                Some(END_OF_BATCH) => {
                    let pending = number(&answer, NUM_PENDING);
                    page.pending = pending.ok_or(DirectError::Malformed(NUM_PENDING))?;
                    page.up_to = number(&answer, UP_TO_SEQUENCE);
                    return Ok(page);
                }
                Some(MISSING) => return Ok(page),
                Some(TOO_MANY) => return Err(DirectError::TooMany),
                Some(_) => return Err(refused(answer)),
            }
        }
    }

    /// Requests made while disconnected would wait in the client until their timeout.
    fn connected(&self) -> Result<(), DirectError> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => {
                Err(DirectError::Unavailable("not connected to NATS".into()))
            }
        }
    }
}

fn number(answer: &Message, header: &str) -> Option<u64> {
    answer.headers.as_ref()?.get_last(header)?.as_str().parse().ok()
}

fn refused(answer: Message) -> DirectError {
    let description = answer.description.unwrap_or_default();
    DirectError::Refused { status: answer.status.unwrap_or_default(), description }
}
