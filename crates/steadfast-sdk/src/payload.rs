//! Values to payloads and back, readable for every Temporal tool.
//!
//! A value is `json/plain`, except bytes (`bytes::Bytes`, `serde_bytes`), which are `binary/plain`,
//! and nothing (`()`, `None`), which is `binary/null`. An argument list with nothing in it stands
//! for `()`.

mod probe;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Payload, Payloads};

use self::probe::{Probe, Shape};

const JSON: &str = "json/plain";
const BINARY: &str = "binary/plain";
const NULL: &str = "binary/null";

/// Why a value could not be written to or read from a payload.
#[derive(Debug, thiserror::Error)]
pub enum ConversionError {
    /// The value cannot be written.
    #[error("value cannot be encoded as JSON")]
    Encode(#[source] serde_json::Error),
    /// The bytes are not a value of the wanted type.
    #[error("payload cannot be decoded as {wanted}: {reason}")]
    Decode {
        /// The Rust type that was wanted.
        wanted: &'static str,
        /// What was wrong.
        reason: String,
    },
    /// The payload has an encoding that this SDK does not read.
    #[error(
        "payload has encoding {0:?}, which is not one of json/plain, binary/plain, binary/null"
    )]
    Encoding(String),
}

/// Writes a value.
///
/// ```
/// use steadfast_sdk::payload;
/// let paid = payload::encode(&("order-1", 3))?;
/// assert_eq!((paid.encoding(), &*paid.data), (Some("json/plain"), &br#"["order-1",3]"#[..]));
/// assert_eq!(payload::decode::<(String, u32)>(&paid)?, ("order-1".to_owned(), 3));
/// # Ok::<(), payload::ConversionError>(())
/// ```
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Payload, ConversionError> {
    match value.serialize(Probe) {
        Ok(Shape::Nothing) => Ok(Payload::new(NULL, Bytes::new())),
        Ok(Shape::Bytes(bytes)) => Ok(Payload::new(BINARY, bytes)),
        Ok(Shape::Other) | Err(_) => {
            let json = serde_json::to_vec(value).map_err(ConversionError::Encode)?;
            Ok(Payload::new(JSON, json))
        }
    }
}

/// Reads a value.
pub fn decode<T: DeserializeOwned>(payload: &Payload) -> Result<T, ConversionError> {
    let failed =
        |reason: String| ConversionError::Decode { wanted: std::any::type_name::<T>(), reason };
    match payload.encoding() {
        Some(JSON | "json/protobuf") | None => {
            serde_json::from_slice(&payload.data).map_err(|error| failed(error.to_string()))
        }
        Some(BINARY) => probe::from_bytes(&payload.data).map_err(|error| failed(error.to_string())),
        Some(NULL) => serde_json::from_str("null").map_err(|error| failed(error.to_string())),
        Some(other) => Err(ConversionError::Encoding(other.to_owned())),
    }
}

/// Writes one argument or result as a list; nothing is the empty list.
pub fn encode_list<T: Serialize + ?Sized>(value: &T) -> Result<Payloads, ConversionError> {
    let payload = encode(value)?;
    Ok(if payload.encoding() == Some(NULL) { Payloads::new() } else { vec![payload] })
}

/// Reads the first value of a list; the empty list is nothing.
pub fn decode_list<T: DeserializeOwned>(payloads: &[Payload]) -> Result<T, ConversionError> {
    match payloads.first() {
        Some(first) => decode(first),
        None => decode(&Payload::new(NULL, Bytes::new())),
    }
}

/// Writes a search attribute with its type (`Keyword`, `Int`, `Text`, `Bool`, `Double`, `Datetime`,
/// `KeywordList`), which visibility needs.
pub fn search_attribute<T: Serialize + ?Sized>(
    kind: &str,
    value: &T,
) -> Result<Payload, ConversionError> {
    let mut payload = encode(value)?;
    payload.metadata.insert("type".to_owned(), Bytes::copy_from_slice(kind.as_bytes()));
    Ok(payload)
}

#[cfg(test)]
mod tests;
