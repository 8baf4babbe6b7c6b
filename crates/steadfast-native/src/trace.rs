//! Trace context across NATS: the caller's `traceparent` becomes the parent of the request's span.

use async_nats::{HeaderMap, Message};
use opentelemetry::{
    propagation::{Extractor, Injector},
    trace::TraceContextExt,
};
use steadfast_protocol::header;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::door::{Incoming, Verb};

/// The span of one request.
pub(crate) fn span(incoming: &Incoming, message: &Message) -> Span {
    let verb = match &incoming.verb {
        Verb::Api(verb) => verb.name(),
        Verb::Task(verb) => verb.name(),
        Verb::Poll(kind, _) => kind.name(),
    };
    let namespace = incoming.namespace.text().unwrap_or_default();
    let parent = message.headers.as_ref();
    let parent = parent.filter(|headers| headers.get(header::TRACEPARENT).is_some());
    // Polls are many and long, and belong to no workflow until they are answered. A worker's answer
    // without a trace is told by the engine, in its task's.
    let span = match &incoming.verb {
        Verb::Task(_) if parent.is_none() => {
            tracing::debug_span!("native", otel.kind = "server", verb, namespace, trace_id = Empty)
        }
        Verb::Api(_) | Verb::Task(_) => {
            tracing::info_span!("native", otel.kind = "server", verb, namespace, trace_id = Empty)
        }
        Verb::Poll(..) => {
            tracing::debug_span!("native_poll", otel.kind = "server", verb, namespace)
        }
    };
    if let Some(headers) = parent.filter(|_| !span.is_disabled()) {
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&Headers(headers))
        });
        // Without a tracing layer there is nobody to tell.
        let _ = span.set_parent(parent);
    }
    note_trace(&span, parent);
    span
}

/// Log lines in the span say which trace they belong to.
fn note_trace(span: &Span, sent: Option<&HeaderMap>) {
    if span.is_disabled() {
        return;
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    if own.is_valid() {
        span.record("trace_id", own.trace_id().to_string());
    } else if let Some(sent) = sent.and_then(|headers| headers.get(header::TRACEPARENT))
        && let Some(trace_id) = sent.as_str().split('-').nth(1)
    {
        span.record("trace_id", trace_id);
    }
}

/// The `traceparent` that a new run continues: this request's span, where it is traced, else what
/// the client sent.
pub(crate) fn traceparent(message: &Message) -> Option<String> {
    let mut current = Carrier(None);
    let context = Span::current().context();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut current);
    });
    current.0.or_else(|| {
        let sent = message.headers.as_ref()?.get(header::TRACEPARENT)?;
        Some(sent.as_str().to_owned())
    })
}

/// The headers of a task: its trace, for workers that trace.
pub(crate) fn headers(traceparent: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(traceparent) = traceparent {
        headers.insert(header::TRACEPARENT, traceparent);
    }
    headers
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        vec![header::TRACEPARENT, header::TRACESTATE]
    }
}

struct Carrier(Option<String>);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == header::TRACEPARENT {
            self.0 = Some(value);
        }
    }
}
