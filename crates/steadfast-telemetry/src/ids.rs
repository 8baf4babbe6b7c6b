//! Ids of spans that are known before the span is made.
//!
//! A span that outlives a process is made when it ends, under the id that its children were told
//! long before. Whoever makes it suggests that id as baggage of the current context; every other
//! span gets a random one. Baggage never comes from outside: only the W3C trace context is read from
//! headers.

use opentelemetry::{Context, SpanId, TraceId, baggage::BaggageExt};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// Baggage with the next span's id, in hexadecimal digits.
const SPAN_ID: &str = "steadfast.span_id";
/// Baggage with the next trace's id, in hexadecimal digits.
const TRACE_ID: &str = "steadfast.trace_id";

/// Takes ids from the current context, else from the machine's randomness.
#[derive(Debug, Default)]
pub(crate) struct SuggestedIds(RandomIdGenerator);

impl IdGenerator for SuggestedIds {
    fn new_trace_id(&self) -> TraceId {
        let suggested = suggestion(TRACE_ID, |hex| TraceId::from_hex(hex).ok());
        let valid = suggested.filter(|id| *id != TraceId::INVALID);
        valid.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        let suggested = suggestion(SPAN_ID, |hex| SpanId::from_hex(hex).ok());
        let valid = suggested.filter(|id| *id != SpanId::INVALID);
        valid.unwrap_or_else(|| self.0.new_span_id())
    }
}

fn suggestion<T>(key: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    Context::map_current(|current| {
        let suggested = current.baggage().get(key)?;
        read(suggested.as_str())
    })
}
