//! The new run's part: its first record, made from the copied events.

use super::{Run, check_range};
use crate::{
    Change, Entry, Event, EventId, EventKind, Failure, Record, Rejection, RequestId, RunKey,
    Timestamp, Transition,
    event::{ActivityTaskFailed, WorkflowTaskFailed, WorkflowTaskFailedCause, WorkflowTaskStarted},
    failure::{FailureInfo, RetryState},
    input::{PostResetOperation, Reset},
    limits::Limits,
    record::{Fork, Opened, ResetOrigin},
};

/// Who writes what a reset adds (Temporal's `IdentityHistoryService`).
const HISTORY_SERVICE: &str = "history-service";

/// What a reset makes a run from.
#[derive(Clone, Debug, PartialEq)]
pub struct ResetStart {
    /// How the base run began.
    pub base: Opened,
    /// What was asked.
    pub reset: Reset,
    /// The events that are copied: the base run's before the reset point.
    pub copied: Vec<Event>,
    /// What happened after the reset point: the rest of the base run's events, and those of the runs
    /// that it continued as.
    pub later: Vec<Event>,
}

/// Whether a run with these events can be made: the same as making it, without what came later.
pub fn check_point(
    base: &Run,
    reset: Reset,
    copied: Vec<Event>,
    limits: &Limits,
) -> Result<(), Rejection> {
    check_range(reset.workflow_task_finish_event_id, base.next_event_id)?;
    let key = RunKey { run_id: reset.new_run_id.clone(), ..base.key().clone() };
    let base_opened = (*base.opened).clone();
    let start = ResetStart { base: base_opened, reset, copied, later: Vec::new() };
    open(key, start, limits, base.last_at).map(drop)
}

/// The draft of the new run.
pub(in crate::run) fn open<'a>(
    key: RunKey,
    start: ResetStart,
    limits: &'a Limits,
    now: Timestamp,
) -> Result<Transition<'a>, Rejection> {
    let ResetStart { base, reset, copied, later } = start;
    let finish = reset.workflow_task_finish_event_id;
    let Some(first) = copied.first() else {
        return Err(Rejection::Invalid("there is nothing to begin with".to_owned()));
    };
    let origin = origin(&base, &reset, first.at);
    let opened = Opened { key, request_id: base.request_id.clone(), reset: Some(origin) };
    let task = last_started_task(&copied);
    let started = started_activities(&copied);
    let seen = requests_of(&copied);
    let cancel_requested = copied
        .iter()
        .any(|event| matches!(event.kind, EventKind::WorkflowExecutionCancelRequested(_)));
    let mut entries = vec![Entry::Change(Change::Opened(Box::new(opened)))];
    entries.extend(copied.into_iter().map(Entry::Event));
    let record = Record { at: now, entries };
    let run = Run::from_first(&record).map_err(|error| Rejection::Invalid(error.to_string()))?;
    let mut transition = Transition::on(run, limits, now);
    transition.record = record;
    for request_id in seen {
        transition.see(&request_id);
    }
    if cancel_requested {
        transition.change(Change::CancelRequested(RequestId::default()));
    }
    transition.fail_task_at_reset(&reset, &base.key, finish, task)?;
    transition.fail_started_activities(&reset, started);
    transition.change(Change::Rescheduled);
    transition.reapply(&reset.exclude, later);
    for operation in reset.operations {
        match operation {
            PostResetOperation::Signal(signal) => drop(transition.signal(*signal)?),
            PostResetOperation::Options(options) => drop(transition.event(*options)),
        }
    }
    transition.schedule_workflow_task();
    transition.effects = transition.run.pending_effects();
    Ok(transition)
}

