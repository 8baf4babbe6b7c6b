//! Activities as the workflow sees them.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use serde::de::DeserializeOwned;
use steadfast_core::{
    ActivityId, ActivityType, EventId, Failure, Payloads, RetryPolicy,
    command::{CommandKind, ScheduleActivity},
    failure::{ActivityFailure, FailureInfo, RetryState},
};

use super::{
    context::WorkflowContext,
    error::{ActivityFailed, ApplicationError},
    slot::Slot,
    state::{Origin, State, Ticket},
};
use crate::payload::{self, ConversionError};

/// The longest attempt of an activity that sets no deadline itself.
pub const DEFAULT_START_TO_CLOSE: Duration = Duration::from_secs(600);

/// What cancelling an activity means to the workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancellationType {
    /// Ask it to cancel, and go on at once.
    #[default]
    TryCancel,
    /// Ask it to cancel, and wait for how it ends.
    WaitCompleted,
    /// Leave it alone, and go on at once.
    Abandon,
}

/// An activity that was asked for.
pub(crate) struct PendingActivity {
    ticket: Ticket,
    event_id: Option<EventId>,
    pub(crate) activity_id: ActivityId,
    pub(crate) activity_type: ActivityType,
    shielded: bool,
    cancellation: CancellationType,
    cancel_requested: bool,
    slot: Slot<Result<Payloads, Failure>>,
}

impl PendingActivity {
    /// Wraps what happened as Temporal wraps it.
    fn failed(&self, message: &str, cause: Failure, info: ActivityFailure) -> Failure {
        let info = ActivityFailure {
            scheduled_event_id: self.event_id.unwrap_or_default(),
            activity_type: self.activity_type.clone(),
            activity_id: self.activity_id.clone(),
            ..info
        };
        Failure {
            message: message.to_owned(),
            cause: Some(Box::new(cause)),
            info: FailureInfo::Activity(info),
            ..Failure::default()
        }
    }
}

