//! Failures as protobuf's JSON has them.

use expect_test::expect;
use steadfast_core::{
    Failure, Payload, Span,
    failure::{
        ActivityFailure, ApplicationFailure, ChildFailure, FailureInfo, RetryState, TimeoutType,
    },
};

use super::failure;
use crate::convert::failure::to_proto;

#[test]
fn every_kind_of_failure_is_shown_without_what_says_nothing() {
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
        FailureInfo::Timeout { timeout: TimeoutType::Heartbeat, last_heartbeat_details: details },
        FailureInfo::Canceled { details: Vec::new(), identity: "me".into() },
        FailureInfo::Terminated { identity: "".into() },
        FailureInfo::Server { non_retryable: true },
        FailureInfo::ResetWorkflow { last_heartbeat_details: Vec::new() },
        FailureInfo::Activity(ActivityFailure {
            scheduled_event_id: 5,
            activity_type: "Charge".into(),
            activity_id: "1".into(),
            retry_state: RetryState::MaximumAttemptsReached,
            ..ActivityFailure::default()
        }),
        FailureInfo::ChildWorkflow(ChildFailure {
            namespace: "shop".into(),
            workflow_type: "Order".into(),
            initiated_event_id: 7,
            retry_state: RetryState::Unspecified,
            ..ChildFailure::default()
        }),
    ];
    let shown = infos.map(|info| {
        let told = Failure { message: "0".to_owned(), info, ..Failure::default() };
        failure(&to_proto(&told)).to_string() + "\n"
    });
    expect![[r#"
        {"message":"0"}
        {"applicationFailureInfo":{"category":"APPLICATION_ERROR_CATEGORY_BENIGN","details":{"payloads":[{"data":"MQ==","metadata":{"encoding":"anNvbi9wbGFpbg=="}}]},"nextRetryDelay":"1.500s","nonRetryable":true,"type":"Broke"},"message":"0"}
        {"message":"0","timeoutFailureInfo":{"lastHeartbeatDetails":{"payloads":[{"data":"MQ==","metadata":{"encoding":"anNvbi9wbGFpbg=="}}]},"timeoutType":"TIMEOUT_TYPE_HEARTBEAT"}}
        {"canceledFailureInfo":{"identity":"me"},"message":"0"}
        {"message":"0","terminatedFailureInfo":{}}
        {"message":"0","serverFailureInfo":{"nonRetryable":true}}
        {"message":"0","resetWorkflowFailureInfo":{}}
        {"activityFailureInfo":{"activityId":"1","activityType":{"name":"Charge"},"retryState":"RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED","scheduledEventId":"5"},"message":"0"}
        {"childWorkflowExecutionFailureInfo":{"initiatedEventId":"7","namespace":"shop","workflowExecution":{},"workflowType":{"name":"Order"}},"message":"0"}
    "#]].assert_eq(&shown.concat());
}

#[test]
fn causes_and_what_is_encoded_come_along() {
    let cause = Failure { stack_trace: "at".to_owned(), ..Failure::application("Inner", "why") };
    let told = Failure {
        source: "JavaSDK".to_owned(),
        encoded_attributes: Some(Payload::new("json/plain", "{}")),
        cause: Some(Box::new(cause)),
        ..Failure::application("Outer", "broke")
    };
    expect![[r#"{"applicationFailureInfo":{"type":"Outer"},"cause":{"applicationFailureInfo":{"type":"Inner"},"message":"why","stackTrace":"at"},"encodedAttributes":{"data":"e30=","metadata":{"encoding":"anNvbi9wbGFpbg=="}},"message":"broke","source":"JavaSDK"}"#]].assert_eq(&failure(&to_proto(&told)).to_string());
}
