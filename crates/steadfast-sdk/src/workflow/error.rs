//! How things fail inside a workflow, and how a workflow itself ends other than by returning.

use std::time::Duration;

use steadfast_core::{
    Execution, Failure, Payloads, Span,
    command::ContinueAsNew,
    event::ExternalFailedCause,
    failure::{ApplicationFailure, FailureInfo},
};

use crate::payload::ConversionError;

/// Why a workflow function did not return a value.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// The workflow fails with an error of its own.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// An activity failed for good.
    #[error(transparent)]
    Activity(#[from] ActivityFailed),
    /// A child workflow failed.
    #[error(transparent)]
    Child(#[from] ChildFailed),
    /// A signal or cancel request did not reach its target.
    #[error(transparent)]
    External(#[from] ExternalFailed),
    /// The workflow was asked to cancel, and does.
    #[error(transparent)]
    Canceled(#[from] Canceled),
    /// A value could not be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The run goes on as a new one.
    #[error("continues as a new run")]
    ContinueAsNew(Box<ContinueAsNew>),
}

impl WorkflowError {
    /// An error of the workflow's own: its type (which retry policies match on) and a message.
    pub fn application(kind: impl Into<String>, message: impl Into<String>) -> Self {
        ApplicationError::new(kind, message).into()
    }

    /// Whether this is a cancellation, of the workflow or of something it waited for.
    pub fn is_canceled(&self) -> bool {
        match self {
            Self::Canceled(_) => true,
            Self::Activity(failed) => failed.is_canceled(),
            Self::Child(failed) => failed.is_canceled(),
            Self::Application(_) | Self::External(_) | Self::Conversion(_) => false,
            Self::ContinueAsNew(_) => false,
        }
    }

    /// The durable form of the error.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Application(error) => error.into_failure(),
            Self::Activity(ActivityFailed { failure }) | Self::Child(ChildFailed { failure }) => {
                *failure
            }
            Self::External(error) => permanent("ExternalFailed", &error),
            Self::Conversion(error) => permanent("ConversionError", &error),
            Self::ContinueAsNew(_) => Failure::application(
                "ContinueAsNew",
                "only a workflow's main function can continue as new",
            ),
            Self::Canceled(canceled) => Failure {
                message: canceled.to_string(),
                source: SOURCE.to_owned(),
                info: FailureInfo::Canceled {
                    details: Payloads::new(),
                    identity: Default::default(),
                },
                ..Failure::default()
            },
        }
    }
}

/// What this SDK writes into the `source` of a failure.
pub(crate) const SOURCE: &str = "RustSDK";

fn permanent(kind: &str, error: &dyn std::error::Error) -> Failure {
    ApplicationError::new(kind, error.to_string()).non_retryable().into_failure()
}

/// An error raised by user code, in a workflow or an activity.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ApplicationError {
    /// The error's type, which retry policies match on.
    pub kind: String,
    /// For people.
    pub message: String,
    /// Whether a retry is pointless.
    pub non_retryable: bool,
    /// The delay before the next attempt, instead of the retry policy's.
    pub next_retry_delay: Option<Duration>,
    /// Values for whoever handles the error.
    pub details: Payloads,
}

impl ApplicationError {
    /// A retryable error.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            non_retryable: false,
            next_retry_delay: None,
            details: Payloads::new(),
        }
    }

    /// The same, but a retry is pointless.
    pub fn non_retryable(mut self) -> Self {
        self.non_retryable = true;
        self
    }

    /// The same, with values attached.
    pub fn details(mut self, details: Payloads) -> Self {
        self.details = details;
        self
    }

    /// The durable form.
    pub fn into_failure(self) -> Failure {
        Failure {
            message: self.message,
            source: SOURCE.to_owned(),
            info: FailureInfo::Application(ApplicationFailure {
                kind: self.kind,
                non_retryable: self.non_retryable,
                details: self.details,
                next_retry_delay: self.next_retry_delay.map(Span::from),
                category: 0,
            }),
            ..Failure::default()
        }
    }
}

macro_rules! failed {
    ($(#[$doc:meta])* $name:ident, $text:literal) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        #[error($text, describe(.failure))]
        pub struct $name {
            /// The whole chain, as it stands in the history.
            pub failure: Box<Failure>,
        }

        impl $name {
            pub(crate) fn new(failure: Failure) -> Self {
                Self { failure: Box::new(failure) }
            }

            /// Whether it ended because it was cancelled.
            pub fn is_canceled(&self) -> bool {
                matches!(root(&self.failure).info, FailureInfo::Canceled { .. })
            }

            /// Whether a deadline passed.
            pub fn is_timeout(&self) -> bool {
                matches!(root(&self.failure).info, FailureInfo::Timeout { .. })
            }

            /// The type of the application error at the root, if it is one.
            pub fn kind(&self) -> Option<&str> {
                match &root(&self.failure).info {
                    FailureInfo::Application(info) => Some(&info.kind),
                    FailureInfo::Unspecified
                    | FailureInfo::Timeout { .. }
                    | FailureInfo::Canceled { .. }
                    | FailureInfo::Terminated { .. }
                    | FailureInfo::Server { .. }
                    | FailureInfo::ResetWorkflow { .. }
                    | FailureInfo::Activity(_)
                    | FailureInfo::ChildWorkflow(_)
                    | FailureInfo::NexusOperation(_)
                    | FailureInfo::NexusHandler { .. } => None,
                }
            }

            /// The message of the error at the root.
            pub fn message(&self) -> &str {
                &root(&self.failure).message
            }
        }
    };
}

failed! {
    /// An activity failed for good.
    ActivityFailed, "activity failed: {}"
}
failed! {
    /// A child workflow did not complete, or did not start.
    ChildFailed, "child workflow failed: {}"
}

/// The failure at the bottom of the chain of causes.
fn root(failure: &Failure) -> &Failure {
    let mut failure = failure;
    while let Some(cause) = &failure.cause {
        failure = cause;
    }
    failure
}

/// The failure at the bottom of the chain, as one line.
fn describe(failure: &Failure) -> String {
    let root = root(failure);
    match &root.info {
        FailureInfo::Application(info) if !info.kind.is_empty() => {
            format!("{}: {}", info.kind, root.message)
        }
        FailureInfo::Application(_)
        | FailureInfo::Unspecified
        | FailureInfo::Timeout { .. }
        | FailureInfo::Canceled { .. }
        | FailureInfo::Terminated { .. }
        | FailureInfo::Server { .. }
        | FailureInfo::ResetWorkflow { .. }
        | FailureInfo::Activity(_)
        | FailureInfo::ChildWorkflow(_)
        | FailureInfo::NexusOperation(_)
        | FailureInfo::NexusHandler { .. } => root.message.clone(),
    }
}

/// The workflow was asked to cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("workflow is cancelled")]
pub struct Canceled;

/// A signal or cancel request to another workflow could not be delivered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} to workflow {:?} could not be delivered: {cause:?}", .target.workflow_id)]
pub struct ExternalFailed {
    /// What was sent.
    pub what: &'static str,
    /// To whom.
    pub target: Execution,
    /// Why it did not arrive.
    pub cause: ExternalFailedCause,
}

/// The workflow code does not do what its history says it did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("non-determinism at event {event_id}: history says {history}, but the code {code}")]
pub struct NonDeterminism {
    /// The event that does not fit.
    pub event_id: i64,
    /// What the code did there.
    pub code: String,
    /// What the history says happened.
    pub history: String,
}
