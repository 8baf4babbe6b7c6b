//! Workflow tasks: the turns that a workflow's code gets.
//!
//! Invariants: at most one is pending or out (TASK-1), and an answer is accepted once (TASK-2). That a
//! task is out is not written: its Started event is written with its end, and after a crash it is
//! offered again. Follows `service/history/workflow/workflow_task_state_machine.go`.

mod end;
mod inline;
mod problem;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ReplayError, Run, Status};
use crate::{
    Change, Effect, Event, EventId, EventKind, Failure, Identity, Priority, Rejection, RequestId,
    Span, TaskQueue, Timestamp, Transition,
    builds::note_build,
    event::{
        SuggestContinueAsNewReason, UpdateRequest, WorkflowTaskCompleted, WorkflowTaskScheduled,
        WorkflowTaskStarted,
    },
    input::{Reply, StartWorkflowTask, WorkflowTask, WorkflowTaskRef},
};

pub use self::problem::{PROBLEMS_ATTRIBUTE, Problem};

/// How long a worker has when the run does not say (`history.defaultWorkflowTaskTimeout`).
pub const DEFAULT_TIMEOUT: Span = Span::from_secs(10);

/// A workflow task that waits for a worker, or is out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Whether its Scheduled event is in the history.
    pub kind: Kind,
    /// Its Scheduled event; for a kind that is not written, the number it had when it was made.
    pub scheduled_event_id: EventId,
    /// From 1; it grows while tasks fail with nothing new in between.
    pub attempt: i32,
    /// When this attempt was scheduled.
    pub scheduled_at: Timestamp,
    /// Not offered before this.
    pub not_before: Timestamp,
    /// Whether it waits on the cache holder's queue.
    pub sticky: bool,
    /// Why the attempt before it failed.
    pub last_failure: Option<Arc<Failure>>,
}

/// Whether a workflow task is in the history before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Its Scheduled event is written.
    Normal,
    /// A repeated attempt: nothing is written until it completes.
    Transient,
    /// Made for updates only: nothing is written unless it changes something.
    Speculative,
}

/// The workflow task that a worker has.
#[derive(Clone, Debug, PartialEq)]
pub struct Out {
    /// Its name.
    pub task: WorkflowTaskRef,
    /// Whether its Scheduled event is written.
    pub kind: Kind,
    /// The worker.
    pub identity: Identity,
    /// When it was handed out.
    pub started_at: Timestamp,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// When its answer must be there.
    pub deadline: Timestamp,
    /// Whether it came over the cache holder's queue.
    pub sticky: bool,
    /// The history's size when it was handed out.
    pub history_bytes: u64,
    /// Why the worker was told to continue as new, if it was.
    pub suggest_continue_as_new: Vec<SuggestContinueAsNewReason>,
}

impl Run {
    /// The workflow task that waits or is out, written or not.
    pub fn pending_task(&self) -> Option<&Pending> {
        self.workflow_task.as_ref().or(self.session.speculative.as_ref())
    }

    /// How long a worker may take for a workflow task.
    pub fn task_timeout(&self) -> Span {
        self.started.workflow_task_timeout.set().unwrap_or(DEFAULT_TIMEOUT)
    }

    /// The queue that the next workflow task goes to, and whether it is the cache holder's.
    pub fn task_queue(&self) -> (TaskQueue, bool) {
        match &self.sticky {
            Some(sticky) => (sticky.task_queue.clone(), true),
            None => (self.started.task_queue.clone(), false),
        }
    }

    /// The offer of the pending workflow task, if it waits and its backoff is over.
    pub(crate) fn task_offer(&self) -> Option<Effect> {
        let pending = self.pending_task()?;
        if self.session.task_out.is_some() || self.status != Status::Running {
            return None;
        }
        let (task_queue, sticky) = match &self.sticky {
            Some(sticky) if pending.sticky => (sticky.task_queue.clone(), true),
            Some(_) | None => (self.started.task_queue.clone(), false),
        };
        Some(Effect::OfferWorkflowTask {
            task_queue,
            scheduled_event_id: pending.scheduled_event_id,
            attempt: pending.attempt,
            sticky,
            line: Priority::line(self.started.priority.as_ref()),
        })
    }

    pub(super) fn on_task_scheduled(
        &mut self,
        id: EventId,
        at: Timestamp,
        scheduled: &WorkflowTaskScheduled,
    ) -> Result<(), ReplayError> {
        self.first_task_not_before = None;
        self.session.speculative = None;
        self.session.task_offered = true;
        self.workflow_task = Some(Pending {
            kind: Kind::Normal,
            scheduled_event_id: id,
            attempt: scheduled.attempt,
            scheduled_at: at,
            not_before: at,
            sticky: scheduled.sticky,
            last_failure: None,
        });
        Ok(())
    }

    pub(super) fn on_task_started(
        &mut self,
        _id: EventId,
        started: &WorkflowTaskStarted,
    ) -> Result<(), ReplayError> {
        let pending = self.workflow_task.as_ref().map(|task| task.scheduled_event_id);
        if pending == Some(started.scheduled_event_id) {
            Ok(())
        } else {
            Err(self.dangling("WorkflowTaskStarted"))
        }
    }

