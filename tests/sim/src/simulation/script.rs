//! Scripted workflow code: the next commands as a plain function of the history.

use std::sync::Arc;

use steadfast_core::{
    Command, Event, EventKind, Payload, RetryPolicy, Span,
    command::{CommandKind, ContinueAsNew, ScheduleActivity, StartChildWorkflow},
};

/// The queue of all simulated workers.
pub(crate) const QUEUE: &str = "work";
/// Steps of a chain, children of a parent, signals that are waited for, timers, runs in a row.
pub(crate) const STEPS: usize = 3;

/// What a simulated workflow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Activities after each other, none of which may run twice.
    Chain,
    /// Activities at the same time, retried until they succeed.
    Fan,
    /// Waits for signals.
    Signals,
    /// Timers after each other.
    Timers,
    /// Children that are chains.
    Parent,
    /// Continues as new.
    Again,
}

impl Script {
    pub(crate) const ALL: [Self; 6] =
        [Self::Chain, Self::Fan, Self::Signals, Self::Timers, Self::Parent, Self::Again];

    /// The workflow type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Fan => "fan",
            Self::Signals => "signals",
            Self::Timers => "timers",
            Self::Parent => "parent",
            Self::Again => "again",
        }
    }

    fn of(workflow_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|script| script.name() == workflow_type)
    }
}

/// What has happened so far, in numbers.
#[derive(Debug, Default)]
struct Tally {
    activities: usize,
    activities_ended: usize,
    timers: usize,
    timers_fired: usize,
    children: usize,
    children_ended: usize,
    signals: usize,
    round: usize,
}

impl Tally {
    fn of(history: &[Arc<Event>]) -> Self {
        use EventKind as E;
        let mut tally = Self::default();
        for event in history {
            #[expect(clippy::wildcard_enum_match_arm, reason = "scripts look at nothing else")]
            match &event.kind {
                E::WorkflowExecutionStarted(a) => {
                    tally.round = a.input.first().map_or(0, |payload| payload.data.len());
                }
                E::ActivityTaskScheduled(_) => tally.activities += 1,
                E::ActivityTaskCompleted(_)
                | E::ActivityTaskFailed(_)
                | E::ActivityTaskTimedOut(_) => tally.activities_ended += 1,
                E::TimerStarted(_) => tally.timers += 1,
                E::TimerFired(_) => tally.timers_fired += 1,
                E::StartChildWorkflowExecutionInitiated(_) => tally.children += 1,
                E::ChildWorkflowExecutionCompleted(_)
                | E::StartChildWorkflowExecutionFailed(_)
                | E::ChildWorkflowExecutionFailed(_) => tally.children_ended += 1,
                E::WorkflowExecutionSignaled(_) => tally.signals += 1,
                _ => {}
            }
        }
        tally
    }
}

/// The next commands of a run, by its type and history.
pub(crate) fn decide(
    workflow_type: &str,
    workflow_id: &str,
    history: &[Arc<Event>],
) -> Vec<Command> {
    let tally = Tally::of(history);
    let done = || vec![CommandKind::CompleteWorkflow { result: Vec::new() }.into()];
    match Script::of(workflow_type) {
        None => done(),
        Some(Script::Chain) => match (tally.activities, tally.activities_ended) {
            (_, STEPS) => done(),
            (scheduled, ended) if scheduled == ended => vec![activity(scheduled, 1)],
            _ => Vec::new(),
        },
        Some(Script::Fan) => match (tally.activities, tally.activities_ended) {
            (0, _) => (0..STEPS).map(|step| activity(step, 0)).collect(),
            (_, STEPS) => done(),
            _ => Vec::new(),
        },
        Some(Script::Signals) if tally.signals >= STEPS => done(),
        Some(Script::Signals) => Vec::new(),
        Some(Script::Timers) => match (tally.timers, tally.timers_fired) {
            (_, STEPS) => done(),
            (started, fired) if started == fired => vec![timer(started)],
            _ => Vec::new(),
        },
        Some(Script::Parent) => match (tally.children, tally.children_ended) {
            (0, _) => (0..STEPS).map(|step| child(workflow_id, step)).collect(),
            (_, STEPS) => done(),
            _ => Vec::new(),
        },
        Some(Script::Again) if tally.round >= STEPS => done(),
        Some(Script::Again) => {
            let input = vec![Payload::new("binary/plain", vec![1; tally.round + 1])];
            let again = ContinueAsNew { input, ..ContinueAsNew::default() };
            vec![CommandKind::ContinueAsNew(Box::new(again)).into()]
        }
    }
}

fn activity(step: usize, maximum_attempts: i32) -> Command {
    let retry_policy = RetryPolicy {
        initial_interval: Span::from_millis(100),
        maximum_interval: Span::from_secs(1),
        maximum_attempts,
        ..RetryPolicy::default()
    };
    CommandKind::ScheduleActivity(Box::new(ScheduleActivity {
        activity_id: step.to_string().into(),
        activity_type: if maximum_attempts == 1 { "once" } else { "retried" }.into(),
        start_to_close_timeout: Span::from_secs(5),
        retry_policy: Some(retry_policy),
        ..ScheduleActivity::default()
    }))
    .into()
}

fn timer(step: usize) -> Command {
    let start_to_fire_timeout = Span::from_secs(2);
    CommandKind::StartTimer { timer_id: step.to_string().into(), start_to_fire_timeout }.into()
}

fn child(workflow_id: &str, step: usize) -> Command {
    CommandKind::StartChildWorkflow(Box::new(StartChildWorkflow {
        workflow_id: format!("{workflow_id}/child-{step}").into(),
        workflow_type: Script::Chain.name().into(),
        ..StartChildWorkflow::default()
    }))
    .into()
}
