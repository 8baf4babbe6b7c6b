//! Writing one record, and what JetStream's answers mean.
//!
//! An append whose outcome is unknown may still be under way. Reads of its partition therefore wait
//! for a *barrier* first: a publish that can only be refused, behind it on the same connection and in
//! the same stream's queue. When the refusal is there, the append has been decided.

use std::time::Duration;

use async_nats::{
    Client, HeaderMap, HeaderValue,
    connection::State,
    jetstream::{
        self, Context, ErrorCode,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use bytes::Bytes;
use steadfast_engine::ports::{Append, AppendError, BoxError, Expected, ReadError, Sequence};
use steadfast_protocol::{header, record, subject};

use crate::{
    partition::Part,
    spill::{Spill, Spilled},
};

/// On records: the object that holds them, so that a purge need not decode them.
pub(crate) const OBJECT_HEADER: &str = "Sf-Object";
/// No stream gets this far: an append that expects it is always refused.
const NEVER: Sequence = i64::MAX as Sequence;

/// One message that is ready to be written.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Appends on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    client: Client,
    context: Context,
    timeout: Duration,
}

impl Writer {
    pub(crate) fn new(client: Client, timeout: Duration) -> Self {
        let builder = jetstream::context::ContextBuilder::new().timeout(timeout);
        let context = builder.max_ack_inflight(IN_FLIGHT_MAX).build(client.clone());
        Self { client, context, timeout }
    }

    /// Publishes a message and waits for the stream's answer.
    pub(crate) async fn publish(
        &self,
        part: &Part,
        message: Outgoing,
    ) -> Result<Sequence, AppendError> {
        self.connected()?;
        let in_flight = part.begin();
        let result = match &part.group {
            Some(group) => group.append(message).await,
            None => self.exchange(message).await,
        };
        if !matches!(result, Err(AppendError::Unknown(_))) {
            in_flight.known();
        }
        result
    }

    /// The same for what no read waits for.
    pub(crate) async fn publish_cache(&self, message: Outgoing) -> Result<Sequence, AppendError> {
        self.connected()?;
        self.exchange(message).await
    }

    /// One message, one answer.
    pub(crate) async fn exchange(&self, message: Outgoing) -> Result<Sequence, AppendError> {
        let publish = PublishMessage::build().payload(message.body).headers(message.headers);
        let sent = self.context.send_publish(message.subject, publish).await;
        let ack = sent.map_err(not_sent)?.await.map_err(not_acknowledged)?;
        Ok(ack.sequence)
    }

    /// Waits until no append of the partition from before is undecided any more.
    pub(crate) async fn barrier(&self, part: &Part) -> Result<(), ReadError> {
        if part.unsettled().is_none() {
            return Ok(());
        }
        let _one_at_a_time = part.settling.lock().await;
        let Some(unknown) = part.unsettled() else {
            return Ok(());
        };
        let unavailable = |error: AppendError| ReadError::Unavailable(error.into());
        self.connected().map_err(unavailable)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(NEVER));
        let subject = format!("sf.h.{}.=.=.=.=", part.number);
        match self.exchange(Outgoing { subject, headers, body: Bytes::new() }).await {
            Err(AppendError::WrongSequence) => {
                part.settle(unknown);
                Ok(())
            }
            Err(error) => Err(unavailable(error)),
            Ok(sequence) => {
                let reason = "the barrier was stored".to_owned();
                Err(ReadError::Corrupt { sequence, reason })
            }
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is published while disconnected would be sent later, unasked.
    fn connected(&self) -> Result<(), AppendError> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            State::Pending | State::Disconnected => {
                Err(AppendError::Unavailable("not connected to NATS".into()))
            }
        }
    }
}

/// Appends in flight on one connection; more wait for a place.
const IN_FLIGHT_MAX: usize = 16_384;

/// A record as a message; a large one goes to the object store first.
pub(crate) async fn prepare(
    spill: &Spill,
    part: &Part,
    append: &Append,
) -> Result<(Outgoing, Option<Spilled>), AppendError> {
    let key = &append.address.key;
    let subject = subject::history_subject(part.number, key, &append.address.workflow_type);
    let encoded = record::encode(&append.record);
    let encoded = encoded.map_err(|error| AppendError::Unavailable(error.into()))?;
    let mut headers = HeaderMap::new();
    let (sequence, filter) = match append.expected {
        Expected::Run(sequence) => (sequence, None),
        Expected::Workflow(sequence) => {
            let (namespace, id) = (key.namespace.as_str(), key.workflow_id.as_str());
            (sequence, Some(subject::history_filter_workflow(part.number, namespace, id)))
        }
    };
    headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(sequence));
    if let Some(filter) = filter {
        headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, filter);
    }
    headers.insert(header::STATUS, append.status.name());
    let events = header::events_value(&append.record);
    if !events.is_empty() {
        headers.insert(header::EVENTS, events);
    }
    let workflow_type = append.address.workflow_type.as_str();
    headers.insert(header::RUN_TYPE, subject::token::escape(workflow_type));
    headers.insert(header::VERSION, HeaderValue::from(record::VERSION));
    insert_text(&mut headers, header::TRACEPARENT, append.traceparent.as_deref());
    let Some(spilled) = spill.put_if_large(&subject, &encoded).await? else {
        return Ok((Outgoing { subject, headers, body: encoded }, None));
    };
    headers.insert(OBJECT_HEADER, spilled.object.name.as_str());
    let body = record::encode_object(&spilled.object);
    let body = body.map_err(|error| AppendError::Unavailable(error.into()))?;
    Ok((Outgoing { subject, headers, body }, Some(spilled)))
}

/// Text from outside: what no header can hold is left out.
pub(crate) fn insert_text(headers: &mut HeaderMap, name: &'static str, text: Option<&str>) {
    if let Some(value) = text.and_then(|text| text.parse::<HeaderValue>().ok()) {
        headers.insert(name, value);
    }
}

fn not_sent(error: PublishError) -> AppendError {
    match error.kind() {
        PublishErrorKind::StreamNotFound
        | PublishErrorKind::WrongLastMessageId
        | PublishErrorKind::WrongLastSequence
        | PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending
        | PublishErrorKind::MaxPayloadExceeded
        | PublishErrorKind::Other => AppendError::Unavailable(error.into()),
    }
}

fn not_acknowledged(error: PublishError) -> AppendError {
    match error.kind() {
        PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => {
            AppendError::WrongSequence
        }
        PublishErrorKind::StreamNotFound => AppendError::Unavailable(error.into()),
        PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending
        | PublishErrorKind::MaxPayloadExceeded => AppendError::Unknown(error.into()),
        PublishErrorKind::Other => match refusal(&error) {
            Some(code) => refused(code, error.into()),
            None => AppendError::Unknown(error.into()),
        },
    }
}

/// What the server said, when it said something.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<ErrorCode> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(answer) = error.downcast_ref::<jetstream::Error>() {
            return Some(answer.error_code());
        }
        cause = error.source();
    }
    None
}

/// A refusal means that nothing was written; the sequence checks have several codes.
pub(crate) fn refused(code: ErrorCode, source: BoxError) -> AppendError {
    match code {
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT => {
            AppendError::WrongSequence
        }
        _ => AppendError::Unavailable(source),
    }
}

#[cfg(test)]
mod tests;
