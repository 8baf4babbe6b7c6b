//! Trace context: spans continue the trace that a task carries (cargo feature `otel`).

use tracing::Span;

/// Makes the span part of the trace that the W3C text names; log lines in it say which.
pub(crate) fn continue_trace(span: &Span, traceparent: Option<&str>) {
    if let Some(trace_id) = traceparent.and_then(|text| text.split('-').nth(1)) {
        span.record("trace_id", trace_id);
    }
    set_parent(span, traceparent);
}

#[cfg(feature = "otel")]
fn set_parent(span: &Span, traceparent: Option<&str>) {
    use std::collections::HashMap;

    use tracing_opentelemetry::OpenTelemetrySpanExt;

    if let Some(traceparent) = traceparent {
        let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&carrier)
        });
        // Without a tracing layer there is nobody to tell.
        let _ = span.set_parent(parent);
    }
}

/// Without OpenTelemetry the span has the text as a field, and that is all.
#[cfg(not(feature = "otel"))]
fn set_parent(_: &Span, _: Option<&str>) {}

/// The trace context of the current span.
#[cfg(feature = "otel")]
pub(crate) fn current() -> Option<String> {
    use std::collections::HashMap;

    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let mut carrier = HashMap::new();
    let context = Span::current().context();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut carrier);
    });
    carrier.remove("traceparent")
}

/// Without OpenTelemetry there is none.
#[cfg(not(feature = "otel"))]
pub(crate) fn current() -> Option<String> {
    None
}
