//! Timers that the workflow starts: each fires or is cancelled, once (TIMER-1).
//!
//! A firing that waits in the buffer while its workflow task is out can still be cancelled by that
//! task: the firing is then forgotten, as in Temporal's `AddTimerCanceledEvent`.

use serde::{Deserialize, Serialize};

use super::{ReplayError, Run};
use crate::{
    Change, Event, EventId, EventKind, Rejection, Span, TimerId, Timestamp, Transition,
    event::{TimerCanceled, TimerFired, TimerStarted, UserMetadata, WorkflowTaskFailedCause},
};

/// A running timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its started event.
    pub started_event_id: EventId,
    /// When it fires.
    pub fires_at: Timestamp,
}

impl Run {
    /// When the first of the running timers fires.
    pub(crate) fn next_timer_deadline(&self) -> Option<Timestamp> {
        self.timers.values().map(|timer| timer.fires_at).min()
    }

    pub(super) fn on_timer_started(
        &mut self,
        id: EventId,
        at: Timestamp,
        started: &TimerStarted,
    ) -> Result<(), ReplayError> {
        let timer = Timer { started_event_id: id, fires_at: at + started.start_to_fire_timeout };
        // In a copied history a timer of the same name may end only behind this event: its end was
        // in the buffer while the workflow named another timer so.
        self.timers.insert(started.timer_id.clone(), timer);
        Ok(())
    }

    pub(super) fn on_timer_ended(
        &mut self,
        timer_id: &TimerId,
        started_event_id: EventId,
    ) -> Result<(), ReplayError> {
        match self.timers.get(timer_id) {
            Some(timer) if timer.started_event_id != started_event_id => Ok(()),
            Some(_) => {
                self.timers.remove(timer_id);
                Ok(())
            }
            None => Err(self.dangling("timer end")),
        }
    }

    /// The timer runs again for a moment: its Canceled event, which follows, ends it.
    pub(super) fn on_timer_firing_forgotten(
        &mut self,
        timer_id: &TimerId,
    ) -> Result<(), ReplayError> {
        let Some(index) = self.buffered.iter().position(|event| fires(event, timer_id)) else {
            return Err(self.dangling("TimerFiringForgotten"));
        };
        let event = self.buffered.remove(index);
        let started_event_id = started_event_id(&event);
        let timer = Timer { started_event_id, fires_at: event.at };
        self.timers.insert(timer_id.clone(), timer);
        Ok(())
    }
}

fn fires(event: &Event, timer_id: &TimerId) -> bool {
    matches!(&event.kind, EventKind::TimerFired(fired) if fired.timer_id == *timer_id)
}

fn started_event_id(event: &Event) -> EventId {
    if let EventKind::TimerFired(fired) = &event.kind { fired.started_event_id } else { 0 }
}

impl Transition<'_> {
    pub(crate) fn command_start_timer(
        &mut self,
        timer_id: TimerId,
        start_to_fire_timeout: Span,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadStartTimerAttributes;
        self.require_name("StartTimerCommand", "TimerId", timer_id.as_str(), cause)?;
        if self.run.timers.contains_key(&timer_id) {
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::StartTimerDuplicateId,
                message: format!(
                    "invalid history builder state for action: add-timer-started-event, TimerID: {timer_id}"
                ),
            });
        }
        let started = TimerStarted {
            timer_id,
            start_to_fire_timeout,
            workflow_task_completed_event_id: task_completed,
        };
        self.event_with(started, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_cancel_timer(
        &mut self,
        timer_id: TimerId,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadCancelTimerAttributes;
        self.require_name("CancelTimerCommand", "TimerId", timer_id.as_str(), cause)?;
        if !self.run.timers.contains_key(&timer_id)
            && self.run.buffered.iter().any(|event| fires(event, &timer_id))
        {
            self.change(Change::TimerFiringForgotten(timer_id.clone()));
        }
        let Some(timer) = self.run.timers.get(&timer_id) else {
            let message = format!(
                "invalid history builder state for action: add-timer-canceled-event, TimerID: {timer_id}"
            );
            return Err(Rejection::BadCompletion { cause, message });
        };
        let canceled = TimerCanceled {
            started_event_id: timer.started_event_id,
            timer_id,
            workflow_task_completed_event_id: task_completed,
            identity: self.completed_by.clone(),
        };
        self.event_with(canceled, user_metadata, Vec::new());
        Ok(())
    }

    /// Fires every timer whose time has come, the earliest first.
    pub(crate) fn fire_due_timers(&mut self) {
        let timers = self.run.timers.iter();
        let mut due: Vec<_> = timers
            .filter(|(_, timer)| timer.fires_at <= self.now)
            .map(|(id, timer)| (timer.fires_at, timer.started_event_id, id.clone()))
            .collect();
        if due.is_empty() {
            return;
        }
        due.sort_unstable();
        for (_, started_event_id, timer_id) in due {
            self.arrival(TimerFired { timer_id, started_event_id }, Vec::new());
        }
        self.schedule_workflow_task();
    }

    /// A command's required name: present and not too long; else the completion is bad.
    pub(crate) fn require_name(
        &self,
        command: &str,
        field: &str,
        text: &str,
        cause: WorkflowTaskFailedCause,
    ) -> Result<(), Rejection> {
        let (length, limit) = (text.len(), self.limits.id_bytes_max);
        let message = if text.is_empty() {
            format!("{field} is not set on {command}.")
        } else if length > limit {
            format!("{field} on {command} exceeds length limit. Length={length} Limit={limit}")
        } else {
            return Ok(());
        };
        Err(Rejection::BadCompletion { cause, message })
    }

    /// A command's payloads within their limit; else the completion is bad.
    pub(crate) fn require_payloads(
        &self,
        field: &'static str,
        payloads: &[crate::Payload],
        cause: WorkflowTaskFailedCause,
    ) -> Result<(), Rejection> {
        self.limits
            .payloads(field, payloads)
            .map_err(|error| Rejection::BadCompletion { cause, message: error.to_string() })
    }
}

#[cfg(test)]
mod tests;
