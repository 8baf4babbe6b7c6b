//! The engine's spans are part of the run's own trace: the one its starter's `traceparent` names.

use std::collections::HashMap;

use steadfast_core::Run;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header of a run that carries its trace context.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The run's trace context (W3C `traceparent`): a header of its start.
pub(crate) fn traceparent(run: &Run) -> Option<String> {
    let payload = run.started.header.get(TRACEPARENT)?;
    String::from_utf8(payload.data.to_vec()).ok()
}

/// The span of an append.
pub(crate) fn append(run: &Run, entries: usize, traceparent: Option<&str>) -> Span {
    let key = run.key();
    let span = tracing::info_span!(
        "append",
        namespace = %key.namespace,
        workflow_id = %key.workflow_id,
        run_id = %key.run_id,
        task_queue = %run.started.task_queue,
        entries,
    );
    continue_trace(&span, traceparent);
    span
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

/// Makes the span part of the trace that the text names.
fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent.filter(|_| !span.is_disabled()) else {
        return;
    };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent =
        opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&carrier));
    // Without a tracing layer there is nobody to tell.
    drop(span.set_parent(parent));
}
