//! MessagePack with named fields, strict on the way in.
//!
//! A decoder refuses what it does not know (fields, kinds, versions) and what is not there or left over.
//! Nothing is skipped in silence, at any depth.

use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// How deep values may nest in a request: deeper ones could overflow the stack of who reads them.
pub const REQUEST_DEPTH_MAX: usize = 64;

/// How deep values may nest in what is stored, and in answers made of it: a request's value lies
/// deeper there, and failures grow by what wraps them (activity, child workflow) on their way up.
pub const DEPTH_MAX: usize = 128;

/// Bytes that are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by another version of Steadfast.
    #[error("unknown version {found}, this build knows {known}")]
    UnknownVersion {
        /// The version in the bytes.
        found: u32,
        /// What this build reads.
        known: u32,
    },
    /// A kind of event, change, command or status that this build does not know.
    #[error("unknown kind: {0}")]
    UnknownKind(String),
    /// A field that this build does not know.
    #[error("unknown field {0}")]
    UnknownField(String),
    /// A field that must be there is not.
    #[error("{0}")]
    MissingField(String),
    /// The bytes end too early.
    #[error("the bytes end too early")]
    Truncated,
    /// There are bytes after the value.
    #[error("there are bytes after the end of the value")]
    Trailing,
    /// Values nest too deeply.
    #[error("values nest too deeply")]
    TooDeep,
    /// The checksum is not that of the bytes.
    #[error("the checksum does not match")]
    Checksum,
    /// Not MessagePack, or not of the expected shape.
    #[error("malformed: {0}")]
    Malformed(String),
}

/// A value that cannot be written; no value of this crate's types is known to be one.
#[derive(Debug, thiserror::Error)]
#[error("failed to encode as MessagePack")]
pub struct EncodeError(#[from] rmp_serde::encode::Error);

/// Writes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, EncodeError> {
    encode_after(Vec::with_capacity(256), value)
}

/// Writes a value after what is in the buffer.
pub(crate) fn encode_after<T: Serialize>(
    mut buffer: Vec<u8>,
    value: &T,
) -> Result<Bytes, EncodeError> {
    let mut serializer = rmp_serde::Serializer::new(&mut buffer).with_struct_map();
    value.serialize(&mut serializer)?;
    Ok(Bytes::from(buffer))
}

/// Reads a value that takes up all the bytes.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    decode_within(DEPTH_MAX, bytes)
}

/// Reads a request, which may not be as deep as what is made of it.
pub fn decode_request<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    decode_within(REQUEST_DEPTH_MAX, bytes)
}

fn decode_within<'de, T: Deserialize<'de>>(
    depth_max: usize,
    bytes: &'de [u8],
) -> Result<T, DecodeError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(depth_max);
    let mut unknown = None;
    let value = serde_ignored::deserialize(&mut deserializer, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    })
    .map_err(classify);
    let value = match (value, unknown) {
        // A misspelt field is both unknown and missing: the former says more.
        (Ok(_) | Err(DecodeError::MissingField(_)), Some(path)) => {
            return Err(DecodeError::UnknownField(path));
        }
        (value, _) => value?,
    };
    // Nothing is left exactly when not even a marker can be read.
    match <()>::deserialize(&mut deserializer) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(error)) if is_end(&error) => Ok(value),
        Ok(()) | Err(_) => Err(DecodeError::Trailing),
    }
}

/// The prefix of a versioned value: a MessagePack map whose first entry is `v` and whose second,
/// under `field`, is the value that follows.
pub(crate) fn versioned_prefix(version: u8, field: &str) -> Vec<u8> {
    assert!(version < 0x80 && field.len() < 32, "both fit MessagePack's one-byte forms");
    let mut prefix = Vec::with_capacity(512);
    prefix.extend_from_slice(&[0x82, 0xA1, b'v', version, 0xA0 | field.len() as u8]);
    prefix.extend_from_slice(field.as_bytes());
    prefix
}

/// The version of a versioned value, its field's name, and the bytes of the value.
pub(crate) fn split_versioned(bytes: &[u8]) -> Result<(u32, &[u8], &[u8]), DecodeError> {
    let malformed = || DecodeError::Malformed("not a versioned value".to_owned());
    const START: [u8; 3] = [0x82, 0xA1, b'v'];
    let rest = match bytes.strip_prefix(&START) {
        Some(rest) => rest,
        None if START.starts_with(bytes) => return Err(DecodeError::Truncated),
        None => return Err(malformed()),
    };
    let (version, rest) = match rest {
        [version @ 0..0x80, rest @ ..] => (u32::from(*version), rest),
        [0xCC, version, rest @ ..] => (u32::from(*version), rest),
        [0xCD, a, b, rest @ ..] => (u32::from(u16::from_be_bytes([*a, *b])), rest),
        [0xCE, a, b, c, d, rest @ ..] => (u32::from_be_bytes([*a, *b, *c, *d]), rest),
        [] | [0xCC..=0xCE, ..] => return Err(DecodeError::Truncated),
        [_, ..] => return Err(malformed()),
    };
    let Some((&marker, rest)) = rest.split_first() else {
        return Err(DecodeError::Truncated);
    };
    if marker & 0xE0 != 0xA0 {
        return Err(malformed());
    }
    let (field, value) =
        rest.split_at_checked(usize::from(marker & 0x1F)).ok_or(DecodeError::Truncated)?;
    Ok((version, field, value))
}

fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn classify(error: rmp_serde::decode::Error) -> DecodeError {
    use rmp_serde::decode::Error;
    match error {
        Error::InvalidMarkerRead(error) | Error::InvalidDataRead(error) if is_end(&error) => {
            DecodeError::Truncated
        }
        Error::DepthLimitExceeded => DecodeError::TooDeep,
        Error::Syntax(message) if message.starts_with("unknown variant") => {
            DecodeError::UnknownKind(message)
        }
        Error::Syntax(message) if message.starts_with("unknown field") => {
            DecodeError::UnknownField(message)
        }
        Error::Syntax(message) if message.starts_with("missing field") => {
            DecodeError::MissingField(message)
        }
        other @ (Error::InvalidMarkerRead(_)
        | Error::InvalidDataRead(_)
        | Error::TypeMismatch(_)
        | Error::OutOfRange
        | Error::LengthMismatch(_)
        | Error::Uncategorized(_)
        | Error::Syntax(_)
        | Error::Utf8Error(_)) => DecodeError::Malformed(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
