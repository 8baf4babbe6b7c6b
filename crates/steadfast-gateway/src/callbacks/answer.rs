//! What an answer that is not a yes means: Nexus's errors, and which of them are worth another try.

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use steadfast_engine::ports::CallbackError;

/// Whether the callee wants another try, whatever the status says.
const RETRYABLE: &str = "nexus-request-retryable";

/// A failure in an answer's body, as far as it matters here.
#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    message: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, rename = "retryableOverride")]
    retryable: Option<bool>,
}

/// The error of an answer.
pub(super) fn error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> CallbackError {
    let failure = failure(headers, body);
    if let Some(Failure { message, metadata, details: Some(details) }) = &failure
        && metadata.kind == "nexus.HandlerError"
    {
        let kind = if details.kind.is_empty() { "INTERNAL" } else { &details.kind };
        let message = if message.is_empty() { String::new() } else { format!(": {message}") };
        let message = format!("handler error ({kind}){message}");
        return worth_another(details.retryable.unwrap_or_else(|| retryable(kind)), message);
    }
    let Some(kind) = kind_of(status) else {
        let said = failure.map(|failure| failure.message).filter(|said| !said.is_empty());
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let message = format!("unexpected response status: \"{status}\"{said}");
        return CallbackError::Retryable(message);
    };
    let wanted = headers.get(RETRYABLE).and_then(|value| value.to_str().ok());
    let wanted = wanted.and_then(|value| value.to_lowercase().parse::<bool>().ok());
    let message = format!("handler error ({kind})");
    worth_another(wanted.unwrap_or_else(|| retryable(kind)), message)
}

fn failure(headers: &HeaderMap, body: &[u8]) -> Option<Failure> {
    let media_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = media_type.split(';').next()?.trim();
    media_type.eq_ignore_ascii_case("application/json").then_some(())?;
    serde_json::from_slice(body).ok()
}

fn worth_another(retryable: bool, message: String) -> CallbackError {
    if retryable { CallbackError::Retryable(message) } else { CallbackError::Final(message) }
}

fn kind_of(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        400 => "BAD_REQUEST",
        401 => "UNAUTHENTICATED",
        403 => "UNAUTHORIZED",
        404 => "NOT_FOUND",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        501 => "NOT_IMPLEMENTED",
        503 => "UNAVAILABLE",
        520 => "UPSTREAM_TIMEOUT",
        _ => return None,
    })
}

fn retryable(kind: &str) -> bool {
    !matches!(
        kind,
        "BAD_REQUEST"
            | "UNAUTHENTICATED"
            | "UNAUTHORIZED"
            | "NOT_FOUND"
            | "NOT_IMPLEMENTED"
            | "CONFLICT"
    )
}
