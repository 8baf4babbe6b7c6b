//! Why something failed, in Temporal's shape (`temporal.api.failure.v1.Failure`).

mod size;

use serde::{Deserialize, Serialize};

use crate::{
    ActivityId, ActivityType, EventId, Execution, Identity, Namespace, Payload, Payloads, Span,
    WorkflowType,
};

/// A failure and the chain of what caused it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// For people.
    pub message: String,
    /// Which SDK or server wrote it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The stack, if the SDK sent one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stack_trace: String,
    /// Message and stack, encrypted by the SDK's codec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoded_attributes: Option<Payload>,
    /// What caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Failure>>,
    /// Its kind, with what belongs to that kind.
    pub info: FailureInfo,
}

/// The kinds of failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureInfo {
    /// No kind given.
    #[default]
    Unspecified,
    /// Raised by user code.
    Application(ApplicationFailure),
    /// A deadline passed.
    Timeout {
        /// Which deadline.
        timeout: TimeoutType,
        /// The last heartbeat's details.
        #[serde(default)]
        last_heartbeat_details: Payloads,
    },
    /// Cancelled, with what the canceller said.
    Canceled {
        /// Details from the cancelled code.
        #[serde(default)]
        details: Payloads,
        /// Who cancelled.
        #[serde(default)]
        identity: Identity,
    },
    /// Terminated from outside.
    Terminated {
        /// Who terminated.
        #[serde(default)]
        identity: Identity,
    },
    /// The engine itself failed it.
    Server {
        /// Whether a retry is pointless.
        non_retryable: bool,
    },
    /// The run was reset while this was pending.
    ResetWorkflow {
        /// The last heartbeat's details.
        #[serde(default)]
        last_heartbeat_details: Payloads,
    },
    /// An activity failed; the cause says why.
    Activity(ActivityFailure),
    /// A child workflow failed; the cause says why.
    ChildWorkflow(ChildFailure),
    /// A Nexus operation failed; the cause says why.
    NexusOperation(NexusOperationFailure),
    /// A handler of Nexus operations failed.
    NexusHandler {
        /// Nexus' type of the error.
        #[serde(rename = "type")]
        kind: String,
        /// Temporal's word on retries: 0 unspecified, 1 retryable, 2 not.
        #[serde(default)]
        retry_behavior: i32,
    },
}

/// A failure that user code raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationFailure {
    /// The error's type name, which retry policies match on.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a retry is pointless.
    pub non_retryable: bool,
    /// Values attached by the code.
    pub details: Payloads,
    /// The failure's own delay before the next attempt.
    pub next_retry_delay: Option<Span>,
    /// Temporal's category: 0 unspecified, 1 benign.
    pub category: i32,
}

/// Wraps the failure of an activity for the workflow that scheduled it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityFailure {
    /// Its ActivityTaskScheduled event.
    pub scheduled_event_id: EventId,
    /// Its ActivityTaskStarted event.
    pub started_event_id: EventId,
    /// The worker.
    pub identity: Identity,
    /// The activity's type.
    pub activity_type: ActivityType,
    /// The activity's id.
    pub activity_id: ActivityId,
    /// Why it is not tried again.
    pub retry_state: RetryState,
}

/// Wraps the failure of a child for its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChildFailure {
    /// The child's namespace.
    pub namespace: Namespace,
    /// The child's run.
    pub execution: Execution,
    /// The child's type.
    pub workflow_type: WorkflowType,
    /// The parent's StartChildWorkflowExecutionInitiated event.
    pub initiated_event_id: EventId,
    /// The parent's ChildWorkflowExecutionStarted event.
    pub started_event_id: EventId,
    /// Why it is not tried again.
    pub retry_state: RetryState,
}

/// Wraps the failure of a Nexus operation for the workflow that called it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NexusOperationFailure {
    /// Its NexusOperationScheduled event.
    pub scheduled_event_id: EventId,
    /// Where it was sent.
    pub endpoint: String,
    /// Its service.
    pub service: String,
    /// Its name.
    pub operation: String,
    /// Its id, as older SDKs call its token.
    pub operation_id: String,
    /// Its token; empty when it ended at once.
    pub operation_token: String,
}

/// Which deadline passed (`temporal.api.enums.v1.TimeoutType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeoutType {
    /// Not said.
    #[default]
    Unspecified,
    /// One attempt ran too long.
    StartToClose,
    /// No worker took it in time.
    ScheduleToStart,
    /// All attempts together took too long.
    ScheduleToClose,
    /// The worker fell silent.
    Heartbeat,
}

/// Why there is no further attempt (`temporal.api.enums.v1.RetryState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetryState {
    /// Not said.
    #[default]
    Unspecified,
    /// There is a further attempt.
    InProgress,
    /// The failure cannot be retried.
    NonRetryableFailure,
    /// The next attempt would start after the deadline.
    Timeout,
    /// All attempts are used up.
    MaximumAttemptsReached,
    /// There is no retry policy.
    RetryPolicyNotSet,
    /// The engine failed.
    InternalServerError,
    /// Cancellation was asked for.
    CancelRequested,
}

/// Links of a chain of failures that are kept: encodings and SDKs read a chain recursively.
pub const CAUSES_MAX: usize = 100;

impl Failure {
    /// Cuts a chain of causes that is longer than anybody can read: what lies behind is left out.
    pub fn shorten(&mut self) {
        let mut link = self;
        for _ in 1..CAUSES_MAX {
            match &mut link.cause {
                Some(cause) => link = cause,
                None => return,
            }
        }
        let Some(mut rest) = link.cause.take() else {
            return;
        };
        link.message.push_str(" (its causes are left out: there are too many)");
        // Dropping a long chain at once would take a stack as deep.
        while let Some(next) = rest.cause.take() {
            rest = next;
        }
    }

    /// A failure raised by the engine.
    pub fn server(message: impl Into<String>) -> Self {
        let info = FailureInfo::Server { non_retryable: true };
        Self { message: message.into(), source: "Server".to_owned(), info, ..Self::default() }
    }

    /// A passed deadline, worded as Temporal words it.
    pub fn timeout(timeout: TimeoutType, last_heartbeat_details: Payloads) -> Self {
        let which = match timeout {
            TimeoutType::Unspecified => "Unspecified",
            TimeoutType::StartToClose => "StartToClose",
            TimeoutType::ScheduleToStart => "ScheduleToStart",
            TimeoutType::ScheduleToClose => "ScheduleToClose",
            TimeoutType::Heartbeat => "Heartbeat",
        };
        Self {
            message: format!("activity {which} timeout"),
            source: "Server".to_owned(),
            info: FailureInfo::Timeout { timeout, last_heartbeat_details },
            ..Self::default()
        }
    }

    /// A failure raised by user code, for tests and for workers.
    pub fn application(kind: impl Into<String>, message: impl Into<String>) -> Self {
        let info = ApplicationFailure { kind: kind.into(), ..ApplicationFailure::default() };
        let info = FailureInfo::Application(info);
        Self { message: message.into(), info, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