/// How an activity ended, from its event.
pub(crate) enum ActivityEnd<'a> {
    Completed(&'a Payloads),
    Failed(&'a Failure, ActivityFailure),
    Canceled(&'a Payloads, ActivityFailure),
}

fn canceled(details: Payloads) -> Failure {
    Failure {
        message: "activity cancelled".to_owned(),
        info: FailureInfo::Canceled { details, identity: Default::default() },
        ..Failure::default()
    }
}

impl State {
    fn schedule_activity(&mut self, order: &Order) -> u64 {
        let number = self.activities.take_number();
        let mut command = order.command.clone();
        if command.activity_id.is_empty() {
            command.activity_id = ActivityId::new(number.to_string());
        }
        if command.start_to_close_timeout.is_zero() && command.schedule_to_close_timeout.is_zero() {
            command.start_to_close_timeout = DEFAULT_START_TO_CLOSE.into();
        }
        let activity_id = command.activity_id.clone();
        let activity_type = command.activity_type.clone();
        let command = CommandKind::ScheduleActivity(Box::new(command));
        let ticket = self.issue(command, Origin::Activity(number));
        let activity = PendingActivity {
            ticket,
            event_id: None,
            activity_id,
            activity_type,
            shielded: order.shielded,
            cancellation: order.cancellation,
            cancel_requested: false,
            slot: Slot::Empty,
        };
        self.activities.insert(number, activity);
        number
    }

    /// The activity's command became this event.
    pub(crate) fn bind_activity(&mut self, number: u64, event_id: EventId) {
        self.activities.bind(number, event_id);
        if let Some(activity) = self.activities.get_mut(number) {
            activity.event_id = Some(event_id);
        }
    }

    /// The history says how the activity ended.
    pub(crate) fn resolve_activity(&mut self, scheduled: EventId, end: ActivityEnd<'_>) {
        let Some(activity) = self.activities.by_event(scheduled) else {
            return;
        };
        let result = match end {
            ActivityEnd::Completed(result) => Ok(result.clone()),
            ActivityEnd::Failed(cause, info) => {
                Err(activity.failed("activity error", cause.clone(), info))
            }
            ActivityEnd::Canceled(details, info) => {
                Err(activity.failed("activity error", canceled(details.clone()), info))
            }
        };
        activity.slot.fill(result);
    }

    fn cancel_activity(&mut self, number: u64) {
        let Some(activity) = self.activities.get_mut(number) else {
            return;
        };
        if !activity.slot.is_open() || activity.cancel_requested {
            return;
        }
        activity.cancel_requested = true;
        let (ticket, event_id) = (activity.ticket, activity.event_id);
        let abandoned = activity.cancellation == CancellationType::Abandon;
        let withdrawn = !abandoned && self.outgoing.withdraw(ticket);
        let Some(activity) = self.activities.get_mut(number) else {
            return;
        };
        if withdrawn || activity.cancellation != CancellationType::WaitCompleted {
            let info = ActivityFailure {
                retry_state: RetryState::CancelRequested,
                ..ActivityFailure::default()
            };
            let failure = activity.failed("activity error", canceled(Payloads::new()), info);
            activity.slot.fill(Err(failure));
        }
        if let Some(scheduled_event_id) = event_id
            && !withdrawn
            && !abandoned
        {
            let command = CommandKind::RequestCancelActivity { scheduled_event_id };
            self.issue(command, Origin::Other);
        }
    }

    /// The workflow is cancelled.
    pub(crate) fn cancel_activities(&mut self) {
        for number in self.activities.numbers() {
            if self.activities.get_mut(number).is_some_and(|activity| !activity.shielded) {
                self.cancel_activity(number);
            }
        }
    }
}

/// What is ordered: the parts of an activity that do not know its result's type.
struct Order {
    command: ScheduleActivity,
    shielded: bool,
    cancellation: CancellationType,
}

/// An activity: set its options, then await it. It is scheduled when it is first polled, or by
/// [`Activity::start`]. Dropping it before it ends cancels it, unless it is detached.
///
/// Without a deadline of its own an attempt may take [`DEFAULT_START_TO_CLOSE`].
#[must_use = "futures do nothing unless awaited"]
pub struct Activity<O> {
    ctx: WorkflowContext,
    inner: Order,
    invalid: Option<ConversionError>,
    number: Option<u64>,
    detached: bool,
    output: PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> Activity<O> {
    pub(super) fn new(
        ctx: WorkflowContext,
        activity_type: String,
        input: Result<Payloads, ConversionError>,
    ) -> Self {
        let (input, invalid) = match input {
            Ok(input) => (input, None),
            Err(error) => (Payloads::new(), Some(error)),
        };
        let command = ScheduleActivity {
            activity_type: ActivityType::new(activity_type),
            input,
            ..ScheduleActivity::default()
        };
        let cancellation = CancellationType::default();
        let inner = Order { command, shielded: ctx.shielded, cancellation };
        Self { ctx, inner, invalid, number: None, detached: false, output: PhantomData }
    }

    /// Where its attempts wait for workers; `nats:<subject>` asks a NATS service instead.
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.inner.command.task_queue = task_queue.into().into();
        self
    }

    /// Its id, instead of a number.
    pub fn id(mut self, activity_id: impl Into<String>) -> Self {
        self.inner.command.activity_id = activity_id.into().into();
        self
    }

    /// How long one attempt may take.
    pub fn start_to_close(mut self, limit: Duration) -> Self {
        self.inner.command.start_to_close_timeout = limit.into();
        self
    }

    /// How long all attempts together may take.
    pub fn schedule_to_close(mut self, limit: Duration) -> Self {
        self.inner.command.schedule_to_close_timeout = limit.into();
        self
    }

    /// How long it may wait for a worker.
    pub fn schedule_to_start(mut self, limit: Duration) -> Self {
        self.inner.command.schedule_to_start_timeout = limit.into();
        self
    }

    /// How long a worker may be silent.
    pub fn heartbeat(mut self, limit: Duration) -> Self {
        self.inner.command.heartbeat_timeout = limit.into();
        self
    }

    /// How failed attempts are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.inner.command.retry_policy = Some(policy);
        self
    }

    /// No more attempts than this.
    pub fn max_attempts(mut self, attempts: i32) -> Self {
        let policy = self.inner.command.retry_policy.get_or_insert_with(RetryPolicy::default);
        policy.maximum_attempts = attempts;
        self
    }

    /// What its cancellation means to the workflow.
    pub fn cancellation(mut self, cancellation: CancellationType) -> Self {
        self.inner.cancellation = cancellation;
        self
    }

    /// Dropping it does not cancel it.
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// Schedules it now rather than when it is first polled.
    pub fn start(mut self) -> Self {
        if self.number.is_none() && self.invalid.is_none() {
            let mut state = self.ctx.shared.lock();
            if !state.is_cancelled(self.ctx.shielded) {
                self.number = Some(state.schedule_activity(&self.inner));
            }
        }
        self
    }

    /// Asks it to cancel; what that means says its [`CancellationType`].
    pub fn cancel(&self) {
        if let Some(number) = self.number {
            self.ctx.shared.lock().cancel_activity(number);
        }
    }
}

impl<O: DeserializeOwned> Future for Activity<O> {
    type Output = Result<O, ActivityFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(error) = this.invalid.take() {
            return Poll::Ready(Err(invalid(&error)));
        }
        let mut state = this.ctx.shared.lock();
        let number = match this.number {
            Some(number) => number,
            None if state.is_cancelled(this.ctx.shielded) => {
                return Poll::Ready(Err(ActivityFailed::new(canceled(Payloads::new()))));
            }
            None => *this.number.insert(state.schedule_activity(&this.inner)),
        };
        let Some(activity) = state.activities.get_mut(number) else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = activity.slot.poll(cx) else {
            return Poll::Pending;
        };
        let event_id = activity.event_id;
        state.activities.remove(number, event_id);
        drop(state);
        Poll::Ready(match result {
            Ok(result) => payload::decode_list(&result).map_err(|error| invalid(&error)),
            Err(failure) => Err(ActivityFailed::new(failure)),
        })
    }
}

fn invalid(error: &ConversionError) -> ActivityFailed {
    let error = ApplicationError::new("ConversionError", error.to_string()).non_retryable();
    ActivityFailed::new(error.into_failure())
}

impl<O> Drop for Activity<O> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.ctx.shared.lock();
        if state.closed {
            return;
        }
        if !self.detached {
            state.cancel_activity(number);
        }
        let event_id = state.activities.get_mut(number).and_then(|activity| activity.event_id);
        state.activities.remove(number, event_id);
    }
}