    pub(super) fn on_task_completed(
        &mut self,
        id: EventId,
        at: Timestamp,
        completed: &WorkflowTaskCompleted,
    ) -> Result<(), ReplayError> {
        self.previous_started_event_id = completed.started_event_id;
        if self.worker.as_deref() != completed.worker.as_ref() {
            self.worker = completed.worker.clone().map(Arc::new);
        }
        if let Some(worker) = &completed.worker {
            note_build(&mut self.search_attributes, worker);
        }
        self.note_reset_point(id, at, completed);
        self.forget_problem();
        self.on_task_ended("WorkflowTaskCompleted")
    }

    pub(super) fn on_task_ended(&mut self, kind: &'static str) -> Result<(), ReplayError> {
        self.session.task_out = None;
        self.session.speculative = None;
        match self.workflow_task.take() {
            Some(_) => Ok(()),
            None => Err(self.dangling(kind)),
        }
    }

    pub(super) fn on_task_attempt(&mut self, change: &Change) -> Result<(), ReplayError> {
        let Change::WorkflowTaskAttempt {
            attempt,
            scheduled_at,
            not_before,
            last_failure,
            problem,
        } = change
        else {
            return Err(self.dangling("WorkflowTaskAttempt"));
        };
        if let Some(problem) = problem {
            self.report_problem(*attempt, *problem);
        }
        self.session.task_out = None;
        self.session.speculative = None;
        self.session.task_offered = false;
        self.workflow_task = Some(Pending {
            kind: Kind::Transient,
            scheduled_event_id: self.next_event_id,
            attempt: *attempt,
            scheduled_at: *scheduled_at,
            not_before: *not_before,
            sticky: false,
            last_failure: last_failure.as_deref().cloned().map(Arc::new),
        });
        Ok(())
    }

    pub(super) fn on_task_unstuck(&mut self) -> Result<(), ReplayError> {
        match &mut self.workflow_task {
            Some(pending) => {
                pending.sticky = false;
                Ok(())
            }
            None => Err(self.dangling("WorkflowTaskUnstuck")),
        }
    }
}

