//! What the engine tells about a run in its trace: the start, the run itself, its tasks from offer
//! to end, its appends.
//!
//! Most of these last longer than any turn of an actor, and some longer than the process. So a span
//! is made when it ends, with the id that its children were told and the time when it began. The
//! ids are suggested to the process's id generator as baggage of the current context (see
//! `steadfast-telemetry`); a provider that does not take them gets the same spans without the links,
//! and workers continue the starter's span.
//!
//! Where nothing is exported, or the trace is not sampled, this costs one comparison.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::{
    Context, KeyValue, SpanId, TraceId,
    baggage::BaggageExt,
    global::{self, BoxedSpan, BoxedTracer},
    trace::{Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};
use steadfast_core::{
    EventId, Record, Run, RunKey, Timestamp,
    event::{Event, EventKind},
    record::{Change, Entry},
    run,
    start::StartRequest,
};

use super::{RunTrace, TRACEPARENT, Task, parse, text};

/// Baggage that suggests a new span's id, in hexadecimal digits.
const SPAN_ID: &str = "steadfast.span_id";
/// Baggage that suggests a new trace's id, in hexadecimal digits.
const TRACE_ID: &str = "steadfast.trace_id";

/// What becomes of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Export {
    /// Nobody wants them.
    Nothing,
    /// They are exported, with ids of the provider's choice.
    Unlinked,
    /// They are exported with the ids that we suggest.
    Linked,
}

/// The engine's spans, for whatever provider the process has installed before the engine began.
pub(crate) struct Spans {
    tracer: BoxedTracer,
    export: Export,
}

impl Spans {
    pub(crate) fn new() -> Self {
        let tracer = global::tracer("steadfast");
        let export = export(&tracer);
        Self { tracer, export }
    }

