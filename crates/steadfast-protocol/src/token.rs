//! Task tokens: what a worker gets with a task and gives back with its answer, opaque to it.
//!
//! A token is not a secret and grants nothing by itself: NATS permissions on the subjects do. One that
//! was made up names a task that is not out, and is refused for that.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{EventId, RequestId, RunKey};

use crate::codec::{self, DecodeError, EncodeError};

/// The version that this build writes, and the only one it reads.
pub const VERSION: u8 = 1;

const FIELD: &str = "token";

/// What kind of task a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// An attempt of an activity.
    Activity,
    /// A workflow task.
    Workflow,
    /// A workflow task that is nothing but a query.
    Query,
}

/// A task's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskToken {
    /// The kind of task.
    pub kind: TaskKind,
    /// The run it belongs to.
    pub run: RunKey,
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// Its attempt.
    pub attempt: i32,
    /// Its started event (workflow tasks).
    #[serde(default)]
    pub started_event_id: EventId,
    /// The poll that took it (workflow tasks).
    #[serde(default)]
    pub request_id: RequestId,
}

impl TaskToken {
    /// The token as workers see it.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        codec::encode_after(codec::versioned_prefix(VERSION, FIELD), self)
    }

    /// Reads what a worker gave back.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (version, field, value) = codec::split_versioned(bytes)?;
        let known = u32::from(VERSION);
        if version != known {
            return Err(DecodeError::UnknownVersion { found: version, known });
        }
        if field != FIELD.as_bytes() {
            return Err(DecodeError::UnknownField(String::from_utf8_lossy(field).into_owned()));
        }
        codec::decode_request(value)
    }
}

#[cfg(test)]
mod tests;