impl Transition<'_> {
    /// Schedules a workflow task, unless one waits or is out already, or the run may have none now.
    /// While one is out, what arrived is in the buffer, and a new task follows its end.
    pub(crate) fn schedule_workflow_task(&mut self) {
        if self.in_completion {
            self.wants_task = true;
            return;
        }
        if self.may_schedule() && self.run.workflow_task.is_none() {
            self.write_scheduled(1);
            self.offer_task();
        }
    }

    /// Schedules a task that is not written, to deliver updates, unless one waits or is out already.
    pub(crate) fn schedule_speculative_task(&mut self) {
        if self.in_completion {
            self.wants_task = true;
            return;
        }
        if self.run.first_task_not_before.is_some() && self.run.status == Status::Running {
            // An update does not wait for the start's delay. A first task is always written.
            self.write_scheduled(1);
            self.offer_task();
            return;
        }
        if !self.may_schedule() || self.run.pending_task().is_some() {
            return;
        }
        let (_, sticky) = self.run.task_queue();
        self.run.session.speculative = Some(Pending {
            kind: Kind::Speculative,
            scheduled_event_id: self.run.next_event_id,
            attempt: 1,
            scheduled_at: self.now,
            not_before: self.now,
            sticky,
            last_failure: None,
        });
        self.offer_task();
    }

    fn may_schedule(&self) -> bool {
        self.run.status == Status::Running
            && self.run.session.task_out.is_none()
            && self.run.first_task_not_before.is_none()
    }

    fn write_scheduled(&mut self, attempt: i32) {
        let (task_queue, sticky) = self.run.task_queue();
        let start_to_close_timeout = self.run.task_timeout();
        self.event(WorkflowTaskScheduled { task_queue, sticky, start_to_close_timeout, attempt });
    }

    pub(super) fn offer_task(&mut self) {
        if let Some(offer) = self.run.task_offer() {
            self.run.session.task_offered = true;
            self.effect(offer);
        }
    }

    pub(super) fn start_workflow_task(
        &mut self,
        input: StartWorkflowTask,
    ) -> Result<Reply, Rejection> {
        self.require_open()?;
        if let Some(out) = &self.run.session.task_out {
            let repeat = out.task.request_id == input.request_id;
            return if repeat { Ok(self.grant()) } else { Err(Rejection::WorkflowTaskNotFound) };
        }
        let pending = self.run.pending_task().ok_or(Rejection::WorkflowTaskNotFound)?;
        let named = (input.scheduled_event_id, input.attempt);
        if named != (pending.scheduled_event_id, pending.attempt)
            || self.now < pending.not_before
            || self.run.status != Status::Running
        {
            return Err(Rejection::WorkflowTaskNotFound);
        }
        self.flush_buffered();
        self.write_outdated_virtual();
        self.hand_out(input.request_id, input.identity);
        Ok(self.grant())
    }

    /// A task that is not in the history, but has new events behind it, is written as a first
    /// attempt: the worker then sees the events in their order.
    fn write_outdated_virtual(&mut self) {
        let next = self.run.next_event_id;
        let outdated = self.run.pending_task().is_some_and(|pending| {
            pending.kind != Kind::Normal && pending.scheduled_event_id != next
        });
        if outdated {
            self.write_scheduled(1);
        }
    }

    fn hand_out(&mut self, request_id: RequestId, identity: Identity) {
        let Some(pending) = self.run.pending_task() else {
            return;
        };
        let next = self.run.next_event_id;
        let (scheduled_event_id, started_event_id) = match pending.kind {
            Kind::Normal => (pending.scheduled_event_id, next),
            Kind::Transient | Kind::Speculative => (next, next + 1),
        };
        let attempt = pending.attempt;
        let suggest_continue_as_new = self.reasons_to_continue_as_new(started_event_id);
        self.run.session.task_out = Some(Out {
            task: WorkflowTaskRef { scheduled_event_id, started_event_id, attempt, request_id },
            kind: pending.kind,
            identity,
            started_at: self.now,
            scheduled_at: pending.scheduled_at,
            deadline: self.now + end::attempt_timeout(self.run.task_timeout(), attempt),
            sticky: pending.sticky,
            history_bytes: self.run.history_bytes,
            suggest_continue_as_new,
        });
    }

    /// Why the workflow should go on as a new run, with its history about to get this event.
    fn reasons_to_continue_as_new(&self, next: EventId) -> Vec<SuggestContinueAsNewReason> {
        let limits = self.limits;
        let updates = self.run.updates.len() + self.run.session.admitted.len();
        // Nine tenths (`history.maxTotalUpdates.suggestContinueAsNewThreshold`).
        let many_updates = (limits.updates_total_max * 9).div_ceil(10);
        let reasons = [
            (
                SuggestContinueAsNewReason::HistorySizeTooLarge,
                self.run.history_bytes >= limits.suggest_continue_as_new_bytes,
            ),
            (
                SuggestContinueAsNewReason::TooManyHistoryEvents,
                next >= limits.suggest_continue_as_new_events,
            ),
            (
                SuggestContinueAsNewReason::TooManyUpdates,
                limits.updates_total_max > 0 && updates >= many_updates,
            ),
        ];
        reasons.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason).collect()
    }

    fn grant(&mut self) -> Reply {
        let updates: Vec<UpdateRequest> = self.updates_to_deliver();
        let run = &self.run;
        let Some(out) = &run.session.task_out else {
            return Reply::Done;
        };
        Reply::WorkflowTask(Box::new(WorkflowTask {
            task: out.task.clone(),
            previous_started_event_id: run.previous_started_event_id,
            tail: run.unwritten_task_events(out),
            last_written_event_id: run.next_event_id - 1,
            updates,
            timeout: Span(u64::try_from(out.deadline.0 - out.started_at.0).unwrap_or(0)),
            sticky: out.sticky,
        }))
    }

    /// The cache holder is gone: the pending task goes to the run's own queue.
    pub(super) fn reset_sticky(&mut self) -> Result<Reply, Rejection> {
        self.require_open()?;
        if self.run.sticky.is_some() {
            let waits = self.run.session.task_out.is_none();
            if waits && self.run.workflow_task.as_ref().is_some_and(|task| task.sticky) {
                self.change(Change::WorkflowTaskUnstuck);
            }
            if let Some(speculative) = &mut self.run.session.speculative {
                speculative.sticky = false;
            }
            self.change(Change::StickySet(None));
            self.offer_task();
        }
        Ok(Reply::Done)
    }
}

impl Run {
    /// What is not written yet of the workflow task that is out, and which kind of task it is.
    pub fn unwritten_task(&self) -> Option<(Kind, Vec<Event>)> {
        let out = self.session.task_out.as_ref()?;
        Some((out.kind, self.unwritten_task_events(out)))
    }

    /// The Scheduled and Started events of the task that is out, as they will be written.
    pub(crate) fn unwritten_task_events(&self, out: &Out) -> Vec<Event> {
        let event = |id, at, kind| Event { id, at, kind, user_metadata: None, links: Vec::new() };
        let mut events = Vec::with_capacity(2);
        if out.kind != Kind::Normal {
            let (task_queue, sticky) = self.task_queue();
            let kind = EventKind::from(WorkflowTaskScheduled {
                task_queue,
                sticky,
                start_to_close_timeout: self.task_timeout(),
                attempt: out.task.attempt,
            });
            events.push(event(out.task.scheduled_event_id, out.scheduled_at, kind));
        }
        let kind = EventKind::from(started_event(out));
        events.push(event(out.task.started_event_id, out.started_at, kind));
        events
    }
}

fn started_event(out: &Out) -> WorkflowTaskStarted {
    WorkflowTaskStarted {
        scheduled_event_id: out.task.scheduled_event_id,
        identity: out.identity.clone(),
        request_id: out.task.request_id.clone(),
        suggest_continue_as_new: !out.suggest_continue_as_new.is_empty(),
        suggest_continue_as_new_reasons: out.suggest_continue_as_new.clone(),
        history_size_bytes: out.history_bytes,
    }
}

#[cfg(test)]
mod tests;
