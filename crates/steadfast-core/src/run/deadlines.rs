//! Time: what is due next in a run, and what happens when it is. Timers of the engine are derived
//! from [`Run::next_deadline`]; nothing else remembers them.

use super::{Run, Status};
use crate::{
    Effect, Timestamp, Transition, event::WorkflowExecutionTimedOut, failure::RetryState,
    input::Reply,
};

impl Run {
    /// When [`crate::Input::Tick`] must come next; nothing when only others can move the run.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if !self.status.is_open() {
            return self.callback_deadline();
        }
        if !self.buffered.is_empty() && self.session.task_out.is_none() {
            return Some(self.last_at);
        }
        [
            self.run_deadline(),
            self.started.workflow_execution_expiration,
            self.first_task_not_before.filter(|_| self.status == Status::Running),
            self.task_deadline(),
            self.next_timer_deadline(),
            self.next_activity_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When this run must be over; its time starts after the first task's delay.
    pub fn run_deadline(&self) -> Option<Timestamp> {
        let timeout = self.started.workflow_run_timeout.set()?;
        Some(self.execution_time() + timeout)
    }

    fn task_deadline(&self) -> Option<Timestamp> {
        if let Some(out) = &self.session.task_out {
            return Some(out.deadline);
        }
        if self.status == Status::Paused {
            return None;
        }
        let pending = self.pending_task()?;
        if !self.session.task_offered && pending.not_before > pending.scheduled_at {
            return Some(pending.not_before);
        }
        let sticky = self.sticky.as_ref().filter(|_| pending.sticky)?;
        Some(pending.scheduled_at + sticky.schedule_to_start_timeout)
    }

    /// Every effect that may have been lost with the process: offers of what waits, messages that
    /// are not answered for. What waits for a delay is offered by the next tick.
    pub fn pending_effects(&self) -> Vec<Effect> {
        if !self.status.is_open() {
            let owed = self.owed_when_closed();
            return owed.into_iter().map(|message| Effect::Send(Box::new(message))).collect();
        }
        let mut effects = Vec::new();
        let task_is_due = self.pending_task().is_some_and(|task| task.not_before <= self.last_at);
        if task_is_due && let Some(offer) = self.task_offer() {
            effects.push(offer);
        }
        let waiting = self
            .activities
            .values()
            .filter(|activity| activity.started.is_none() && activity.paused.is_none());
        effects.extend(
            waiting
                .filter(|activity| !self.awaits_offer(activity))
                .map(|activity| self.activity_offer(activity)),
        );
        effects.extend(self.undelivered().into_iter().map(|m| Effect::Send(Box::new(m))));
        effects
    }

    /// Messages to other runs that nobody answered for.
    fn undelivered(&self) -> Vec<crate::effect::Outbound> {
        let mut messages = super::child::unstarted(self);
        messages.extend(super::external::undelivered(self));
        messages
    }

    /// Tells the run that this process took it over at `now`: what lived in the process before is
    /// gone.
    pub fn resume(&mut self, now: Timestamp) {
        self.session = super::Session { resumed_at: now, ..super::Session::default() };
        self.await_carried_over();
    }
}

impl Transition<'_> {
    /// Does whatever is due.
    pub(super) fn tick(&mut self) -> Reply {
        if !self.run.status.is_open() {
            self.call_back();
            return Reply::Done;
        }
        if !self.run.buffered.is_empty() && self.run.session.task_out.is_none() {
            self.flush_buffered();
            self.schedule_workflow_task();
        }
        if self.is_due(self.run.started.workflow_execution_expiration) {
            let retry_state = RetryState::Timeout;
            self.close_run(WorkflowExecutionTimedOut { retry_state, ..Default::default() });
            return Reply::Done;
        }
        if self.is_due(self.run.run_deadline()) {
            self.run_timed_out();
            return Reply::Done;
        }
        if self.run.status == Status::Running && self.is_due(self.run.first_task_not_before) {
            self.run.first_task_not_before = None;
            self.schedule_workflow_task();
        }
        self.fire_due_timers();
        self.time_out_activities();
        self.offer_due_activities();
        self.tick_workflow_task();
        Reply::Done
    }

    fn tick_workflow_task(&mut self) {
        if !self.is_due(self.run.task_deadline()) {
            return;
        }
        if self.run.session.task_out.is_some() {
            self.time_out_workflow_task();
        } else if self.run.pending_task().is_some_and(|task| task.sticky) {
            self.time_out_sticky_task();
        } else {
            self.offer_task();
        }
    }

    fn is_due(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| at <= self.now)
    }
}
