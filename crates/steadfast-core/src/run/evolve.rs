//! Folding: how each entry of a record changes the state. One arm per kind; features do the work.

use std::sync::Arc;

use super::{ReplayError, Run};
use crate::{Change, Entry, Event, EventKind, Record, Timestamp};

impl Run {
    /// Folds one record.
    pub fn evolve(&mut self, record: &Record) -> Result<(), ReplayError> {
        if !record.entries.is_empty() {
            self.state_transitions += 1;
        }
        for entry in &record.entries {
            self.last_at = record.at;
            self.fold(record.at, entry)?;
        }
        Ok(())
    }

    /// Folds one entry.
    pub(crate) fn fold(&mut self, at: Timestamp, entry: &Entry) -> Result<(), ReplayError> {
        match entry {
            Entry::Event(event) => {
                self.number(event)?;
                self.apply(event)
            }
            Entry::Flushed(event) => {
                self.number(event)?;
                self.buffered.pop();
                self.apply_flushed(event)
            }
            Entry::Change(change) => self.apply_change(at, change),
        }
    }

    /// What refers to a scheduled, initiated or started event that is not pending.
    pub(crate) fn dangling(&self, kind: &'static str) -> ReplayError {
        ReplayError::Dangling { event_id: self.next_event_id, kind }
    }

    fn number(&mut self, event: &Event) -> Result<(), ReplayError> {
        if event.id != self.next_event_id {
            return Err(ReplayError::Gap { expected: self.next_event_id, found: event.id });
        }
        self.next_event_id += 1;
        self.history_bytes += event.approximate_bytes();
        Ok(())
    }

    /// The state that an event makes, at the moment it arrives (numbered or into the buffer).
    fn apply(&mut self, event: &Event) -> Result<(), ReplayError> {
        use EventKind as E;
        let (id, at) = (event.id, event.at);
        match &event.kind {
            E::WorkflowExecutionStarted(_) => Err(self.dangling("second start")),
            E::WorkflowExecutionCompleted(_)
            | E::WorkflowExecutionFailed(_)
            | E::WorkflowExecutionTimedOut(_)
            | E::WorkflowExecutionTerminated(_)
            | E::WorkflowExecutionCanceled(_)
            | E::WorkflowExecutionContinuedAsNew(_) => {
                self.on_closed(event);
                Ok(())
            }
            E::WorkflowTaskScheduled(a) => self.on_task_scheduled(id, at, a),
            E::WorkflowTaskStarted(a) => self.on_task_started(id, a),
            E::WorkflowTaskCompleted(a) => self.on_task_completed(id, at, a),
            E::WorkflowTaskTimedOut(_) => self.on_task_ended("WorkflowTaskTimedOut"),
            E::WorkflowTaskFailed(_) => self.on_task_ended("WorkflowTaskFailed"),
            E::ActivityTaskScheduled(a) => self.on_activity_scheduled(event, a),
            E::ActivityTaskStarted(_) => Ok(()),
            E::ActivityTaskCompleted(a) => self.on_activity_ended(a.scheduled_event_id),
            E::ActivityTaskFailed(a) => self.on_activity_ended(a.scheduled_event_id),
            E::ActivityTaskTimedOut(a) => self.on_activity_ended(a.scheduled_event_id),
            E::ActivityTaskCanceled(a) => self.on_activity_ended(a.scheduled_event_id),
            E::ActivityTaskCancelRequested(a) => {
                self.on_activity_cancel_requested(id, a.scheduled_event_id)
            }
            E::TimerStarted(a) => self.on_timer_started(id, at, a),
            E::TimerFired(a) => self.on_timer_ended(&a.timer_id, a.started_event_id),
            E::TimerCanceled(a) => self.on_timer_ended(&a.timer_id, a.started_event_id),
            E::WorkflowExecutionCancelRequested(_) => Ok(()),
            E::RequestCancelExternalWorkflowExecutionInitiated(_)
            | E::SignalExternalWorkflowExecutionInitiated(_) => self.on_external_initiated(event),
            E::RequestCancelExternalWorkflowExecutionFailed(a) => {
                self.on_external_ended(a.initiated_event_id)
            }
            E::ExternalWorkflowExecutionCancelRequested(a) => {
                self.on_external_ended(a.initiated_event_id)
            }
            E::SignalExternalWorkflowExecutionFailed(a) => {
                self.on_external_ended(a.initiated_event_id)
            }
            E::ExternalWorkflowExecutionSignaled(a) => self.on_external_ended(a.initiated_event_id),
            E::MarkerRecorded(_) => Ok(()),
            E::WorkflowExecutionSignaled(_) => {
                self.signal_count += 1;
                Ok(())
            }
            E::StartChildWorkflowExecutionInitiated(a) => self.on_child_initiated(event, a),
            E::StartChildWorkflowExecutionFailed(a) => self.on_child_ended(a.initiated_event_id),
            E::ChildWorkflowExecutionStarted(a) => self.on_child_started(id, a),
            E::ChildWorkflowExecutionCompleted(a) => self.on_child_ended(a.initiated_event_id),
            E::ChildWorkflowExecutionFailed(a) => self.on_child_ended(a.initiated_event_id),
            E::ChildWorkflowExecutionCanceled(a) => self.on_child_ended(a.initiated_event_id),
            E::ChildWorkflowExecutionTimedOut(a) => self.on_child_ended(a.initiated_event_id),
            E::ChildWorkflowExecutionTerminated(a) => self.on_child_ended(a.initiated_event_id),
            E::UpsertWorkflowSearchAttributes(a) => {
                self.on_search_attributes(&a.search_attributes);
                Ok(())
            }
            E::WorkflowPropertiesModified(a) => {
                self.on_memo(&a.upserted_memo);
                Ok(())
            }
            E::WorkflowExecutionUpdateAdmitted(a) => {
                self.on_update_carried_over(id, a);
                Ok(())
            }
            E::WorkflowExecutionUpdateAccepted(a) => self.on_update_accepted(id, a),
            E::WorkflowExecutionUpdateCompleted(a) => self.on_update_completed(id, a),
            E::WorkflowExecutionOptionsUpdated(a) => {
                self.on_options_updated(event, a);
                Ok(())
            }
            E::WorkflowExecutionPaused(a) => {
                self.on_paused(at, a);
                Ok(())
            }
            E::WorkflowExecutionUnpaused(_) => {
                self.on_unpaused();
                Ok(())
            }
        }
    }

