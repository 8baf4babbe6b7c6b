//! A pending activity, for people: what `DescribeWorkflowExecution` shows of it.

use std::{collections::BTreeSet, sync::Arc};

use super::{Activity, Pause};
use crate::{
    ActivityId, ActivityType, Failure, Identity, Payloads, Priority, Run, Span, Timestamp,
    input::ActivityOptions,
};

/// A pending activity, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingActivity {
    /// Its name.
    pub activity_id: ActivityId,
    /// Its code.
    pub activity_type: ActivityType,
    /// What it does.
    pub state: PendingState,
    /// The attempt that waits or runs, from 1.
    pub attempt: i32,
    /// How many there may be; 0 is no limit.
    pub maximum_attempts: i32,
    /// When this attempt was scheduled.
    pub scheduled_at: Timestamp,
    /// When the running attempt started.
    pub last_started_at: Option<Timestamp>,
    /// When the attempt before it ended.
    pub last_attempt_completed_at: Option<Timestamp>,
    /// When the next attempt is offered, while it waits for that.
    pub next_attempt_at: Option<Timestamp>,
    /// How long it waits in all.
    pub current_retry_interval: Option<Span>,
    /// When all attempts must be over.
    pub expires_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_failure: Option<Arc<Failure>>,
    /// Who ran the last attempt.
    pub last_worker_identity: Identity,
    /// Its progress.
    pub heartbeat_details: Payloads,
    /// When that came.
    pub heartbeat_at: Option<Timestamp>,
    /// Who holds it back, if somebody does.
    pub paused: Option<Pause>,
    /// Its options.
    pub options: ActivityOptions,
    /// How urgent it is.
    pub priority: Option<Priority>,
}

/// What a pending activity does (`temporal.api.enums.v1.PendingActivityState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// It waits.
    Scheduled,
    /// An attempt runs.
    Started,
    /// Its cancellation was asked for.
    CancelRequested,
    /// It is held back.
    Paused,
    /// It is held back, but an attempt still runs.
    PauseRequested,
}

impl Activity {
    fn state(&self) -> PendingState {
        if self.cancel_requested_event_id != 0 {
            return PendingState::CancelRequested;
        }
        match (&self.started, &self.paused) {
            (Some(_), Some(_)) => PendingState::PauseRequested,
            (Some(_), None) => PendingState::Started,
            (None, Some(_)) => PendingState::Paused,
            (None, None) => PendingState::Scheduled,
        }
    }
}

impl Run {
    /// The pending activities, as people see them at `now`.
    pub fn pending_activities(&self, now: Timestamp) -> Vec<PendingActivity> {
        self.activities.values().map(|activity| self.pending_activity(activity, now)).collect()
    }

    /// The types of which an activity is held back: what visibility can search.
    pub fn paused_activity_types(&self) -> BTreeSet<ActivityType> {
        let paused = self.activities.values().filter(|activity| activity.paused.is_some());
        paused.map(|activity| activity.scheduled.activity_type.clone()).collect()
    }

    fn pending_activity(&self, activity: &Activity, now: Timestamp) -> PendingActivity {
        let scheduled = &activity.scheduled;
        let policy = activity.retry_policy();
        let state = activity.state();
        let waits = state == PendingState::Scheduled && now < activity.attempt_scheduled_at;
        let next_attempt_at = waits.then_some(activity.attempt_scheduled_at);
        let ended = activity.last_attempt_completed_at;
        let unwritten = self.session.heartbeats.get(&activity.scheduled_event_id);
        let to_close = scheduled.schedule_to_close_timeout.set();
        PendingActivity {
            activity_id: scheduled.activity_id.clone(),
            activity_type: scheduled.activity_type.clone(),
            state,
            attempt: activity.attempt,
            maximum_attempts: policy.maximum_attempts,
            scheduled_at: activity.attempt_scheduled_at,
            last_started_at: activity.started.as_ref().map(|started| started.at),
            last_attempt_completed_at: ended,
            next_attempt_at,
            current_retry_interval: next_attempt_at
                .zip(ended)
                .map(|(next, ended)| next.since(ended)),
            expires_at: to_close.map(|timeout| activity.scheduled_at + timeout),
            last_failure: activity.last_failure.clone(),
            last_worker_identity: activity.last_identity.clone(),
            heartbeat_details: self.heartbeat_details(activity),
            heartbeat_at: unwritten.map(|heartbeat| heartbeat.at).or(activity.heartbeat_at),
            paused: activity.paused.clone(),
            options: ActivityOptions::of(scheduled),
            priority: scheduled.priority.clone(),
        }
    }
}
