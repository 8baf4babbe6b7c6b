//! Snapshots: a run's folded state and how far it reaches. A cache, so anything unreadable is ignored.
//!
//! The form is `{v: 1, snapshot: {crc32, body}}`, where `body` is the MessagePack of the state. A field
//! more or less in the state makes it unreadable, which is right: the history is folded instead. The
//! version must be raised when a field keeps its name and changes its meaning.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::Run;

use crate::codec::{self, DecodeError, EncodeError};

/// The version that this build writes, and the only one it reads.
pub const VERSION: u8 = 1;

const FIELD: &str = "snapshot";

/// A folded state.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Snapshot {
    /// The sequence of the last record that is folded in.
    pub sequence: u64,
    /// The run's trace context.
    pub traceparent: Option<String>,
    /// The state.
    pub run: Run,
}

#[derive(Serialize)]
struct Body<'a> {
    sequence: u64,
    traceparent: Option<&'a str>,
    run: &'a Run,
}

#[derive(Serialize)]
struct Sealed<'a> {
    crc32: u32,
    body: &'a serde_bytes::Bytes,
}

#[derive(Deserialize)]
struct Opened<'a> {
    crc32: u32,
    #[serde(borrow)]
    body: &'a serde_bytes::Bytes,
}

/// Writes a snapshot.
pub fn encode(run: &Run, sequence: u64, traceparent: Option<&str>) -> Result<Bytes, EncodeError> {
    let body = codec::encode(&Body { sequence, traceparent, run })?;
    let sealed = Sealed { crc32: crc32fast::hash(&body), body: serde_bytes::Bytes::new(&body) };
    codec::encode_after(codec::versioned_prefix(VERSION, FIELD), &sealed)
}

/// Reads a snapshot. Every error means the same to its reader: there is none.
pub fn decode(bytes: &[u8]) -> Result<Snapshot, DecodeError> {
    let (version, field, value) = codec::split_versioned(bytes)?;
    let known = u32::from(VERSION);
    if version != known {
        return Err(DecodeError::UnknownVersion { found: version, known });
    }
    if field != FIELD.as_bytes() {
        return Err(DecodeError::UnknownField(String::from_utf8_lossy(field).into_owned()));
    }
    let opened: Opened<'_> = codec::decode(value)?;
    if crc32fast::hash(opened.body) != opened.crc32 {
        return Err(DecodeError::Checksum);
    }
    codec::decode(opened.body)
}

#[cfg(test)]
mod tests;
