//! Trace context as text.

use super::*;

const TEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_traceparent_is_read_and_written() {
    let read = parse(TEXT).unwrap();
    assert_eq!(text(read.trace_id(), read.span_id(), read.trace_flags()), TEXT);
    assert!(read.is_sampled());
    assert!(!parse(&TEXT.replace("-01", "-00")).unwrap().is_sampled());
}

#[test]
fn what_is_no_traceparent_counts_as_none() {
    let zeros = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
    let future = TEXT.replacen("00", "ff", 1);
    for bad in ["", "00", "00-a-b-01", "hello", &TEXT[..54], &zeros, &future] {
        assert!(parse(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn ids_are_the_same_in_every_process() {
    assert_eq!(trace_id("run").to_string(), trace_id("run").to_string());
    assert_ne!(trace_id("run"), trace_id("other"));
    let trace = RunTrace {
        trace_id: trace_id("run"),
        starter: None,
        flags: TraceFlags::SAMPLED,
        run: span_id(&[b"run"]),
    };
    let first = trace.task_span(Task::Activity, 5, 1);
    assert_eq!(first, trace.task_span(Task::Activity, 5, 1));
    for other in [
        trace.task_span(Task::Activity, 5, 2),
        trace.task_span(Task::Activity, 6, 1),
        trace.task_span(Task::Workflow, 5, 1),
    ] {
        assert_ne!(first, other);
    }
}
