//! Enumerations, by name: both sides are exhaustive, so that a new value is a compiler's matter.

use steadfast_core::{
    failure::{RetryState, TimeoutType},
    run::Status,
    start::{ParentClosePolicy, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
};
use steadfast_temporal_api::api::enums::v1 as enums;

pub(crate) fn status(status: Status) -> enums::WorkflowExecutionStatus {
    use enums::WorkflowExecutionStatus as Proto;
    match status {
        Status::Running => Proto::Running,
        Status::Paused => Proto::Paused,
        Status::Completed => Proto::Completed,
        Status::Failed => Proto::Failed,
        Status::Canceled => Proto::Canceled,
        Status::Terminated => Proto::Terminated,
        Status::ContinuedAsNew => Proto::ContinuedAsNew,
        Status::TimedOut => Proto::TimedOut,
    }
}

pub(crate) fn timeout(timeout: TimeoutType) -> enums::TimeoutType {
    match timeout {
        TimeoutType::Unspecified => enums::TimeoutType::Unspecified,
        TimeoutType::StartToClose => enums::TimeoutType::StartToClose,
        TimeoutType::ScheduleToStart => enums::TimeoutType::ScheduleToStart,
        TimeoutType::ScheduleToClose => enums::TimeoutType::ScheduleToClose,
        TimeoutType::Heartbeat => enums::TimeoutType::Heartbeat,
    }
}

pub(crate) fn core_timeout(timeout: enums::TimeoutType) -> TimeoutType {
    match timeout {
        enums::TimeoutType::Unspecified => TimeoutType::Unspecified,
        enums::TimeoutType::StartToClose => TimeoutType::StartToClose,
        enums::TimeoutType::ScheduleToStart => TimeoutType::ScheduleToStart,
        enums::TimeoutType::ScheduleToClose => TimeoutType::ScheduleToClose,
        enums::TimeoutType::Heartbeat => TimeoutType::Heartbeat,
    }
}

pub(crate) fn retry_state(state: RetryState) -> enums::RetryState {
    match state {
        RetryState::Unspecified => enums::RetryState::Unspecified,
        RetryState::InProgress => enums::RetryState::InProgress,
        RetryState::NonRetryableFailure => enums::RetryState::NonRetryableFailure,
        RetryState::Timeout => enums::RetryState::Timeout,
        RetryState::MaximumAttemptsReached => enums::RetryState::MaximumAttemptsReached,
        RetryState::RetryPolicyNotSet => enums::RetryState::RetryPolicyNotSet,
        RetryState::InternalServerError => enums::RetryState::InternalServerError,
        RetryState::CancelRequested => enums::RetryState::CancelRequested,
    }
}

pub(crate) fn core_retry_state(state: enums::RetryState) -> RetryState {
    match state {
        enums::RetryState::Unspecified => RetryState::Unspecified,
        enums::RetryState::InProgress => RetryState::InProgress,
        enums::RetryState::NonRetryableFailure => RetryState::NonRetryableFailure,
        enums::RetryState::Timeout => RetryState::Timeout,
        enums::RetryState::MaximumAttemptsReached => RetryState::MaximumAttemptsReached,
        enums::RetryState::RetryPolicyNotSet => RetryState::RetryPolicyNotSet,
        enums::RetryState::InternalServerError => RetryState::InternalServerError,
        enums::RetryState::CancelRequested => RetryState::CancelRequested,
    }
}

pub(crate) fn parent_close(policy: ParentClosePolicy) -> enums::ParentClosePolicy {
    match policy {
        ParentClosePolicy::Terminate => enums::ParentClosePolicy::Terminate,
        ParentClosePolicy::Abandon => enums::ParentClosePolicy::Abandon,
        ParentClosePolicy::RequestCancel => enums::ParentClosePolicy::RequestCancel,
    }
}

pub(crate) fn core_parent_close(policy: enums::ParentClosePolicy) -> ParentClosePolicy {
    match policy {
        enums::ParentClosePolicy::Unspecified | enums::ParentClosePolicy::Terminate => {
            ParentClosePolicy::Terminate
        }
        enums::ParentClosePolicy::Abandon => ParentClosePolicy::Abandon,
        enums::ParentClosePolicy::RequestCancel => ParentClosePolicy::RequestCancel,
    }
}

#[expect(deprecated, reason = "Temporal serves it still")]
pub(crate) fn reuse(policy: WorkflowIdReusePolicy) -> enums::WorkflowIdReusePolicy {
    use enums::WorkflowIdReusePolicy as Proto;
    match policy {
        WorkflowIdReusePolicy::AllowDuplicate => Proto::AllowDuplicate,
        WorkflowIdReusePolicy::AllowDuplicateFailedOnly => Proto::AllowDuplicateFailedOnly,
        WorkflowIdReusePolicy::RejectDuplicate => Proto::RejectDuplicate,
        WorkflowIdReusePolicy::TerminateIfRunning => Proto::TerminateIfRunning,
    }
}

#[expect(deprecated, reason = "Temporal serves it still")]
pub(crate) fn core_reuse(policy: enums::WorkflowIdReusePolicy) -> WorkflowIdReusePolicy {
    use enums::WorkflowIdReusePolicy as Proto;
    match policy {
        Proto::Unspecified | Proto::AllowDuplicate => WorkflowIdReusePolicy::AllowDuplicate,
        Proto::AllowDuplicateFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        Proto::RejectDuplicate => WorkflowIdReusePolicy::RejectDuplicate,
        Proto::TerminateIfRunning => WorkflowIdReusePolicy::TerminateIfRunning,
    }
}

pub(crate) fn core_conflict(policy: enums::WorkflowIdConflictPolicy) -> WorkflowIdConflictPolicy {
    use enums::WorkflowIdConflictPolicy as Proto;
    match policy {
        Proto::Unspecified | Proto::Fail => WorkflowIdConflictPolicy::Fail,
        Proto::UseExisting => WorkflowIdConflictPolicy::UseExisting,
        Proto::TerminateExisting => WorkflowIdConflictPolicy::TerminateExisting,
    }
}

pub(crate) fn core_initiator(
    initiator: enums::ContinueAsNewInitiator,
) -> steadfast_core::event::Initiator {
    use steadfast_core::event::Initiator;
    match initiator {
        enums::ContinueAsNewInitiator::Unspecified => Initiator::Unspecified,
        enums::ContinueAsNewInitiator::Workflow => Initiator::Workflow,
        enums::ContinueAsNewInitiator::Retry => Initiator::Retry,
        enums::ContinueAsNewInitiator::CronSchedule => Initiator::CronSchedule,
    }
}
