//! One atomic batch: all of its records are written, or none.

use async_nats::{
    HeaderMap, HeaderValue, Request,
    client::RequestErrorKind,
    header::{NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE},
    jetstream::{publish::PublishAck, response::Response},
};
use steadfast_engine::ports::{AppendError, Sequence};

use super::Waiting;
use crate::append::{Outgoing, Writer};

/// What became of a batch.
enum Outcome {
    /// All were written; the last one lies here.
    Written(Sequence),
    /// None was written.
    Refused,
    /// Nobody knows.
    Unknown(String),
}

/// Writes a batch and answers its records' callers; gives the records back when it is refused.
pub(super) async fn write(writer: &Writer, group: Vec<Waiting>) -> Vec<Waiting> {
    let outcome = send(writer, &group).await;
    let count = group.len() as u64;
    match outcome {
        Outcome::Refused => return group,
        Outcome::Written(last) => {
            for (index, waiting) in (0..).zip(group) {
                // A batch is contiguous: nothing else is written in between.
                drop(waiting.answer.send(Ok(last + 1 + index - count)));
            }
        }
        Outcome::Unknown(reason) => {
            for waiting in group {
                drop(waiting.answer.send(Err(AppendError::Unknown(reason.clone().into()))));
            }
        }
    }
    Vec::new()
}

async fn send(writer: &Writer, group: &[Waiting]) -> Outcome {
    let Some((last, others)) = group.split_last() else {
        return Outcome::Refused;
    };
    let id = HeaderValue::from(uuid::Uuid::new_v4().simple().to_string());
    for (sequence, waiting) in (1_u64..).zip(others) {
        let Outgoing { subject, headers, body } = &waiting.message;
        let headers = in_batch(headers, &id, sequence);
        let sent = writer.client().publish_with_headers(subject.clone(), headers, body.clone());
        // Without its commit, the server forgets a batch.
        if sent.await.is_err() {
            return Outcome::Refused;
        }
    }
    let Outgoing { subject, headers, body } = &last.message;
    let mut headers = in_batch(headers, &id, group.len() as u64);
    headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
    let request = Request::new().headers(headers).payload(body.clone());
    let request = request.timeout(Some(writer.timeout()));
    let answer = match writer.client().send_request(subject.clone(), request).await {
        Ok(answer) => answer,
        Err(error) if error.kind() == RequestErrorKind::NoResponders => return Outcome::Refused,
        Err(error) => return Outcome::Unknown(error.to_string()),
    };
    match serde_json::from_slice::<Response<PublishAck>>(&answer.payload) {
        Ok(Response::Ok(ack)) => Outcome::Written(ack.sequence),
        Ok(Response::Err { error }) => {
            tracing::debug!(%error, records = group.len(), "a batch is refused");
            Outcome::Refused
        }
        Err(error) => Outcome::Unknown(error.to_string()),
    }
}

fn in_batch(headers: &HeaderMap, id: &HeaderValue, sequence: u64) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(NATS_BATCH_ID, id.clone());
    headers.insert(NATS_BATCH_SEQUENCE, HeaderValue::from(sequence));
    headers
}
