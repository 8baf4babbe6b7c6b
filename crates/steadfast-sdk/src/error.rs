//! Why a request to the engine failed, by kind.

use std::{collections::BTreeMap, fmt};

use steadfast_protocol::{DecodeError, EncodeError, ErrorBody, ErrorCode};

/// Why a request to the engine failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    details: BTreeMap<String, String>,
}

/// The kinds of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The engine refused, with a code of the published table.
    Refused(ErrorCode),
    /// The engine refused, with a code that this SDK does not know.
    RefusedUnknown(String),
    /// No engine serves the request at the moment.
    NoEngine,
    /// The engine did not answer in time.
    Timeout,
    /// The connection to NATS failed.
    Connection,
    /// The request is larger than NATS takes.
    TooLarge,
    /// The request could not be written.
    Encode,
    /// The answer could not be read.
    Decode,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => code.fmt(f),
            Self::RefusedUnknown(code) => f.write_str(code),
            Self::NoEngine => f.write_str("no engine"),
            Self::Timeout => f.write_str("timeout"),
            Self::Connection => f.write_str("connection"),
            Self::TooLarge => f.write_str("too large"),
            Self::Encode => f.write_str("encode"),
            Self::Decode => f.write_str("decode"),
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable = match &kind {
            ErrorKind::Refused(code) => code.is_retryable(),
            ErrorKind::NoEngine | ErrorKind::Timeout | ErrorKind::Connection => true,
            ErrorKind::RefusedUnknown(_)
            | ErrorKind::TooLarge
            | ErrorKind::Encode
            | ErrorKind::Decode => false,
        };
        Self { kind, message: message.into(), retryable, details: BTreeMap::new() }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// For people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The engine's code, if it refused with one that this SDK knows.
    pub fn code(&self) -> Option<ErrorCode> {
        match &self.kind {
            ErrorKind::Refused(code) => Some(*code),
            ErrorKind::RefusedUnknown(_)
            | ErrorKind::NoEngine
            | ErrorKind::Timeout
            | ErrorKind::Connection
            | ErrorKind::TooLarge
            | ErrorKind::Encode
            | ErrorKind::Decode => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// A fact of the engine's, such as the `run_id` that holds a workflow id.
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str)
    }
}

impl From<ErrorBody> for Error {
    fn from(body: ErrorBody) -> Self {
        let kind = match body.known_code() {
            Some(code) => ErrorKind::Refused(code),
            None => ErrorKind::RefusedUnknown(body.code.clone()),
        };
        let (retryable, details) = (body.retryable, body.details);
        Self { kind, message: body.message, retryable, details }
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::new(ErrorKind::Encode, error.to_string())
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::new(ErrorKind::Decode, error.to_string())
    }
}
