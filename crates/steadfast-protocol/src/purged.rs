//! The news that a run was removed for good: one message of the stream `SF_PURGED`.
//!
//! Removing a run's records leaves nothing on its subject, so whoever keeps a projection of the history
//! learns of it here. The form is `{v: 1, purged: {…}}`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{RunKey, WorkflowType};

use crate::codec::{self, DecodeError, EncodeError};

/// The version that this build writes, and the only one it reads.
pub const VERSION: u8 = 1;

const FIELD: &str = "purged";

/// A run that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// The partition it lay in.
    pub partition: u32,
    /// The run.
    pub key: RunKey,
    /// Its type.
    pub workflow_type: WorkflowType,
    /// The sequence of its last record.
    pub through: u64,
}

/// Writes the news.
pub fn encode(purged: &Purged) -> Result<Bytes, EncodeError> {
    codec::encode_after(codec::versioned_prefix(VERSION, FIELD), purged)
}

/// Reads it.
pub fn decode(bytes: &[u8]) -> Result<Purged, DecodeError> {
    let (version, field, value) = codec::split_versioned(bytes)?;
    let known = u32::from(VERSION);
    if version != known {
        return Err(DecodeError::UnknownVersion { found: version, known });
    }
    if field != FIELD.as_bytes() {
        return Err(DecodeError::UnknownField(String::from_utf8_lossy(field).into_owned()));
    }
    codec::decode(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_stay_what_they_are() {
        let purged = Purged {
            partition: 3,
            key: RunKey { namespace: "n".into(), workflow_id: "w".into(), run_id: "r".into() },
            workflow_type: "T".into(),
            through: 7,
        };
        let bytes = encode(&purged).unwrap();
        let golden = b"\x82\xA1v\x01\xA6purged\x84\xA9partition\x03\xA3key\x83\xA9namespace\xA1n\
            \xABworkflow_id\xA1w\xA6run_id\xA1r\xADworkflow_type\xA1T\xA7through\x07";
        assert_eq!(bytes.as_ref(), golden);
        assert_eq!(decode(&bytes), Ok(purged));
        assert!(decode(&bytes[..20]).is_err());
    }
}
