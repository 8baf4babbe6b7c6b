//! The request of a callback: how a Nexus operation's completion looks over HTTP.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use http_body_util::Full;
use prost::Message;
use serde_json::Value;
use steadfast_core::{Event, EventKind, Payload, RunKey, Timestamp, run::callback::Origin};
use steadfast_engine::ports::{CallbackCall, CallbackError};
use steadfast_temporal_api::api::{common::v1::callback::Nexus, failure::v1 as proto};

use super::json;
use crate::convert::{failure, payload, time};

const STATE: HeaderName = HeaderName::from_static("nexus-operation-state");
const START_TIME: HeaderName = HeaderName::from_static("nexus-operation-start-time");
const CLOSE_TIME: HeaderName = HeaderName::from_static("nexus-operation-close-time");
const LINK: HeaderName = HeaderName::from_static("nexus-link");
const LINK_TYPE: &str = "temporal.api.common.v1.Link.WorkflowEvent";
const FAILURE_TYPE: &str = "temporal.api.failure.v1.Failure";
const JSON: &str = "application/json";

/// What is told of a run's close.
struct Completion {
    state: &'static str,
    content_type: Option<String>,
    body: Bytes,
}

/// The request that tells of a run's close. What the callback's own headers say goes before ours.
pub(super) fn request(
    call: &CallbackCall,
    nexus: Nexus,
) -> Result<Request<Full<Bytes>>, CallbackError> {
    let refused =
        |what: &str, error: String| CallbackError::Final(format!("invalid {what}: {error}"));
    let Completion { state, content_type, body } = completion(&call.close_event)?;
    let mut headers = HeaderMap::new();
    for (name, value) in nexus.header {
        let name =
            name.parse::<HeaderName>().map_err(|error| refused("header", error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|e| refused("header", e.to_string()))?;
        headers.insert(name, value);
    }
    let agent = concat!("steadfast/", env!("CARGO_PKG_VERSION")).to_owned();
    for (name, value) in [
        (STATE, Some(state.to_owned())),
        (header::CONTENT_TYPE, content_type),
        (header::USER_AGENT, Some(agent)),
        (START_TIME, http_time(call.started_at)),
        (CLOSE_TIME, Some(rfc3339(call.close_event.at))),
        (LINK, Some(link(&call.run, &call.callback.origin))),
    ] {
        if let Some(value) = value
            && !headers.contains_key(&name)
        {
            let value =
                HeaderValue::try_from(value).map_err(|e| refused("header", e.to_string()))?;
            headers.insert(name, value);
        }
    }
    let request = Request::post(nexus.url).body(Full::new(body));
    let mut request = request.map_err(|error| refused("url", error.to_string()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Only results and failures are told to others, and not why somebody ended the run.
fn completion(close: &Event) -> Result<Completion, CallbackError> {
    use EventKind as E;
    use proto::failure::FailureInfo as Info;
    let ended = |state, message: &str, info| {
        let message = message.to_owned();
        let failure = proto::Failure { message, failure_info: Some(info), ..Default::default() };
        Ok(failed(state, failure))
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else ends a run for good")]
    match &close.kind {
        E::WorkflowExecutionCompleted(a) => Ok(succeeded(a.result.first())),
        E::WorkflowExecutionFailed(a) => Ok(failed("failed", failure::to_proto(&a.failure))),
        E::WorkflowExecutionCanceled(a) => {
            let details = payload::list(&a.details);
            let info = proto::CanceledFailureInfo { details, ..Default::default() };
            ended("canceled", "operation canceled", Info::CanceledFailureInfo(info))
        }
        E::WorkflowExecutionTerminated(_) => {
            let info = Info::TerminatedFailureInfo(proto::TerminatedFailureInfo::default());
            ended("failed", "operation terminated", info)
        }
        E::WorkflowExecutionTimedOut(_) => {
            let info = Info::TimeoutFailureInfo(proto::TimeoutFailureInfo::default());
            ended("failed", "operation exceeded internal timeout", info)
        }
        _ => Err(CallbackError::Final("the run goes on".to_owned())),
    }
}

/// A result, in the content type that its encoding has in HTTP (`common/nexus/payload_serializer.go`).
fn succeeded(result: Option<&Payload>) -> Completion {
    let state = "succeeded";
    let nothing = Completion { state, content_type: None, body: Bytes::new() };
    let Some(result) = result else {
        return nothing;
    };
    let text = |name: &str| {
        let value = result.metadata.get(name);
        value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
    };
    let message_type = text("messageType");
    let content_type = match (text("encoding"), result.metadata.len()) {
        ("json/plain", 1) => JSON.to_owned(),
        ("binary/null", 1) => return Completion { body: result.data.clone(), ..nothing },
        ("binary/plain", 1) => "application/octet-stream".to_owned(),
        ("json/protobuf", 2) if !message_type.is_empty() => {
            format!("{JSON}; format=protobuf; message-type={message_type:?}")
        }
        ("binary/protobuf", 2) if !message_type.is_empty() => {
            format!("application/x-protobuf; message-type={message_type:?}")
        }
        _ => {
            return Completion {
                state,
                content_type: Some("application/x-temporal-payload".to_owned()),
                body: payload::to_proto(result).encode_to_vec().into(),
            };
        }
    };
    Completion { state, content_type: Some(content_type), body: result.data.clone() }
}

fn failed(state: &'static str, failure: proto::Failure) -> Completion {
    let body = nexus_failure(failure).to_string().into();
    Completion { state, content_type: Some(JSON.to_owned()), body }
}

/// A failure in Nexus's form: Temporal's own, without what Nexus has a place for, is its details.
fn nexus_failure(mut failure: proto::Failure) -> Value {
    let cause = failure.cause.clone().map(|cause| nexus_failure(*cause));
    let message = std::mem::take(&mut failure.message);
    let stack_trace = std::mem::take(&mut failure.stack_trace);
    let details = json::failure(&failure);
    let mut nexus = serde_json::json!({
        "message": message,
        "metadata": { "type": FAILURE_TYPE },
        "details": details,
    });
    if !stack_trace.is_empty() {
        nexus["stackTrace"] = stack_trace.into();
    }
    if let Some(cause) = cause {
        nexus["cause"] = cause;
    }
    nexus
}

/// Which event of which run this is about: the start, or what attached the callback.
fn link(run: &RunKey, origin: &Origin) -> String {
    let [namespace, workflow, run] =
        [run.namespace.as_str(), run.workflow_id.as_str(), run.run_id.as_str()]
            .map(|part| escaped(part, b"$&+:=@"));
    let query = match origin {
        Origin::Start => {
            "eventID=1&eventType=WorkflowExecutionStarted&referenceType=EventReference".to_owned()
        }
        Origin::Attached(request) => format!(
            "eventType=WorkflowExecutionOptionsUpdated&referenceType=RequestIdReference&requestID={}",
            escaped(request.as_str(), b"")
        ),
    };
    let path = format!("/namespaces/{namespace}/workflows/{workflow}/{run}/history");
    format!("<temporal://{path}?{query}>; type=\"{LINK_TYPE}\"")
}

/// A part of a URL.
fn escaped(text: &str, also_legal: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || also_legal.contains(&byte) {
            escaped.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// As HTTP's own headers have it: to the second.
fn http_time(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_nanosecond(at.0.into()).ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

/// As protobuf's JSON has it: no fraction, or three, six or nine digits of it.
fn rfc3339(at: Timestamp) -> String {
    let at = time::timestamp(at);
    let whole = jiff::Timestamp::from_second(at.seconds).unwrap_or_default().to_string();
    format!("{}{}Z", whole.trim_end_matches('Z'), json::fraction(at.nanos))
}

#[cfg(test)]
mod tests;
