//! User data, which the engine carries and never reads.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One value: its bytes, and what its encoder says of them (`encoding: json/plain`, ...).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// What the encoder says; values are bytes, as in Temporal's API.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Bytes>,
    /// The encoded value.
    pub data: Bytes,
}

impl Payload {
    /// Bytes with an encoding name, such as `json/plain` or `binary/plain`.
    pub fn new(encoding: &str, data: impl Into<Bytes>) -> Self {
        let encoding = Bytes::copy_from_slice(encoding.as_bytes());
        Self { metadata: BTreeMap::from([("encoding".to_owned(), encoding)]), data: data.into() }
    }

    /// The encoding's name, if it has one and it is text.
    pub fn encoding(&self) -> Option<&str> {
        self.metadata.get("encoding").and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Bytes this value costs on the wire, about.
    pub fn size(&self) -> usize {
        self.data.len() + self.metadata.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>()
    }
}

/// Arguments or results: a list of values.
pub type Payloads = Vec<Payload>;

/// Values by name: headers, memo fields, search attributes.
pub type PayloadMap = BTreeMap<String, Payload>;

/// The bytes that a list of values costs, about.
pub fn size_of(payloads: &[Payload]) -> usize {
    payloads.iter().map(Payload::size).sum()
}