/// Whose history the new run has, up to which event.
fn origin(base: &Opened, reset: &Reset, first_at: Timestamp) -> Box<ResetOrigin> {
    let last = reset.workflow_task_finish_event_id - 1;
    let mut forks: Vec<Fork> = Vec::new();
    let known = base.reset.iter().flat_map(|origin| origin.forks.iter().cloned());
    let own = Fork { run_id: base.key.run_id.clone(), through: last };
    for fork in known.chain([own]) {
        if forks.last().is_some_and(|before| before.through >= last) {
            break;
        }
        forks.push(Fork { through: fork.through.min(last), ..fork });
    }
    let original_start = base.reset.as_ref().map_or(first_at, |origin| origin.original_start);
    Box::new(ResetOrigin { request_id: reset.request_id.clone(), forks, original_start })
}

/// The last Started event of a workflow task, with its task.
fn last_started_task(copied: &[Event]) -> Option<(EventId, EventId)> {
    copied.iter().rev().find_map(|event| {
        let EventKind::WorkflowTaskStarted(started) = &event.kind else {
            return None;
        };
        Some((started.scheduled_event_id, event.id))
    })
}

/// Activities with a Started event: scheduled event, started event, worker.
fn started_activities(copied: &[Event]) -> Vec<(EventId, EventId, crate::Identity)> {
    let started = copied.iter().filter_map(|event| {
        let EventKind::ActivityTaskStarted(started) = &event.kind else {
            return None;
        };
        Some((started.scheduled_event_id, event.id, started.identity.clone()))
    });
    started.collect()
}

fn requests_of(copied: &[Event]) -> Vec<RequestId> {
    let requests = copied.iter().filter_map(|event| {
        let EventKind::WorkflowExecutionSignaled(signaled) = &event.kind else {
            return None;
        };
        Some(signaled.request_id.clone())
    });
    requests.collect()
}

fn reset_failure(reason: &str) -> Failure {
    let info = FailureInfo::ResetWorkflow { last_heartbeat_details: Vec::new() };
    Failure { message: reason.to_owned(), info, ..Failure::default() }
}

impl Transition<'_> {
    /// The workflow task at the reset point fails: its worker never knew what comes now.
    fn fail_task_at_reset(
        &mut self,
        reset: &Reset,
        base: &RunKey,
        finish: EventId,
        started: Option<(EventId, EventId)>,
    ) -> Result<(), Rejection> {
        let Some(pending) = self.run.workflow_task.clone() else {
            return Err(Rejection::Invalid(format!(
                "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, \
                 WorkflowTaskStarted + 1]: {finish}"
            )));
        };
        let scheduled_event_id = pending.scheduled_event_id;
        let started = started.filter(|(scheduled, _)| *scheduled == scheduled_event_id);
        let started_event_id = match started {
            Some((_, started_event_id)) => started_event_id,
            None => self.event(WorkflowTaskStarted {
                scheduled_event_id,
                identity: HISTORY_SERVICE.into(),
                history_size_bytes: self.run.history_bytes,
                ..WorkflowTaskStarted::default()
            }),
        };
        self.event(WorkflowTaskFailed {
            scheduled_event_id,
            started_event_id,
            cause: WorkflowTaskFailedCause::ResetWorkflow,
            failure: Some(reset_failure(&reset.reason)),
            identity: HISTORY_SERVICE.into(),
            base_run_id: base.run_id.clone(),
            new_run_id: reset.new_run_id.clone(),
            fork_event_version: 0,
        });
        Ok(())
    }

    /// Activities whose start is in the history cannot be taken again: they fail. The others are
    /// offered anew.
    fn fail_started_activities(
        &mut self,
        reset: &Reset,
        started: Vec<(EventId, EventId, crate::Identity)>,
    ) {
        for (scheduled_event_id, started_event_id, identity) in started {
            if self.run.activities.contains_key(&scheduled_event_id) {
                self.event(ActivityTaskFailed {
                    failure: reset_failure(&reset.reason),
                    scheduled_event_id,
                    started_event_id,
                    identity,
                    retry_state: RetryState::NonRetryableFailure,
                });
            }
        }
    }
}
