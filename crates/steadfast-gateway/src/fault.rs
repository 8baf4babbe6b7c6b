//! Errors as Temporal's clients expect them: a gRPC code, a message, and a typed detail
//! (`temporal.api.errordetails.v1`) in the trailer `grpc-status-details-bin`.

use bytes::Bytes;
use prost::{Message, Name};
use steadfast_core::{Rejection, limits::LimitError};
use steadfast_engine::EngineError;
use steadfast_temporal_api::api::{
    enums::v1::{ResourceExhaustedCause, ResourceExhaustedScope},
    errordetails::v1 as detail,
};
use tonic::{Code, Status};

use crate::{convert::failure, ports::NamespaceError};

/// Why an RPC failed.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) detail: Option<Any>,
}

/// A typed detail, encoded.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `google.rpc.Status`, which carries the detail.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

impl Fault {
    /// A fault without a detail.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None }
    }

    /// A request that cannot be right.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// Something that is not there.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message).with(&detail::NotFoundFailure::default())
    }

    /// The same with a typed detail.
    pub(crate) fn with<T: Message + Name>(mut self, detail: &T) -> Self {
        let type_url = format!("type.googleapis.com/{}", T::full_name());
        self.detail = Some(Any { type_url, value: detail.encode_to_vec() });
        self
    }

    /// A bound that was reached.
    pub(crate) fn exhausted(cause: ResourceExhaustedCause, message: impl Into<String>) -> Self {
        let scope = ResourceExhaustedScope::Namespace;
        Self::new(Code::ResourceExhausted, message)
            .with(&detail::ResourceExhaustedFailure { cause: cause.into(), scope: scope.into() })
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Fault { code, message, detail } = fault;
        let Some(detail) = detail else { return Self::new(code, message) };
        let status =
            RpcStatus { code: code.into(), message: message.clone(), details: vec![detail] };
        Self::with_details(code, message, Bytes::from(status.encode_to_vec()))
    }
}

impl From<NamespaceError> for Fault {
    fn from(error: NamespaceError) -> Self {
        let message = error.to_string();
        match error {
            NamespaceError::NotFound(namespace) => namespace_not_found(namespace),
            NamespaceError::Exists(_) => Self::new(Code::AlreadyExists, message)
                .with(&detail::NamespaceAlreadyExistsFailure::default()),
            NamespaceError::Invalid(_) => Self::invalid(message),
            NamespaceError::Unavailable(_) => Self::new(Code::Unavailable, message),
        }
    }
}

/// A namespace that is not there.
pub(crate) fn namespace_not_found(namespace: String) -> Fault {
    Fault::new(Code::NotFound, format!("Namespace {namespace} is not found."))
        .with(&detail::NamespaceNotFoundFailure { namespace })
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::NotFound { workflow_id, run_id } => {
                let message = if run_id.is_empty() {
                    format!("workflow not found for ID: {workflow_id}")
                } else {
                    format!(
                        "workflow execution not found for workflow ID {workflow_id:?} and run ID {run_id:?}"
                    )
                };
                Self::not_found(message)
            }
            EngineError::NamespaceNotFound(namespace) => namespace_not_found(namespace.to_string()),
            EngineError::Rejected(rejection) => rejected(rejection),
            EngineError::Quarantined(_) => Self::new(Code::FailedPrecondition, message),
            EngineError::Unavailable(_) | EngineError::ShuttingDown => {
                Self::new(Code::Unavailable, message)
            }
            EngineError::Exhausted { .. } => {
                Self::exhausted(ResourceExhaustedCause::SystemOverloaded, message)
            }
            EngineError::DeadlineExceeded(_) => Self::new(Code::DeadlineExceeded, message),
            EngineError::QueryFailed(_) => {
                Self::invalid(message).with(&detail::QueryFailedFailure::default())
            }
        }
    }
}

/// What a run refused.
fn rejected(rejection: Rejection) -> Fault {
    let message = rejection.to_string();
    match rejection {
        Rejection::Closed | Rejection::NothingPending => Fault::not_found(message),
        Rejection::AlreadyStarted { run_id, start_request_id } => Fault::new(
            Code::AlreadyExists,
            format!("Workflow execution is already running. WorkflowId: , RunId: {run_id}."),
        )
        .with(&detail::WorkflowExecutionAlreadyStartedFailure {
            start_request_id: start_request_id.to_string(),
            run_id: run_id.to_string(),
            first_execution_run_id: String::new(),
        }),
        Rejection::WrongFirstRun
        | Rejection::WorkflowTaskNotFound
        | Rejection::HeartbeatsTooLong
        | Rejection::ActivityNotFound
        | Rejection::ActivityOfClosed => Fault::not_found(message),
        Rejection::CancellationAlreadyRequested => Fault::new(Code::AlreadyExists, message)
            .with(&detail::CancellationAlreadyRequestedFailure::default()),
        Rejection::NotParent
        | Rejection::BadCompletion { .. }
        | Rejection::UnhandledCommand
        | Rejection::Invalid(_) => Fault::invalid(message),
        Rejection::NoPendingActivity | Rejection::WasReset { .. } => Fault::not_found(message),
        Rejection::ActivityAlreadyPaused | Rejection::Paused(_) => {
            Fault::new(Code::FailedPrecondition, message)
        }
        Rejection::NotReady(_) => Fault::new(Code::FailedPrecondition, message)
            .with(&detail::WorkflowNotReadyFailure::default()),
        Rejection::Closing | Rejection::TooManyStarts { .. } => {
            Fault::exhausted(ResourceExhaustedCause::BusyWorkflow, message)
        }
        Rejection::UpdateAborted => Fault::not_found(message),
        Rejection::Limit(limit) => limited(&limit, message),
        Rejection::UpdateRejected(rejected) => {
            let failure = failure::to_proto(&rejected);
            Fault::invalid(failure.message)
        }
    }
}

fn limited(limit: &LimitError, message: String) -> Fault {
    match limit {
        LimitError::Empty { .. }
        | LimitError::IdTooLong { .. }
        | LimitError::Negative { .. }
        | LimitError::PayloadTooLarge { .. } => Fault::invalid(message),
        LimitError::TooManyCallbacks { .. } => Fault::new(Code::FailedPrecondition, message),
        LimitError::TooMany { .. } => {
            Fault::exhausted(ResourceExhaustedCause::ConcurrentLimit, message)
        }
    }
}

#[cfg(test)]
mod tests;
