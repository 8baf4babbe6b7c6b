//! Failures, with the chain of their causes.

use steadfast_core::{
    Failure,
    failure::{
        ActivityFailure, ApplicationFailure, ChildFailure, FailureInfo, NexusOperationFailure,
    },
};
use steadfast_temporal_api::api::{enums::v1 as enums, failure::v1 as proto};

use super::{activity_type, core_execution, enums as map, execution, payload, time, workflow_type};

/// A failure, in Temporal's form.
pub(crate) fn to_proto(failure: &Failure) -> proto::Failure {
    proto::Failure {
        message: failure.message.clone(),
        source: failure.source.clone(),
        stack_trace: failure.stack_trace.clone(),
        encoded_attributes: failure.encoded_attributes.as_ref().map(payload::to_proto),
        cause: failure.cause.as_ref().map(|cause| Box::new(to_proto(cause))),
        failure_info: info(&failure.info),
    }
}

fn info(info: &FailureInfo) -> Option<proto::failure::FailureInfo> {
    use proto::failure::FailureInfo as Proto;
    Some(match info {
        FailureInfo::Unspecified => return None,
        FailureInfo::Application(a) => {
            Proto::ApplicationFailureInfo(proto::ApplicationFailureInfo {
                r#type: a.kind.clone(),
                non_retryable: a.non_retryable,
                details: payload::list(&a.details),
                next_retry_delay: a.next_retry_delay.and_then(time::duration),
                category: a.category,
            })
        }
        FailureInfo::Timeout { timeout, last_heartbeat_details } => {
            Proto::TimeoutFailureInfo(proto::TimeoutFailureInfo {
                timeout_type: map::timeout(*timeout).into(),
                last_heartbeat_details: payload::list(last_heartbeat_details),
            })
        }
        FailureInfo::Canceled { details, identity } => {
            Proto::CanceledFailureInfo(proto::CanceledFailureInfo {
                details: payload::list(details),
                identity: identity.to_string(),
            })
        }
        FailureInfo::Terminated { identity } => {
            let identity = identity.to_string();
            Proto::TerminatedFailureInfo(proto::TerminatedFailureInfo { identity })
        }
        FailureInfo::Server { non_retryable } => {
            let non_retryable = *non_retryable;
            Proto::ServerFailureInfo(proto::ServerFailureInfo { non_retryable })
        }
        FailureInfo::ResetWorkflow { last_heartbeat_details } => {
            Proto::ResetWorkflowFailureInfo(proto::ResetWorkflowFailureInfo {
                last_heartbeat_details: payload::list(last_heartbeat_details),
            })
        }
        FailureInfo::Activity(a) => Proto::ActivityFailureInfo(proto::ActivityFailureInfo {
            scheduled_event_id: a.scheduled_event_id,
            started_event_id: a.started_event_id,
            identity: a.identity.to_string(),
            activity_type: activity_type(&a.activity_type),
            activity_id: a.activity_id.to_string(),
            retry_state: map::retry_state(a.retry_state).into(),
        }),
        FailureInfo::ChildWorkflow(c) => {
            Proto::ChildWorkflowExecutionFailureInfo(proto::ChildWorkflowExecutionFailureInfo {
                namespace: c.namespace.to_string(),
                workflow_execution: Some(execution(&c.execution)),
                workflow_type: workflow_type(&c.workflow_type),
                initiated_event_id: c.initiated_event_id,
                started_event_id: c.started_event_id,
                retry_state: map::retry_state(c.retry_state).into(),
            })
        }
        FailureInfo::NexusOperation(n) => Proto::NexusOperationExecutionFailureInfo(nexus(n)),
        FailureInfo::NexusHandler { kind, retry_behavior } => {
            let (r#type, retry_behavior) = (kind.clone(), *retry_behavior);
            Proto::NexusHandlerFailureInfo(proto::NexusHandlerFailureInfo {
                r#type,
                retry_behavior,
            })
        }
    })
}

/// A failure, from Temporal's form.
pub(crate) fn from_proto(failure: proto::Failure) -> Failure {
    Failure {
        message: failure.message,
        source: failure.source,
        stack_trace: failure.stack_trace,
        encoded_attributes: failure.encoded_attributes.map(payload::from_proto),
        cause: failure.cause.map(|cause| Box::new(from_proto(*cause))),
        info: failure.failure_info.map_or(FailureInfo::Unspecified, core_info),
    }
}

/// The same of one that may be missing.
pub(crate) fn maybe_from_proto(failure: Option<proto::Failure>) -> Option<Failure> {
    failure.map(from_proto)
}

fn core_info(info: proto::failure::FailureInfo) -> FailureInfo {
    use proto::failure::FailureInfo as Proto;
    match info {
        Proto::ApplicationFailureInfo(a) => FailureInfo::Application(ApplicationFailure {
            kind: a.r#type,
            non_retryable: a.non_retryable,
            details: payload::core_list(a.details),
            next_retry_delay: a.next_retry_delay.map(|delay| time::lenient_span(Some(delay))),
            category: a.category,
        }),
        Proto::TimeoutFailureInfo(t) => FailureInfo::Timeout {
            timeout: map::core_timeout(
                enums::TimeoutType::try_from(t.timeout_type).unwrap_or_default(),
            ),
            last_heartbeat_details: payload::core_list(t.last_heartbeat_details),
        },
        Proto::CanceledFailureInfo(c) => FailureInfo::Canceled {
            details: payload::core_list(c.details),
            identity: c.identity.into(),
        },
        Proto::TerminatedFailureInfo(t) => FailureInfo::Terminated { identity: t.identity.into() },
        Proto::ServerFailureInfo(s) => FailureInfo::Server { non_retryable: s.non_retryable },
        Proto::ResetWorkflowFailureInfo(r) => FailureInfo::ResetWorkflow {
            last_heartbeat_details: payload::core_list(r.last_heartbeat_details),
        },
        Proto::ActivityFailureInfo(a) => FailureInfo::Activity(ActivityFailure {
            scheduled_event_id: a.scheduled_event_id,
            started_event_id: a.started_event_id,
            identity: a.identity.into(),
            activity_type: a.activity_type.unwrap_or_default().name.into(),
            activity_id: a.activity_id.into(),
            retry_state: core_retry_state(a.retry_state),
        }),
        Proto::ChildWorkflowExecutionFailureInfo(c) => FailureInfo::ChildWorkflow(ChildFailure {
            namespace: c.namespace.into(),
            execution: core_execution(c.workflow_execution),
            workflow_type: c.workflow_type.unwrap_or_default().name.into(),
            initiated_event_id: c.initiated_event_id,
            started_event_id: c.started_event_id,
            retry_state: core_retry_state(c.retry_state),
        }),
        Proto::NexusOperationExecutionFailureInfo(n) => FailureInfo::NexusOperation(core_nexus(n)),
        Proto::NexusHandlerFailureInfo(n) => {
            FailureInfo::NexusHandler { kind: n.r#type, retry_behavior: n.retry_behavior }
        }
    }
}

#[expect(deprecated, reason = "older SDKs send the legacy field")]
fn core_nexus(n: proto::NexusOperationFailureInfo) -> NexusOperationFailure {
    NexusOperationFailure {
        scheduled_event_id: n.scheduled_event_id,
        endpoint: n.endpoint,
        service: n.service,
        operation: n.operation,
        operation_id: n.operation_id,
        operation_token: n.operation_token,
    }
}

#[expect(deprecated, reason = "older SDKs read the legacy field")]
fn nexus(n: &NexusOperationFailure) -> proto::NexusOperationFailureInfo {
    proto::NexusOperationFailureInfo {
        scheduled_event_id: n.scheduled_event_id,
        endpoint: n.endpoint.clone(),
        service: n.service.clone(),
        operation: n.operation.clone(),
        operation_id: n.operation_id.clone(),
        operation_token: n.operation_token.clone(),
    }
}

fn core_retry_state(state: i32) -> steadfast_core::failure::RetryState {
    map::core_retry_state(enums::RetryState::try_from(state).unwrap_or_default())
}

#[cfg(test)]
mod tests;
