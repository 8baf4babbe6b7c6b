//! The workflow `script`: does the steps that its input lists, one after the other, and returns how
//! each ended. It is a fold over its history, without any SDK: what a workflow worker is at its core.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use steadfast_core::{
    Event, EventId, Failure, RetryPolicy, Span,
    command::{Command, CommandKind, ScheduleActivity},
    event::EventKind,
    failure::FailureInfo,
};

use crate::native::{self, first};

/// The workflow's type.
pub const SCRIPT: &str = "script";
/// The signal that cancels the running step.
pub const CANCEL_STEP: &str = "cancel-step";

/// One step: an activity.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// The activity's type.
    pub activity: String,
    /// Where its tasks go.
    pub queue: String,
    /// Its argument.
    pub input: Value,
    /// No more attempts than this; 0 is no limit.
    pub attempts: i32,
    /// How long an attempt may take.
    pub timeout_ms: u64,
    /// A heartbeat must come at least so often; 0 is never.
    pub heartbeat_ms: u64,
}

impl Step {
    /// An activity with an argument.
    pub fn new(activity: &str, queue: &str, input: Value) -> Self {
        let (activity, queue) = (activity.to_owned(), queue.to_owned());
        Self { activity, queue, input, timeout_ms: 10_000, ..Self::default() }
    }

    /// With a bound on its attempts.
    pub fn attempts(self, attempts: i32) -> Self {
        Self { attempts, ..self }
    }

    /// With a bound on each attempt's time.
    pub fn timeout(self, timeout: Duration) -> Self {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        Self { timeout_ms, ..self }
    }

    /// With a heartbeat.
    pub fn heartbeat(self, every: Duration) -> Self {
        let heartbeat_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        Self { heartbeat_ms, ..self }
    }
}

/// What the history says so far.
#[derive(Default)]
struct State {
    steps: Vec<Step>,
    scheduled: Vec<EventId>,
    outcomes: BTreeMap<EventId, Value>,
    signals: usize,
    cancelled: Vec<EventId>,
}

/// The commands that follow from a history.
pub fn commands(history: &[Event]) -> Result<Vec<Command>> {
    let mut state = State::default();
    for event in history {
        state.fold(event)?;
    }
    state.next()
}

impl State {
    fn fold(&mut self, event: &Event) -> Result<()> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the script lives by these only")]
        match &event.kind {
            EventKind::WorkflowExecutionStarted(started) => {
                self.steps = serde_json::from_value(first(&started.input)).context("steps")?;
            }
            EventKind::ActivityTaskScheduled(_) => self.scheduled.push(event.id),
            EventKind::ActivityTaskCompleted(done) => {
                let outcome = json!({ "ok": first(&done.result), "by": done.identity.as_str() });
                self.outcomes.insert(done.scheduled_event_id, outcome);
            }
            EventKind::ActivityTaskFailed(failed) => {
                self.outcomes.insert(failed.scheduled_event_id, failure(&failed.failure));
            }
            EventKind::ActivityTaskTimedOut(late) => {
                self.outcomes.insert(late.scheduled_event_id, failure(&late.failure));
            }
            EventKind::ActivityTaskCanceled(canceled) => {
                let outcome = json!({ "canceled": true });
                self.outcomes.insert(canceled.scheduled_event_id, outcome);
            }
            EventKind::ActivityTaskCancelRequested(request) => {
                self.cancelled.push(request.scheduled_event_id);
            }
            EventKind::WorkflowExecutionSignaled(signal) if signal.signal_name == CANCEL_STEP => {
                self.signals += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn next(self) -> Result<Vec<Command>> {
        let running = self.scheduled.iter().find(|id| !self.outcomes.contains_key(id));
        if let Some(&scheduled_event_id) = running {
            let cancel = self.signals > self.cancelled.len();
            let request = CommandKind::RequestCancelActivity { scheduled_event_id };
            return Ok(if cancel { vec![request.into()] } else { Vec::new() });
        }
        if let Some(step) = self.steps.get(self.scheduled.len()) {
            return Ok(vec![schedule(step, self.scheduled.len())?.into()]);
        }
        let outcomes: Vec<_> = self.outcomes.values().collect();
        Ok(vec![CommandKind::CompleteWorkflow { result: vec![native::json(&outcomes)?] }.into()])
    }
}

fn schedule(step: &Step, number: usize) -> Result<CommandKind> {
    let retry = RetryPolicy {
        initial_interval: Span::from_millis(50),
        maximum_interval: Span::from_secs(1),
        maximum_attempts: step.attempts,
        ..RetryPolicy::default()
    };
    Ok(CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: number.to_string().into(),
        activity_type: step.activity.as_str().into(),
        task_queue: step.queue.as_str().into(),
        input: vec![native::json(&step.input)?],
        start_to_close_timeout: Span::from_millis(step.timeout_ms),
        heartbeat_timeout: Span::from_millis(step.heartbeat_ms),
        retry_policy: Some(retry),
        ..ScheduleActivity::default()
    })))
}

fn failure(failure: &Failure) -> Value {
    let mut root = failure;
    while let Some(cause) = &root.cause {
        root = cause;
    }
    let kind = match &root.info {
        FailureInfo::Application(info) => info.kind.clone(),
        FailureInfo::Timeout { timeout, .. } => format!("{timeout:?}"),
        FailureInfo::Unspecified
        | FailureInfo::Canceled { .. }
        | FailureInfo::Terminated { .. }
        | FailureInfo::Server { .. }
        | FailureInfo::ResetWorkflow { .. }
        | FailureInfo::Activity(_)
        | FailureInfo::ChildWorkflow(_)
        | FailureInfo::NexusOperation(_)
        | FailureInfo::NexusHandler { .. } => String::new(),
    };
    json!({ "error": kind, "message": root.message })
}
