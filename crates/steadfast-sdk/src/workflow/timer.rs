//! Sleeping.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use steadfast_core::{EventId, Span, TimerId, command::CommandKind};

use super::{
    context::WorkflowContext,
    error::Canceled,
    slot::Slot,
    state::{Origin, State, Ticket},
};

/// A timer that runs.
pub(crate) struct PendingTimer {
    ticket: Ticket,
    pub(crate) event_id: Option<EventId>,
    shielded: bool,
    slot: Slot<Result<(), Canceled>>,
}

fn timer_id(number: u64) -> TimerId {
    TimerId::new(number.to_string())
}

impl State {
    fn start_timer(&mut self, duration: Span, shielded: bool) -> u64 {
        let number = self.timers.take_number();
        let command =
            CommandKind::StartTimer { timer_id: timer_id(number), start_to_fire_timeout: duration };
        let ticket = self.issue(command, Origin::Timer(number));
        let timer = PendingTimer { ticket, event_id: None, shielded, slot: Slot::Empty };
        self.timers.insert(number, timer);
        number
    }

    /// The history says that the timer fired.
    pub(crate) fn fire_timer(&mut self, started_event_id: EventId) {
        if let Some(timer) = self.timers.by_event(started_event_id) {
            timer.slot.fill(Ok(()));
        }
    }

    fn cancel_timer(&mut self, number: u64) {
        let Some(timer) = self.timers.get_mut(number) else {
            return;
        };
        if timer.slot.fill(Err(Canceled)) {
            let ticket = timer.ticket;
            if !self.outgoing.withdraw(ticket) {
                self.issue(CommandKind::CancelTimer { timer_id: timer_id(number) }, Origin::Other);
            }
        }
    }

    /// The workflow is cancelled.
    pub(crate) fn cancel_timers(&mut self) {
        for number in self.timers.numbers() {
            if self.timers.get_mut(number).is_some_and(|timer| !timer.shielded) {
                self.cancel_timer(number);
            }
        }
    }
}

/// Ends when the time has passed, or when the workflow is cancelled. Dropping it cancels the timer.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    ctx: WorkflowContext,
    duration: Span,
    number: Option<u64>,
}

impl Sleep {
    pub(super) fn new(ctx: WorkflowContext, duration: Duration) -> Self {
        Self { ctx, duration: duration.into(), number: None }
    }
}

impl Future for Sleep {
    type Output = Result<(), Canceled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.ctx.shared.lock();
        let number = match this.number {
            Some(number) => number,
            None if state.is_cancelled(this.ctx.shielded) => return Poll::Ready(Err(Canceled)),
            None if this.duration.is_zero() => return Poll::Ready(Ok(())),
            None => *this.number.insert(state.start_timer(this.duration, this.ctx.shielded)),
        };
        let Some(timer) = state.timers.get_mut(number) else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = timer.slot.poll(cx) else {
            return Poll::Pending;
        };
        let event_id = timer.event_id;
        state.timers.remove(number, event_id);
        Poll::Ready(result)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.ctx.shared.lock();
        if state.closed {
            return;
        }
        state.cancel_timer(number);
        let event_id = state.timers.get_mut(number).and_then(|timer| timer.event_id);
        state.timers.remove(number, event_id);
    }
}
