//! The published table of errors. Names and numbers are never reused or changed.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::DecodeError;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $retry:ident;)*) => {
        /// What went wrong, in one word. Numbers are an HTTP status and two more digits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// All codes, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its number, as in the header `Nats-Service-Error-Code`.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $number,)* }
            }

            const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }
        }
    };
}

enum Retry {
    Never,
    Later,
}

error_codes! {
    /// The request is not acceptable: a missing, empty or impossible field.
    InvalidArgument = 40000, "invalid_argument", Never;
    /// The bytes are not MessagePack of the expected shape.
    Malformed = 40001, "malformed", Never;
    /// A field, kind or value that this engine does not know.
    UnknownField = 40002, "unknown_field", Never;
    /// The header `Sf-Protocol` names a version that this engine does not speak.
    UnsupportedVersion = 40003, "unsupported_version", Never;
    /// The subject names a verb that does not exist.
    UnknownVerb = 40004, "unknown_verb", Never;
    /// The token is not one of this engine's.
    BadToken = 40005, "bad_token", Never;
    /// The workflow task's answer was refused; the task failed and will be offered again.
    BadCompletion = 40006, "bad_completion", Never;
    /// The query could not be answered by the workflow's code.
    QueryFailed = 40007, "query_failed", Never;
    /// The token, or the name in the message, belongs to another namespace than the subject.
    WrongNamespace = 40300, "wrong_namespace", Never;
    /// There is no such workflow or run.
    NotFound = 40400, "not_found", Never;
    /// There is no such namespace.
    NamespaceNotFound = 40401, "namespace_not_found", Never;
    /// The task is gone: answered, timed out, or another attempt runs.
    TaskNotFound = 40402, "task_not_found", Never;
    /// A run of this workflow id is open, or the reuse policy forbids another.
    AlreadyStarted = 40900, "already_started", Never;
    /// The run is closed; only reads are possible.
    AlreadyCompleted = 40901, "already_completed", Never;
    /// Cancellation was asked for before, by another request.
    CancelAlreadyRequested = 40902, "cancel_already_requested", Never;
    /// New events arrived that the workflow must see before it may close; the task comes again.
    UnhandledCommand = 40903, "unhandled_command", Never;
    /// The workflow's validator refused the update.
    UpdateRejected = 40904, "update_rejected", Never;
    /// A message or payload is larger than the limit.
    PayloadTooLarge = 41300, "payload_too_large", Never;
    /// One run has too many of something pending.
    LimitExceeded = 42200, "limit_exceeded", Never;
    /// The run's history cannot be read; it waits for an operator.
    Quarantined = 42300, "quarantined", Never;
    /// A queue of the engine is full; try again later.
    ResourceExhausted = 42900, "resource_exhausted", Later;
    /// The engine failed at something it should not fail at.
    Internal = 50000, "internal", Never;
    /// The log or the run's owner cannot be reached at the moment; try again later.
    Unavailable = 50300, "unavailable", Later;
    /// Nobody answered in time.
    DeadlineExceeded = 50400, "deadline_exceeded", Later;
}

impl ErrorCode {
    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        matches!(self.retry(), Retry::Later)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The body of an error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ErrorBody {
    /// The code's name; a client may meet one that it does not know yet.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Facts for programs, such as the `run_id` that holds a workflow id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

impl ErrorBody {
    /// An error without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code: code.name().to_owned(),
            message: message.into(),
            retryable: code.is_retryable(),
            details: BTreeMap::new(),
        }
    }

    /// With one more detail.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The code, if this build knows it.
    pub fn known_code(&self) -> Option<ErrorCode> {
        ErrorCode::from_name(&self.code)
    }
}

/// What a request's faulty bytes are answered with.
impl From<&DecodeError> for ErrorBody {
    fn from(error: &DecodeError) -> Self {
        let code = match error {
            DecodeError::UnknownVersion { .. } => ErrorCode::UnsupportedVersion,
            DecodeError::UnknownKind(_) | DecodeError::UnknownField(_) => ErrorCode::UnknownField,
            DecodeError::MissingField(_) => ErrorCode::InvalidArgument,
            DecodeError::Truncated
            | DecodeError::Trailing
            | DecodeError::TooDeep
            | DecodeError::Checksum
            | DecodeError::Malformed(_) => ErrorCode::Malformed,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests;
