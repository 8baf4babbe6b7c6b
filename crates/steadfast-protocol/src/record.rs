//! Stored records: one JetStream message each, a versioned MessagePack map.
//!
//! The map is `{v: 1, record: {...}}`, or `{v: 1, object: {...}}` for a record too large for a message,
//! which then lies in the object store. The fields of a version never change: a new shape is a new
//! version with its own module, and every version stays readable (golden files pin the bytes).

pub mod v1;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::Record;

use crate::codec::{self, DecodeError, EncodeError};

/// The version that this build writes.
pub const VERSION: u32 = v1::VERSION as u32;

/// Names a record's bytes that lie in the object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The object's name in the bucket.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// The CRC-32 of its bytes.
    pub crc32: u32,
}

impl ObjectRef {
    /// Names these bytes.
    pub fn of(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self { name: name.into(), bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }

    /// Whether these are the bytes that were named.
    pub fn check(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        if bytes.len() as u64 != self.bytes || crc32fast::hash(bytes) != self.crc32 {
            return Err(DecodeError::Checksum);
        }
        Ok(())
    }
}

/// What a message of a history stream holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// The record.
    Record(Record),
    /// Where the record's encoding lies.
    Object(ObjectRef),
}

/// Writes a record.
pub fn encode(record: &Record) -> Result<Bytes, EncodeError> {
    v1::encode(record)
}

/// Writes where a record's encoding lies.
pub fn encode_object(object: &ObjectRef) -> Result<Bytes, EncodeError> {
    v1::encode_object(object)
}

/// Reads a message of a history stream.
pub fn read(bytes: &[u8]) -> Result<Contents, DecodeError> {
    let (version, field, value) = codec::split_versioned(bytes)?;
    match version {
        VERSION => v1::read(field, value),
        found => Err(DecodeError::UnknownVersion { found, known: VERSION }),
    }
}

/// Reads a record; a reference to an object is an error here.
pub fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    match read(bytes)? {
        Contents::Record(record) => Ok(record),
        Contents::Object(object) => {
            Err(DecodeError::Malformed(format!("the record lies in object {:?}", object.name)))
        }
    }
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