    /// What only the number of a formerly buffered event adds to the state.
    fn apply_flushed(&mut self, event: &Event) -> Result<(), ReplayError> {
        if let EventKind::ChildWorkflowExecutionStarted(started) = &event.kind {
            self.on_child_start_numbered(event.id, started.initiated_event_id);
        }
        if let EventKind::WorkflowExecutionOptionsUpdated(updated) = &event.kind {
            self.on_options_numbered(event.id, updated);
        }
        Ok(())
    }

    fn apply_change(&mut self, at: Timestamp, change: &Change) -> Result<(), ReplayError> {
        match change {
            Change::Opened(_) => Err(self.dangling("Opened")),
            Change::WorkflowTaskAttempt { .. } => self.on_task_attempt(change),
            Change::WorkflowTaskDropped => {
                self.workflow_task = None;
                Ok(())
            }
            Change::StickySet(sticky) => {
                self.sticky.clone_from(sticky);
                Ok(())
            }
            Change::WorkflowTaskUnstuck => self.on_task_unstuck(),
            Change::ActivityStarted { scheduled_event_id, identity, request_id } => {
                self.on_activity_attempt_started(*scheduled_event_id, at, identity, request_id)
            }
            Change::ActivityRetry { .. } => self.on_activity_retry(at, change),
            Change::ActivityHeartbeat { scheduled_event_id, details } => {
                self.on_activity_heartbeat(*scheduled_event_id, at, details)
            }
            Change::ActivityPaused { .. } => {
                self.on_activity_paused(at, change).map(|()| self.show_pause())
            }
            Change::ActivityAdjusted(adjusted) => {
                self.on_activity_adjusted(adjusted).map(|()| self.show_pause())
            }
            Change::Buffered(event) => {
                self.apply(event)?;
                self.buffered.push(Arc::new((**event).clone()));
                Ok(())
            }
            Change::RequestSeen(request_id) => {
                self.on_request_seen(request_id);
                Ok(())
            }
            Change::RequestForgotten => {
                self.on_request_forgotten();
                Ok(())
            }
            Change::CancelRequested(request_id) => {
                self.cancel_requested = Some(request_id.clone());
                Ok(())
            }
            Change::Delivered(initiated_event_id) => self.on_delivered(*initiated_event_id),
            Change::TimerFiringForgotten(timer_id) => self.on_timer_firing_forgotten(timer_id),
            Change::Reset(reset) => {
                self.nothing_owed = false;
                self.reset_to = Some(Arc::new((**reset).clone()));
                Ok(())
            }
            Change::DeleteRequested(_) => {
                self.deleting = true;
                Ok(())
            }
            Change::Rescheduled => {
                self.on_rescheduled(at);
                Ok(())
            }
            Change::CallbackTried(tried) => self.on_callback_tried(at, tried),
            Change::UpdateRefused(update_id) => {
                self.on_update_refused(update_id);
                Ok(())
            }
        }
    }
}