    /// The start of a run, until the answer. The run continues the returned span; nothing when
    /// it is to continue what the caller sent.
    pub(crate) fn start(
        &self,
        key: &RunKey,
        request: &StartRequest,
        traceparent: Option<&str>,
    ) -> Option<StartSpan> {
        if self.export == Export::Nothing || request.header.contains_key(TRACEPARENT) {
            return None;
        }
        let parent = match traceparent.and_then(parse) {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let mut attributes = ids(key, request.task_queue.as_str());
        attributes.push(KeyValue::new("workflow_type", request.workflow_type.to_string()));
        let builder = SpanBuilder::from_name("start").with_attributes(attributes);
        Some(StartSpan(self.tracer.build_with_context(builder, &parent)))
    }

    /// What a worker's span continues: the task's span where it is exported.
    pub(crate) fn of_task(
        &self,
        run: &Run,
        task: Task,
        scheduled: EventId,
        attempt: i32,
    ) -> String {
        let trace = RunTrace::of(run);
        match self.export {
            Export::Linked => trace.text(trace.task_span(task, scheduled, attempt)),
            Export::Nothing | Export::Unlinked => trace.starter(),
        }
    }

    /// What a child run continues.
    pub(crate) fn of_run(&self, run: &Run) -> String {
        let trace = RunTrace::of(run);
        match self.export {
            Export::Linked => trace.text(trace.run),
            Export::Nothing | Export::Unlinked => trace.starter(),
        }
    }

    /// An acknowledged append.
    pub(crate) fn appended(
        &self,
        run: &Run,
        entries: usize,
        sequence: u64,
        from: Timestamp,
        to: Timestamp,
    ) {
        let Some(trace) = self.sampled(run) else {
            return;
        };
        let mut attributes = ids(run.key(), run.started.task_queue.as_str());
        attributes.push(count("entries", entries as u64));
        attributes.push(count("sequence", sequence));
        let parent = Some(self.run_parent(&trace));
        let builder = spanning("append", from).with_attributes(attributes);
        self.build(builder, None, &trace, parent).end_with_timestamp(time(to));
    }

    /// What ended with a transition that is durable.
    pub(crate) fn transition(&self, before: &Run, after: &Run, record: &Record) {
        let Some(trace) = self.sampled(after) else {
            return;
        };
        for entry in &record.entries {
            match entry {
                Entry::Event(event) => self.ended(&trace, before, record, event),
                Entry::Change(Change::Buffered(event)) => self.ended(&trace, before, record, event),
                Entry::Change(Change::ActivityRetry { scheduled_event_id, failure, .. }) => {
                    let end = Status::error(failure.message.clone());
                    self.activity(&trace, before, *scheduled_event_id, record.at, end);
                }
                // A flushed event was told when it was buffered.
                Entry::Flushed(_) | Entry::Change(_) => {}
            }
        }
        if before.status.is_open() && !after.status.is_open() {
            self.closed(&trace, after, record.at);
        }
    }

    fn ended(&self, trace: &RunTrace, run: &Run, record: &Record, event: &Event) {
        if let Some((scheduled, end)) = activity_end(&event.kind) {
            self.activity(trace, run, scheduled, event.at, end);
        } else if let Some((scheduled, end)) = workflow_task_end(&event.kind) {
            self.workflow_task(trace, run, record, scheduled, event.at, end);
        }
    }

    fn activity(
        &self,
        trace: &RunTrace,
        run: &Run,
        scheduled: EventId,
        at: Timestamp,
        end: Status,
    ) {
        let Some(activity) = run.activities.get(&scheduled) else {
            return;
        };
        let mut attributes = ids(run.key(), activity.scheduled.task_queue.as_str());
        attributes.extend([
            KeyValue::new("activity_id", activity.scheduled.activity_id.to_string()),
            KeyValue::new("activity_type", activity.scheduled.activity_type.to_string()),
            KeyValue::new("attempt", i64::from(activity.attempt)),
        ]);
        let id = trace.task_span(Task::Activity, scheduled, activity.attempt);
        let builder = spanning("activity_task", activity.attempt_scheduled_at)
            .with_kind(SpanKind::Producer)
            .with_attributes(attributes);
        let mut span = self.build(builder, Some(id), trace, Some(self.run_parent(trace)));
        if let Some(started) = &activity.started {
            let worker = KeyValue::new("identity", started.identity.to_string());
            span.add_event_with_timestamp("started", time(started.at), vec![worker]);
        }
        span.set_status(end);
        span.end_with_timestamp(time(at));
    }

    fn workflow_task(
        &self,
        trace: &RunTrace,
        run: &Run,
        record: &Record,
        scheduled: EventId,
        at: Timestamp,
        end: Status,
    ) {
        let out = run.session.task_out.as_ref();
        let out = out.filter(|out| out.task.scheduled_event_id == scheduled);
        // Code in this process may do the whole task in one transition.
        let here = || record.events().find(|event| event.id == scheduled);
        let from = out.map_or_else(|| here().map_or(at, |event| event.at), |out| out.scheduled_at);
        let attempt = out.map_or(1, |out| out.task.attempt);
        let mut attributes = ids(run.key(), run.started.task_queue.as_str());
        attributes.push(KeyValue::new("attempt", i64::from(attempt)));
        let id = trace.task_span(Task::Workflow, scheduled, attempt);
        let builder = spanning("workflow_task", from)
            .with_kind(SpanKind::Producer)
            .with_attributes(attributes);
        let mut span = self.build(builder, Some(id), trace, Some(self.run_parent(trace)));
        if let Some(out) = out {
            let worker = KeyValue::new("identity", out.identity.to_string());
            span.add_event_with_timestamp("started", time(out.started_at), vec![worker]);
        }
        span.set_status(end);
        span.end_with_timestamp(time(at));
    }

    fn closed(&self, trace: &RunTrace, run: &Run, at: Timestamp) {
        let mut attributes = ids(run.key(), run.started.task_queue.as_str());
        attributes.extend([
            KeyValue::new("workflow_type", run.started.workflow_type.to_string()),
            KeyValue::new("status", format!("{:?}", run.status)),
        ]);
        let builder = spanning("workflow", run.started_at).with_attributes(attributes);
        let parent = trace.starter.map(|starter| trace.parent(starter));
        let mut span = self.build(builder, Some(trace.run), trace, parent);
        span.set_status(match run.status {
            run::Status::Failed | run::Status::TimedOut => {
                Status::error(format!("{:?}", run.status))
            }
            run::Status::Running
            | run::Status::Paused
            | run::Status::Completed
            | run::Status::Canceled
            | run::Status::Terminated
            | run::Status::ContinuedAsNew => Status::Ok,
        });
        span.end_with_timestamp(time(at));
    }

    fn sampled(&self, run: &Run) -> Option<RunTrace> {
        if self.export == Export::Nothing {
            return None;
        }
        Some(RunTrace::of(run)).filter(|trace| trace.flags.is_sampled())
    }

    /// The run's span, or the starter's where the run's has another id.
    fn run_parent(&self, trace: &RunTrace) -> SpanContext {
        match self.export {
            Export::Linked => trace.parent(trace.run),
            Export::Nothing | Export::Unlinked => trace.parent(trace.starter.unwrap_or(trace.run)),
        }
    }

    fn build(
        &self,
        builder: SpanBuilder,
        id: Option<SpanId>,
        trace: &RunTrace,
        parent: Option<SpanContext>,
    ) -> BoxedSpan {
        let parent = parent
            .map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let Some(id) = id else {
            return self.tracer.build_with_context(builder, &parent);
        };
        suggested(&self.tracer, builder, &parent, id, trace.trace_id)
    }
}

/// The span of a start; it ends when this is dropped.
pub(crate) struct StartSpan(BoxedSpan);

impl StartSpan {
    /// What the run continues.
    pub(crate) fn traceparent(&self) -> Option<String> {
        let context = self.0.span_context();
        let valid = context.is_valid();
        valid.then(|| text(context.trace_id(), context.span_id(), context.trace_flags()))
    }
}

/// Builds a span with the ids we want, if the process's id generator takes suggestions.
fn suggested(
    tracer: &BoxedTracer,
    builder: SpanBuilder,
    parent: &Context,
    id: SpanId,
    trace_id: TraceId,
) -> BoxedSpan {
    let wanted =
        [KeyValue::new(SPAN_ID, id.to_string()), KeyValue::new(TRACE_ID, trace_id.to_string())];
    let _suggesting = Context::new().with_baggage(wanted).attach();
    tracer.build_with_context(builder, parent)
}

/// Asks the provider, with a span that is not sampled and so goes nowhere.
fn export(tracer: &BoxedTracer) -> Export {
    let (trace_id, parent_id, id) = (TraceId::from(1), SpanId::from(1), SpanId::from(2));
    let parent = SpanContext::new(
        trace_id,
        parent_id,
        opentelemetry::TraceFlags::default(),
        true,
        opentelemetry::trace::TraceState::default(),
    );
    let parent = Context::new().with_remote_span_context(parent);
    let builder = SpanBuilder::from_name("probe");
    let probe = suggested(tracer, builder, &parent, id, trace_id);
    match probe.span_context().span_id() {
        found if found == id => Export::Linked,
        // The provider that does nothing hands the parent back.
        found if found == parent_id || found == SpanId::INVALID => Export::Nothing,
        _ => Export::Unlinked,
    }
}

fn spanning(name: &'static str, from: Timestamp) -> SpanBuilder {
    SpanBuilder::from_name(name).with_start_time(time(from))
}

fn ids(key: &RunKey, task_queue: &str) -> Vec<KeyValue> {
    vec![
        KeyValue::new("namespace", key.namespace.to_string()),
        KeyValue::new("workflow_id", key.workflow_id.to_string()),
        KeyValue::new("run_id", key.run_id.to_string()),
        KeyValue::new("task_queue", task_queue.to_owned()),
    ]
}

fn count(name: &'static str, value: u64) -> KeyValue {
    KeyValue::new(name, i64::try_from(value).unwrap_or(i64::MAX))
}

fn time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.0).unwrap_or_default())
}

fn activity_end(kind: &EventKind) -> Option<(EventId, Status)> {
    if let EventKind::ActivityTaskCompleted(it) = kind {
        Some((it.scheduled_event_id, Status::Ok))
    } else if let EventKind::ActivityTaskFailed(it) = kind {
        let message = it.failure.message.clone();
        Some((it.scheduled_event_id, Status::error(message)))
    } else if let EventKind::ActivityTaskTimedOut(it) = kind {
        let message = it.failure.message.clone();
        Some((it.scheduled_event_id, Status::error(message)))
    } else if let EventKind::ActivityTaskCanceled(it) = kind {
        Some((it.scheduled_event_id, Status::Unset))
    } else {
        None
    }
}

fn workflow_task_end(kind: &EventKind) -> Option<(EventId, Status)> {
    if let EventKind::WorkflowTaskCompleted(it) = kind {
        Some((it.scheduled_event_id, Status::Ok))
    } else if let EventKind::WorkflowTaskFailed(it) = kind {
        let cause = Status::error(format!("{:?}", it.cause));
        Some((it.scheduled_event_id, cause))
    } else if let EventKind::WorkflowTaskTimedOut(it) = kind {
        Some((it.scheduled_event_id, Status::error("timed out")))
    } else {
        None
    }
}
