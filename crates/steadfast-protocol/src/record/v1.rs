//! Version 1: the core's own types, as serde writes them with named fields.
//!
//! As long as this is the newest version, the core's types may gain fields that default when missing,
//! and kinds; nothing may be renamed, removed or change its meaning. When that is needed, this module
//! gets its own copies of the types and `v2` takes over the core's.

use bytes::Bytes;
use steadfast_core::Record;

use super::{Contents, ObjectRef};
use crate::codec::{self, DecodeError, EncodeError};

/// This version.
pub const VERSION: u8 = 1;

const RECORD: &str = "record";
const OBJECT: &str = "object";

pub(super) fn encode(record: &Record) -> Result<Bytes, EncodeError> {
    codec::encode_after(codec::versioned_prefix(VERSION, RECORD), record)
}

pub(super) fn encode_object(object: &ObjectRef) -> Result<Bytes, EncodeError> {
    codec::encode_after(codec::versioned_prefix(VERSION, OBJECT), object)
}

pub(super) fn read(field: &[u8], value: &[u8]) -> Result<Contents, DecodeError> {
    if field == RECORD.as_bytes() {
        codec::decode(value).map(Contents::Record)
    } else if field == OBJECT.as_bytes() {
        codec::decode(value).map(Contents::Object)
    } else {
        Err(DecodeError::UnknownField(String::from_utf8_lossy(field).into_owned()))
    }
}
