//! A run as its events tell it: what was done one after the other, on one line.

use std::collections::BTreeMap;

use steadfast_core::{
    Event, EventId, Failure,
    event::{ActivityTaskCompleted, EventKind},
    failure::FailureInfo,
};

/// What the feed has told of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// Its workflow id.
    pub workflow_id: String,
    /// Its type.
    pub workflow_type: String,
    /// How it closed, once it has.
    pub closed: Option<&'static str>,
    /// The activities that returned.
    pub done: Vec<String>,
    /// Events that came twice, or not at all.
    pub faults: Vec<String>,
    /// How many events came.
    pub events: EventId,
    steps: Vec<String>,
    idle: bool,
    activities: BTreeMap<EventId, String>,
    attempts: BTreeMap<EventId, i32>,
}

impl Chain {
    /// Takes in the next event; says what is worth a line of its own at once.
    pub(crate) fn add(&mut self, event: &Event) -> Option<String> {
        if event.id != self.events + 1 {
            self.faults.push(format!("event {} after event {}", event.id, self.events));
        }
        self.events = event.id;
        self.idle = matches!(&event.kind, EventKind::WorkflowTaskCompleted(_));
        #[expect(clippy::wildcard_enum_match_arm, reason = "the timeline tells only these")]
        match &event.kind {
            EventKind::WorkflowExecutionStarted(started) => {
                let parent = started.parent.is_some();
                return (!parent).then(|| "started".to_owned());
            }
            EventKind::ActivityTaskScheduled(scheduled) => {
                let name = scheduled.activity_type.as_str().to_owned();
                self.activities.insert(event.id, name);
            }
            EventKind::ActivityTaskStarted(started) => {
                self.attempts.insert(started.scheduled_event_id, started.attempt);
            }
            EventKind::ActivityTaskCompleted(completed) => self.completed(completed),
            EventKind::ActivityTaskFailed(failed) => {
                self.broke(failed.scheduled_event_id, &failed.failure);
            }
            EventKind::ActivityTaskTimedOut(late) => {
                self.broke(late.scheduled_event_id, &late.failure);
            }
            EventKind::WorkflowExecutionSignaled(signal) => {
                self.steps.push(format!("({})", signal.signal_name));
                return Some(format!("signal {}", signal.signal_name));
            }
            EventKind::MarkerRecorded(marker) => {
                self.steps.push(format!("[{}]", marker.marker_name))
            }
            EventKind::WorkflowTaskFailed(failed) => {
                return Some(format!("workflow task failed: {:?}", failed.cause));
            }
            EventKind::WorkflowExecutionCompleted(_) => return Some(self.close("completed", None)),
            EventKind::WorkflowExecutionFailed(failed) => {
                return Some(self.close("failed", Some(&failed.failure)));
            }
            EventKind::WorkflowExecutionTimedOut(_) => return Some(self.close("timed out", None)),
            EventKind::WorkflowExecutionTerminated(_) => {
                return Some(self.close("terminated", None));
            }
            EventKind::WorkflowExecutionCanceled(_) => return Some(self.close("cancelled", None)),
            _ => {}
        }
        None
    }

    /// Whether the run waits for something from outside, this activity being done.
    pub(crate) fn rests_after(&self, activity: &str) -> bool {
        self.idle && self.done.iter().any(|name| name == activity)
    }

    fn completed(&mut self, completed: &ActivityTaskCompleted) {
        let scheduled = completed.scheduled_event_id;
        let name = self.activities.remove(&scheduled).unwrap_or_default();
        let language = match completed.identity.as_str() {
            identity if identity.starts_with("python") => "py",
            identity if identity.starts_with("typescript") => "ts",
            _ => "rs",
        };
        let attempts = match self.attempts.remove(&scheduled) {
            Some(attempts @ 2..) => format!("×{attempts}"),
            Some(_) | None => String::new(),
        };
        self.steps.push(format!("{name}{attempts}·{language}"));
        self.done.push(name);
    }

    fn broke(&mut self, scheduled: EventId, failure: &Failure) {
        let name = self.activities.remove(&scheduled).unwrap_or_default();
        self.steps.push(format!("✗ {name} ({})", root(failure)));
    }

    fn close(&mut self, how: &'static str, failure: Option<&Failure>) -> String {
        self.closed = Some(how);
        let why = failure.map(|failure| format!(" ({})", root(failure))).unwrap_or_default();
        let steps = if self.steps.is_empty() { "children only" } else { &self.steps.join(" → ") };
        format!("{how}{why}: {steps}")
    }
}

/// The kind of what failed first, or its message.
fn root(failure: &Failure) -> &str {
    let mut failure = failure;
    while let Some(cause) = &failure.cause {
        failure = cause;
    }
    match &failure.info {
        FailureInfo::Application(info) if !info.kind.is_empty() => &info.kind,
        FailureInfo::Application(_)
        | FailureInfo::Unspecified
        | FailureInfo::Timeout { .. }
        | FailureInfo::Canceled { .. }
        | FailureInfo::Terminated { .. }
        | FailureInfo::Server { .. }
        | FailureInfo::ResetWorkflow { .. }
        | FailureInfo::Activity(_)
        | FailureInfo::ChildWorkflow(_)
        | FailureInfo::NexusOperation(_)
        | FailureInfo::NexusHandler { .. } => &failure.message,
    }
}
