//! Failures as protobuf's JSON: what is not set is left out, bytes are base64, 64-bit numbers are text.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use steadfast_temporal_api::{
    api::{common::v1 as common, enums::v1 as enums, failure::v1 as proto},
    well_known::Duration,
};

/// An object that leaves out what says nothing.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn with(mut self, name: &str, value: Value) -> Self {
        let says_nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
        };
        if !says_nothing {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A failure with its causes.
pub(super) fn failure(failure: &proto::Failure) -> Value {
    let object = Object::default()
        .with("message", failure.message.clone().into())
        .with("source", failure.source.clone().into())
        .with("stackTrace", failure.stack_trace.clone().into())
        .with("encodedAttributes", maybe(failure.encoded_attributes.as_ref(), payload))
        .with("cause", maybe(failure.cause.as_deref(), self::failure));
    match failure.failure_info.as_ref().map(info) {
        Some((name, info)) => object.with(name, info).done(),
        None => object.done(),
    }
}

fn info(info: &proto::failure::FailureInfo) -> (&'static str, Value) {
    use proto::failure::FailureInfo as Info;
    let object = Object::default();
    match info {
        Info::ApplicationFailureInfo(a) => (
            "applicationFailureInfo",
            object
                .with("type", a.r#type.clone().into())
                .with("nonRetryable", a.non_retryable.into())
                .with("details", maybe(a.details.as_ref(), payloads))
                .with("nextRetryDelay", maybe(a.next_retry_delay.as_ref(), duration))
                .with("category", named(enums::ApplicationErrorCategory::try_from(a.category)))
                .done(),
        ),
        Info::TimeoutFailureInfo(a) => (
            "timeoutFailureInfo",
            object
                .with("timeoutType", named(enums::TimeoutType::try_from(a.timeout_type)))
                .with("lastHeartbeatDetails", maybe(a.last_heartbeat_details.as_ref(), payloads))
                .done(),
        ),
        Info::CanceledFailureInfo(a) => (
            "canceledFailureInfo",
            object
                .with("details", maybe(a.details.as_ref(), payloads))
                .with("identity", a.identity.clone().into())
                .done(),
        ),
        Info::TerminatedFailureInfo(a) => {
            ("terminatedFailureInfo", object.with("identity", a.identity.clone().into()).done())
        }
        Info::ServerFailureInfo(a) => {
            ("serverFailureInfo", object.with("nonRetryable", a.non_retryable.into()).done())
        }
        Info::ResetWorkflowFailureInfo(a) => (
            "resetWorkflowFailureInfo",
            object
                .with("lastHeartbeatDetails", maybe(a.last_heartbeat_details.as_ref(), payloads))
                .done(),
        ),
        Info::ActivityFailureInfo(a) => ("activityFailureInfo", activity(a)),
        Info::ChildWorkflowExecutionFailureInfo(a) => {
            ("childWorkflowExecutionFailureInfo", child(a))
        }
        Info::NexusOperationExecutionFailureInfo(a) => {
            ("nexusOperationExecutionFailureInfo", nexus_operation(a))
        }
        Info::NexusHandlerFailureInfo(a) => (
            "nexusHandlerFailureInfo",
            object
                .with("type", a.r#type.clone().into())
                .with(
                    "retryBehavior",
                    named(enums::NexusHandlerErrorRetryBehavior::try_from(a.retry_behavior)),
                )
                .done(),
        ),
    }
}

fn activity(info: &proto::ActivityFailureInfo) -> Value {
    Object::default()
        .with("scheduledEventId", number(info.scheduled_event_id))
        .with("startedEventId", number(info.started_event_id))
        .with("identity", info.identity.clone().into())
        .with("activityType", maybe(info.activity_type.as_ref(), |t| json!({"name": t.name})))
        .with("activityId", info.activity_id.clone().into())
        .with("retryState", named(enums::RetryState::try_from(info.retry_state)))
        .done()
}

fn child(info: &proto::ChildWorkflowExecutionFailureInfo) -> Value {
    Object::default()
        .with("namespace", info.namespace.clone().into())
        .with("workflowExecution", maybe(info.workflow_execution.as_ref(), execution))
        .with("workflowType", maybe(info.workflow_type.as_ref(), |t| json!({"name": t.name})))
        .with("initiatedEventId", number(info.initiated_event_id))
        .with("startedEventId", number(info.started_event_id))
        .with("retryState", named(enums::RetryState::try_from(info.retry_state)))
        .done()
}

fn nexus_operation(info: &proto::NexusOperationFailureInfo) -> Value {
    Object::default()
        .with("scheduledEventId", number(info.scheduled_event_id))
        .with("endpoint", info.endpoint.clone().into())
        .with("service", info.service.clone().into())
        .with("operation", info.operation.clone().into())
        .with("operationToken", info.operation_token.clone().into())
        .done()
}

fn maybe<T>(value: Option<T>, shown: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, shown)
}

fn execution(execution: &common::WorkflowExecution) -> Value {
    Object::default()
        .with("workflowId", execution.workflow_id.clone().into())
        .with("runId", execution.run_id.clone().into())
        .done()
}

fn payloads(payloads: &common::Payloads) -> Value {
    let all = payloads.payloads.iter().map(payload).collect();
    Object::default().with("payloads", Value::Array(all)).done()
}

fn payload(payload: &common::Payload) -> Value {
    let metadata = payload.metadata.iter();
    let metadata: Map<String, Value> =
        metadata.map(|(name, value)| (name.clone(), bytes(value))).collect();
    let metadata = if metadata.is_empty() { Value::Null } else { Value::Object(metadata) };
    Object::default().with("metadata", metadata).with("data", bytes(&payload.data)).done()
}

fn number(number: i64) -> Value {
    if number == 0 { Value::Null } else { number.to_string().into() }
}

fn bytes(bytes: &[u8]) -> Value {
    BASE64_STANDARD.encode(bytes).into()
}

fn duration(duration: &Duration) -> Value {
    format!("{}{}s", duration.seconds, fraction(duration.nanos)).into()
}

/// What stands behind the whole seconds: nothing, or three, six or nine digits.
pub(super) fn fraction(nanos: i32) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

/// The name of an enum's value; the first says nothing.
fn named<T: Named, E>(value: Result<T, E>) -> Value {
    let name = value.map_or("", T::name);
    if name.ends_with("_UNSPECIFIED") { Value::Null } else { name.into() }
}

trait Named {
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($name:ident),+) => {
        $(impl Named for enums::$name {
            fn name(self) -> &'static str {
                self.as_str_name()
            }
        })+
    };
}

named!(ApplicationErrorCategory, TimeoutType, RetryState, NexusHandlerErrorRetryBehavior);

#[cfg(test)]
mod tests;
