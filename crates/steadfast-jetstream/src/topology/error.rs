//! Why the log could not be set up: each says what to do about it.

use async_nats::jetstream::{
    self, ErrorCode,
    context::{AccountError, AccountErrorKind, CreateStreamError, CreateStreamErrorKind},
};
use steadfast_engine::ports::BoxError;

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The server has no JetStream, or this account may not use it.
    #[error(
        "JetStream is off on this NATS server or for this account: \
         start nats-server with a `jetstream` block, and enable it for the account"
    )]
    JetStreamOff(#[source] BoxError),
    /// The server lacks something that the log needs.
    #[error("nats-server {found} is too old: upgrade it to {needed} or newer")]
    ServerTooOld {
        /// Its version.
        found: String,
        /// The oldest that will do.
        needed: String,
    },
    /// The account may not have what is asked for.
    #[error(
        "NATS refuses {what}: {reason}; raise the account's JetStream limits \
         (streams, storage), or lower `replicas` to the number of servers"
    )]
    Limits {
        /// The stream or bucket.
        what: String,
        /// The server's words.
        reason: String,
    },
    /// Something else has that name.
    #[error("stream {stream} exists and is not Steadfast's: rename or delete it")]
    Foreign {
        /// The stream.
        stream: String,
    },
    /// The routing table was written by another version of Steadfast, or is broken.
    #[error("the routing table in bucket SF_CLUSTER cannot be used: {0}")]
    Routing(String),
    /// The server did not answer, or refused for another reason.
    #[error("failed to set up {what}: check that NATS is reachable and its log")]
    Request {
        /// The stream or bucket.
        what: String,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl SetupError {
    pub(crate) fn from_account(error: AccountError) -> Self {
        match error.kind() {
            AccountErrorKind::JetStreamUnavailable => Self::JetStreamOff(error.into()),
            AccountErrorKind::JetStream(reason) if is_off(reason.error_code()) => {
                Self::JetStreamOff(error.into())
            }
            AccountErrorKind::JetStream(_)
            | AccountErrorKind::TimedOut
            | AccountErrorKind::Other => Self::request("the account's JetStream", error),
        }
    }

    pub(crate) fn create(stream: &str, error: CreateStreamError) -> Self {
        let CreateStreamErrorKind::JetStream(reason) = error.kind() else {
            return Self::stream(stream, error);
        };
        match reason.error_code() {
            code if is_off(code) => Self::JetStreamOff(error.into()),
            code if is_limit(code) => {
                Self::Limits { what: format!("stream {stream}"), reason: reason.to_string() }
            }
            ErrorCode::STREAM_NAME_EXIST | ErrorCode::STREAM_SUBJECT_OVERLAP => {
                Self::Foreign { stream: stream.to_owned() }
            }
            _ => Self::stream(stream, error),
        }
    }

    pub(crate) fn stream(name: &str, error: impl Into<BoxError>) -> Self {
        Self::request(&format!("stream {name}"), error)
    }

    pub(crate) fn bucket(name: &str, error: impl Into<BoxError>) -> Self {
        Self::request(&format!("bucket {name}"), error)
    }

    fn request(what: &str, error: impl Into<BoxError>) -> Self {
        let source = error.into();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
        while let Some(error) = cause {
            if let Some(reason) = refusal(error)
                && is_limit(reason.error_code())
            {
                return Self::Limits { what: what.to_owned(), reason: reason.to_string() };
            }
            cause = error.source();
        }
        Self::Request { what: what.to_owned(), source }
    }
}

/// What the server said, in one link of a chain of errors: async-nats keeps it in a kind as well.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<jetstream::Error> {
    if let Some(reason) = error.downcast_ref::<jetstream::Error>() {
        return Some(reason.clone());
    }
    match error.downcast_ref::<CreateStreamError>()?.kind() {
        CreateStreamErrorKind::JetStream(reason) => Some(reason),
        CreateStreamErrorKind::EmptyStreamName
        | CreateStreamErrorKind::InvalidStreamName
        | CreateStreamErrorKind::DomainAndExternalSet
        | CreateStreamErrorKind::JetStreamUnavailable
        | CreateStreamErrorKind::TimedOut
        | CreateStreamErrorKind::Response
        | CreateStreamErrorKind::NotFound
        | CreateStreamErrorKind::ResponseParse => None,
    }
}

fn is_off(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT)
}

fn is_limit(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MAXIMUM_STREAMS_LIMIT
            | ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::MEMORY_RESOURCES_EXCEEDED
            | ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::CLUSTER_NO_PEERS
            | ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED
    )
}
