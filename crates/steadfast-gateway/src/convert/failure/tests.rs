//! A failure that went to Temporal's form and back is the same.

use steadfast_core::{Payload, Span, failure::RetryState, failure::TimeoutType};

use super::*;

#[test]
fn failures_go_there_and_back() {
    let details = vec![Payload::new("json/plain", "1")];
    let infos = [
        FailureInfo::Unspecified,
        FailureInfo::Application(ApplicationFailure {
            kind: "Broke".to_owned(),
            non_retryable: true,
            details: details.clone(),
            next_retry_delay: Some(Span::from_millis(1_500)),
            category: 1,
        }),
        FailureInfo::Timeout {
            timeout: TimeoutType::Heartbeat,
            last_heartbeat_details: details.clone(),
        },
        FailureInfo::Canceled { details: details.clone(), identity: "me".into() },
        FailureInfo::Terminated { identity: "me".into() },
        FailureInfo::Server { non_retryable: true },
        FailureInfo::ResetWorkflow { last_heartbeat_details: details },
        FailureInfo::Activity(ActivityFailure {
            scheduled_event_id: 5,
            started_event_id: 6,
            identity: "worker".into(),
            activity_type: "charge".into(),
            activity_id: "1".into(),
            retry_state: RetryState::MaximumAttemptsReached,
        }),
        FailureInfo::ChildWorkflow(ChildFailure {
            namespace: "shop".into(),
            workflow_type: "order".into(),
            initiated_event_id: 5,
            started_event_id: 6,
            retry_state: RetryState::Timeout,
            ..ChildFailure::default()
        }),
        FailureInfo::NexusOperation(NexusOperationFailure {
            scheduled_event_id: 5,
            endpoint: "bank".to_owned(),
            service: "payments".to_owned(),
            operation: "charge".to_owned(),
            operation_id: "7".to_owned(),
            operation_token: "7".to_owned(),
        }),
        FailureInfo::NexusHandler { kind: "UNAVAILABLE".to_owned(), retry_behavior: 2 },
    ];
    for info in infos {
        let failure = Failure {
            message: "why".to_owned(),
            source: "TypeScriptSDK".to_owned(),
            stack_trace: "at".to_owned(),
            encoded_attributes: Some(Payload::new("binary/encrypted", "x")),
            cause: Some(Box::new(Failure::application("Inner", "because"))),
            info,
        };
        assert_eq!(from_proto(to_proto(&failure)), failure);
    }
}
