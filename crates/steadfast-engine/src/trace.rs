//! A run's trace: one for the whole workflow, from whoever started it to the last worker.
//!
//! Trace context is plain data here: a W3C `traceparent` among the headers of a run's start. A run
//! without one has a trace made of its ids, so that it has the same one after any crash. What
//! happens in the trace is told in [`spans`]; front doors read and write the header.

pub(crate) mod log;
pub(crate) mod spans;

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceState},
};
use steadfast_core::{EventId, Payload, Run};
use tracing::Span;

/// The header of a run that carries its trace context.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// The encoding of that header's value when it was written here.
const TEXT: &str = "text/plain";

/// The value of the header for a run that came without one.
pub(crate) fn header_value(traceparent: String) -> Payload {
    Payload::new(TEXT, traceparent.into_bytes())
}

/// Whether a field of a run's header is the trace context that the engine put there.
pub fn is_trace_header(name: &str, value: &Payload) -> bool {
    name == TRACEPARENT && value.encoding() == Some(TEXT)
}

/// The run's trace context (W3C `traceparent`): its starter's, or its own.
pub(crate) fn traceparent(run: &Run) -> String {
    RunTrace::of(run).starter()
}

/// The run's trace id, for log lines.
pub(crate) fn trace_id_of(run: &Run) -> TraceId {
    RunTrace::of(run).trace_id
}

/// The `debug` span of an append: context for its log lines.
pub(crate) fn append(run: &Run, entries: usize) -> Span {
    let key = run.key();
    tracing::debug_span!(
        "append",
        namespace = %key.namespace,
        workflow_id = %key.workflow_id,
        run_id = %key.run_id,
        task_queue = %run.started.task_queue,
        entries,
    )
}

/// The span of what is done after an acknowledgement.
pub(crate) fn effects(run: &Run, effects: usize) -> Span {
    let key = run.key();
    tracing::debug_span!(
        "effects",
        namespace = %key.namespace,
        workflow_id = %key.workflow_id,
        run_id = %key.run_id,
        task_queue = %run.started.task_queue,
        effects,
    )
}

/// What a task's span is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Workflow,
    Activity,
}

/// A run's place in its trace. Span ids follow from the run's id and the task's place in history,
/// so a span that one process announced can be ended by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunTrace {
    trace_id: TraceId,
    /// The starter's span; nothing when the trace begins with this run.
    starter: Option<SpanId>,
    flags: TraceFlags,
    /// The span of the run itself.
    run: SpanId,
}

impl RunTrace {
    pub(crate) fn of(run: &Run) -> Self {
        let run_span = span_id(&[run.key().run_id.as_str().as_bytes()]);
        let header = run.started.header.get(TRACEPARENT);
        let text = header.and_then(|payload| std::str::from_utf8(&payload.data).ok());
        match text.and_then(parse) {
            Some(starter) => Self {
                trace_id: starter.trace_id(),
                starter: Some(starter.span_id()),
                flags: starter.trace_flags(),
                run: run_span,
            },
            None => Self {
                trace_id: trace_id(run.started.first_execution_run_id.as_str()),
                starter: None,
                flags: TraceFlags::SAMPLED,
                run: run_span,
            },
        }
    }

    /// What continues the trace where the run's own spans are not exported.
    fn starter(&self) -> String {
        self.text(self.starter.unwrap_or(self.run))
    }

    fn task_span(&self, task: Task, scheduled: EventId, attempt: i32) -> SpanId {
        let kind: &[u8] = match task {
            Task::Workflow => b"w",
            Task::Activity => b"a",
        };
        let run = self.run.to_bytes();
        span_id(&[&run, kind, &scheduled.to_be_bytes(), &attempt.to_be_bytes()])
    }

    fn text(&self, span: SpanId) -> String {
        text(self.trace_id, span, self.flags)
    }

    /// As the parent of another span.
    fn parent(&self, span: SpanId) -> SpanContext {
        let state = TraceState::default();
        SpanContext::new(self.trace_id, span, self.flags, true, state)
    }
}

fn text(trace_id: TraceId, span: SpanId, flags: TraceFlags) -> String {
    format!("00-{trace_id}-{span}-{:02x}", flags.to_u8())
}

/// Reads a `traceparent`. What is not one counts as none, as W3C asks.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace_id) = (parts.next()?, parts.next()?);
    let (span, flags) = (parts.next()?, parts.next()?);
    let lengths = (version.len(), trace_id.len(), span.len(), flags.len());
    if lengths != (2, 32, 16, 2) || version == "ff" {
        return None;
    }
    let trace_id = TraceId::from_hex(trace_id).ok()?;
    let span = SpanId::from_hex(span).ok()?;
    let sampled = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace_id, span, sampled, true, TraceState::default());
    context.is_valid().then_some(context)
}

fn trace_id(run_id: &str) -> TraceId {
    let high = fnv(&[b"trace", run_id.as_bytes()]);
    let low = fnv(&[run_id.as_bytes(), b"trace"]);
    TraceId::from((u128::from(high) << 64) | u128::from(low))
}

fn span_id(parts: &[&[u8]]) -> SpanId {
    SpanId::from(fnv(parts))
}

/// FNV-1a: the same in every version and process. Never 0, which would be no id.
fn fnv(parts: &[&[u8]]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = parts.iter().flat_map(|part| part.iter());
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    hash.max(1)
}

#[cfg(test)]
mod tests;
