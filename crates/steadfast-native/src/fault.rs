//! Why a request is not answered as it wished: the engine's errors in the protocol's words.

use std::collections::BTreeMap;

use async_nats::HeaderMap;
use bytes::Bytes;
use steadfast_core::{Rejection, limits::LimitError};
use steadfast_engine::EngineError;
use steadfast_protocol::{
    DecodeError, EncodeError, ErrorBody, ErrorCode, codec, header, subject::SubjectError,
};

/// A typed error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) details: BTreeMap<String, String>,
}

impl Fault {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: BTreeMap::new() }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The answer: the body has everything, the headers what NATS tools look at.
    pub(crate) fn into_message(self) -> (Bytes, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ERROR_CODE, self.code.number().to_string().as_str());
        // A header ends at a line's end.
        let line = self.message.replace(['\r', '\n'], " ");
        headers.insert(header::ERROR, format!("{}: {line}", self.code).as_str());
        let retryable = self.code.is_retryable();
        let (message, details) = (self.message, self.details);
        let body = ErrorBody { code: self.code.name().to_owned(), message, retryable, details };
        // Without a body the headers still tell.
        (codec::encode(&body).unwrap_or_default(), headers)
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        let body = ErrorBody::from(&error);
        Self::new(body.known_code().unwrap_or(ErrorCode::Malformed), body.message)
    }
}

impl From<EncodeError> for Fault {
    fn from(error: EncodeError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "native answer not encoded");
        Self::new(ErrorCode::Internal, "the answer could not be encoded")
    }
}

impl From<SubjectError> for Fault {
    fn from(error: SubjectError) -> Self {
        let code = match &error {
            SubjectError::Form { .. } | SubjectError::Escape(_) | SubjectError::Hashed { .. } => {
                ErrorCode::InvalidArgument
            }
            SubjectError::Mismatch { field: "namespace" } => ErrorCode::WrongNamespace,
            SubjectError::Mismatch { .. } => ErrorCode::InvalidArgument,
        };
        Self::new(code, error.to_string())
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        let code = match error {
            EngineError::NotFound { .. } => ErrorCode::NotFound,
            EngineError::NamespaceNotFound(_) => ErrorCode::NamespaceNotFound,
            EngineError::Rejected(rejection) => return rejected(rejection),
            EngineError::Quarantined(_) => ErrorCode::Quarantined,
            EngineError::Unavailable(_) | EngineError::ShuttingDown => ErrorCode::Unavailable,
            EngineError::Exhausted { .. } => ErrorCode::ResourceExhausted,
            EngineError::DeadlineExceeded(_) => ErrorCode::DeadlineExceeded,
            EngineError::QueryFailed(_) => ErrorCode::QueryFailed,
        };
        Self::new(code, message)
    }
}

fn rejected(rejection: Rejection) -> Fault {
    let message = rejection.to_string();
    let fault = |code| Fault::new(code, message.clone());
    match rejection {
        Rejection::Closed => fault(ErrorCode::AlreadyCompleted),
        Rejection::AlreadyStarted { run_id, start_request_id } => fault(ErrorCode::AlreadyStarted)
            .with("run_id", run_id.as_str())
            .with("start_request_id", start_request_id.as_str()),
        Rejection::WrongFirstRun | Rejection::NothingPending | Rejection::NoPendingActivity => {
            fault(ErrorCode::NotFound)
        }
        Rejection::ActivityAlreadyPaused => fault(ErrorCode::InvalidArgument),
        Rejection::WasReset { run_id } => {
            fault(ErrorCode::AlreadyCompleted).with("run_id", run_id.as_str())
        }
        Rejection::CancellationAlreadyRequested => fault(ErrorCode::CancelAlreadyRequested),
        Rejection::NotParent | Rejection::Invalid(_) => fault(ErrorCode::InvalidArgument),
        Rejection::WorkflowTaskNotFound
        | Rejection::HeartbeatsTooLong
        | Rejection::ActivityNotFound
        | Rejection::ActivityOfClosed => fault(ErrorCode::TaskNotFound),
        Rejection::BadCompletion { cause, .. } => {
            fault(ErrorCode::BadCompletion).with("cause", format!("{cause:?}"))
        }
        Rejection::UnhandledCommand => fault(ErrorCode::UnhandledCommand),
        Rejection::Limit(
            LimitError::Empty { .. } | LimitError::IdTooLong { .. } | LimitError::Negative { .. },
        ) => fault(ErrorCode::InvalidArgument),
        Rejection::NotReady(_) => fault(ErrorCode::QueryFailed),
        Rejection::Paused(_) => fault(ErrorCode::InvalidArgument),
        Rejection::Closing | Rejection::TooManyStarts { .. } => fault(ErrorCode::ResourceExhausted),
        Rejection::UpdateAborted => fault(ErrorCode::AlreadyCompleted),
        Rejection::Limit(LimitError::PayloadTooLarge { .. }) => fault(ErrorCode::PayloadTooLarge),
        Rejection::Limit(LimitError::TooMany { .. } | LimitError::TooManyCallbacks { .. }) => {
            fault(ErrorCode::LimitExceeded)
        }
        Rejection::UpdateRejected(failure) => {
            fault(ErrorCode::UpdateRejected).with("reason", failure.message.clone())
        }
    }
}

#[cfg(test)]
mod tests;
