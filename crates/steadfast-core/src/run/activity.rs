//! Activities: work that the workflow hands out, with four timeouts, retries and heartbeats.
//!
//! Invariants: an attempt's start is durable before a worker sees it, so a crash never runs a
//! `maximumAttempts: 1` activity twice; only the running attempt may be answered for (TASK-2). The
//! Started event is written with the end, as Temporal does, because attempts are not history.
//! Follows `service/history/workflow/mutable_state_impl.go` and `command_attr_validator.go`.

mod deadlines;
mod describe;
mod operate;
mod resolve;
mod schedule;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::{
    describe::{PendingActivity, PendingState},
    operate::{Adjusted, Progress},
};
use super::{ReplayError, Run};
use crate::{
    Change, Effect, Event, EventId, Failure, Identity, Payloads, Priority, Rejection, RequestId,
    RetryPolicy, TaskQueue, Timestamp, Transition,
    event::ActivityTaskScheduled,
    input::{
        ActivityOptions, ActivityRef, ActivityTask, HeartbeatActivity, HeartbeatReply, Reply,
        StartActivity,
    },
    time::Span,
};

/// Heartbeat details are written at most this often; the newest are also written with a failure.
pub const HEARTBEAT_WRITE_INTERVAL: Span = Span::from_secs(1);

/// A pending activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Its scheduled event.
    pub scheduled_event_id: EventId,
    /// That event's content, with the options of now.
    pub scheduled: Arc<ActivityTaskScheduled>,
    /// The same with the options it was scheduled with, if they were changed.
    pub original: Option<Arc<ActivityTaskScheduled>>,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// The attempt that waits or runs, from 1.
    pub attempt: i32,
    /// When this attempt was scheduled: after its backoff.
    pub attempt_scheduled_at: Timestamp,
    /// The running attempt.
    pub started: Option<Attempt>,
    /// Why the last attempt failed, and who ran it.
    pub last_failure: Option<Arc<Failure>>,
    /// Who ran the last attempt.
    pub last_identity: Identity,
    /// The newest written progress.
    pub heartbeat_details: Payloads,
    /// When it was written.
    pub heartbeat_at: Option<Timestamp>,
    /// The event that asked to cancel it; 0 when none did.
    pub cancel_requested_event_id: EventId,
    /// When the last attempt ended.
    pub last_attempt_completed_at: Option<Timestamp>,
    /// Who holds it back, if somebody does.
    pub paused: Option<Pause>,
    /// The running attempt was reset, and its worker hears of it.
    pub reset: bool,
    /// Its progress is forgotten when the next attempt begins.
    pub forgets_progress: bool,
}

/// Who holds an activity back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub at: Timestamp,
    /// Who.
    pub identity: Identity,
    /// Why.
    pub reason: String,
    /// The request.
    pub request_id: RequestId,
}

/// A running attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it started.
    pub at: Timestamp,
    /// The worker.
    pub identity: Identity,
    /// The poll that took it.
    pub request_id: RequestId,
}

/// A heartbeat that is not written.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// When it came.
    pub at: Timestamp,
    /// The progress it brought.
    pub details: Payloads,
}

impl Activity {
    /// The retry policy: scheduling fills it in.
    pub fn retry_policy(&self) -> RetryPolicy {
        self.scheduled.retry_policy.clone().unwrap_or_default()
    }

    /// Whether it waits for a delay before its next attempt, or did so.
    pub fn in_backoff(&self) -> bool {
        let delayed = self.attempt > 1 || self.attempt_scheduled_at > self.scheduled_at;
        self.started.is_none() && self.paused.is_none() && delayed
    }

    /// The options it was scheduled with.
    pub fn original_options(&self) -> ActivityOptions {
        ActivityOptions::of(self.original.as_ref().unwrap_or(&self.scheduled))
    }

    fn queue(&self) -> TaskQueue {
        self.scheduled.task_queue.clone()
    }
}

impl Run {
    /// The newest known progress of an activity.
    pub fn heartbeat_details(&self, activity: &Activity) -> Payloads {
        match self.session.heartbeats.get(&activity.scheduled_event_id) {
            Some(heartbeat) if !heartbeat.details.is_empty() => heartbeat.details.clone(),
            Some(_) | None => activity.heartbeat_details.clone(),
        }
    }

    /// How urgent an activity is: what it does not say itself, its workflow does.
    pub fn activity_priority(&self, activity: &Activity) -> Option<Priority> {
        Priority::merged(activity.scheduled.priority.as_ref(), self.started.priority.as_ref())
    }

    /// An activity's line in its task queue.
    pub fn activity_line(&self, activity: &Activity) -> usize {
        Priority::line(self.activity_priority(activity).as_ref())
    }

    pub(super) fn activity_offer(&self, activity: &Activity) -> Effect {
        Effect::OfferActivity {
            task_queue: activity.queue(),
            scheduled_event_id: activity.scheduled_event_id,
            attempt: activity.attempt,
            line: self.activity_line(activity),
        }
    }

    fn find_activity(&self, activity: &ActivityRef) -> Result<Arc<Activity>, Rejection> {
        let found = match activity {
            ActivityRef::Attempt { scheduled_event_id, attempt, request_id } => {
                self.activities.get(scheduled_event_id).filter(|found| match &found.started {
                    // A reset gives the running attempt another number, and not another worker.
                    Some(started) if !request_id.is_empty() => started.request_id == *request_id,
                    Some(_) => found.attempt == *attempt,
                    None => false,
                })
            }
            ActivityRef::Id(id) => {
                self.activity_ids.get(id).and_then(|event_id| self.activities.get(event_id))
            }
        };
        found.cloned().ok_or(Rejection::ActivityNotFound)
    }

    fn activity_mut(
        &mut self,
        scheduled_event_id: EventId,
        kind: &'static str,
    ) -> Result<&mut Activity, ReplayError> {
        let event_id = self.next_event_id;
        match self.activities.get_mut(&scheduled_event_id) {
            Some(activity) => Ok(Arc::make_mut(activity)),
            None => Err(ReplayError::Dangling { event_id, kind }),
        }
    }

    pub(super) fn on_activity_scheduled(
        &mut self,
        event: &Event,
        scheduled: &ActivityTaskScheduled,
    ) -> Result<(), ReplayError> {
        self.activity_ids.insert(scheduled.activity_id.clone(), event.id);
        let activity = Activity {
            scheduled_event_id: event.id,
            scheduled: Arc::new(scheduled.clone()),
            original: None,
            scheduled_at: event.at,
            attempt: 1,
            attempt_scheduled_at: event.at,
            started: None,
            last_failure: None,
            last_identity: Identity::default(),
            heartbeat_details: Payloads::new(),
            heartbeat_at: None,
            cancel_requested_event_id: 0,
            last_attempt_completed_at: None,
            paused: None,
            reset: false,
            forgets_progress: false,
        };
        self.activities.insert(event.id, Arc::new(activity));
        Ok(())
    }

    pub(super) fn on_activity_attempt_started(
        &mut self,
        scheduled_event_id: EventId,
        at: Timestamp,
        identity: &Identity,
        request_id: &RequestId,
    ) -> Result<(), ReplayError> {
        self.session.heartbeats.remove(&scheduled_event_id);
        let activity = self.activity_mut(scheduled_event_id, "ActivityStarted")?;
        let (identity, request_id) = (identity.clone(), request_id.clone());
        activity.last_identity = identity.clone();
        activity.started = Some(Attempt { at, identity, request_id });
        Ok(())
    }

    pub(super) fn on_activity_retry(
        &mut self,
        at: Timestamp,
        change: &Change,
    ) -> Result<(), ReplayError> {
        let Change::ActivityRetry {
            scheduled_event_id,
            attempt,
            not_before,
            failure,
            identity,
            heartbeat,
        } = change
        else {
            return Err(self.dangling("ActivityRetry"));
        };
        self.session.heartbeats.remove(scheduled_event_id);
        let activity = self.activity_mut(*scheduled_event_id, "ActivityRetry")?;
        activity.attempt = *attempt;
        activity.attempt_scheduled_at = *not_before;
        activity.started = None;
        activity.last_failure = Some(Arc::new((**failure).clone()));
        activity.last_identity = identity.clone();
        activity.last_attempt_completed_at = Some(at);
        if let Some(details) = heartbeat {
            activity.heartbeat_details.clone_from(details);
            activity.heartbeat_at = Some(at);
        }
        activity.begin_next();
        Ok(())
    }

    pub(super) fn on_activity_paused(
        &mut self,
        at: Timestamp,
        change: &Change,
    ) -> Result<(), ReplayError> {
        let Change::ActivityPaused { scheduled_event_id, identity, reason, request_id } = change
        else {
            return Err(self.dangling("ActivityPaused"));
        };
        let activity = self.activity_mut(*scheduled_event_id, "ActivityPaused")?;
        activity.paused = Some(Pause {
            at,
            identity: identity.clone(),
            reason: reason.clone(),
            request_id: request_id.clone(),
        });
        Ok(())
    }

    pub(super) fn on_activity_heartbeat(
        &mut self,
        scheduled_event_id: EventId,
        at: Timestamp,
        details: &Payloads,
    ) -> Result<(), ReplayError> {
        let activity = self.activity_mut(scheduled_event_id, "ActivityHeartbeat")?;
        activity.heartbeat_details.clone_from(details);
        activity.heartbeat_at = Some(at);
        Ok(())
    }

    pub(super) fn on_activity_cancel_requested(
        &mut self,
        id: EventId,
        scheduled_event_id: EventId,
    ) -> Result<(), ReplayError> {
        // The end may be in the buffer already: then there is nothing left to mark.
        if let Some(activity) = self.activities.get_mut(&scheduled_event_id) {
            Arc::make_mut(activity).cancel_requested_event_id = id;
        }
        Ok(())
    }

    pub(super) fn on_activity_ended(
        &mut self,
        scheduled_event_id: EventId,
    ) -> Result<(), ReplayError> {
        let Some(activity) = self.activities.remove(&scheduled_event_id) else {
            return Err(self.dangling("activity end"));
        };
        // In a copied history another activity may have the name by now.
        let id = &activity.scheduled.activity_id;
        if self.activity_ids.get(id) == Some(&scheduled_event_id) {
            self.activity_ids.remove(id);
        }
        self.session.heartbeats.remove(&scheduled_event_id);
        self.session.activities_offered.remove(&scheduled_event_id);
        if activity.paused.is_some() {
            self.show_pause();
        }
        Ok(())
    }
}

impl Transition<'_> {
    pub(super) fn start_activity(&mut self, input: StartActivity) -> Result<Reply, Rejection> {
        self.require_open().map_err(|_| Rejection::ActivityNotFound)?;
        if self.run.status == super::Status::Paused {
            return Err(Rejection::ActivityNotFound);
        }
        let found = self.run.activities.get(&input.scheduled_event_id).cloned();
        let activity = found.ok_or(Rejection::ActivityNotFound)?;
        let repeat = match &activity.started {
            Some(started) if started.request_id == input.request_id => true,
            Some(_) => return Err(Rejection::ActivityNotFound),
            None => false,
        };
        if activity.attempt != input.attempt
            || self.now < activity.attempt_scheduled_at
            || (activity.paused.is_some() && !repeat)
        {
            return Err(Rejection::ActivityNotFound);
        }
        if !repeat {
            self.change(Change::ActivityStarted {
                scheduled_event_id: input.scheduled_event_id,
                identity: input.identity,
                request_id: input.request_id,
            });
        }
        let started = self.run.activities.get(&input.scheduled_event_id);
        let started = started.and_then(|activity| activity.started.as_ref());
        Ok(Reply::Activity(Box::new(ActivityTask {
            scheduled_event_id: activity.scheduled_event_id,
            attempt: activity.attempt,
            scheduled: activity.scheduled.clone(),
            scheduled_at: activity.scheduled_at,
            attempt_scheduled_at: activity.attempt_scheduled_at,
            started_at: started.map_or(self.now, |started| started.at),
            heartbeat_details: activity.heartbeat_details.clone(),
            workflow_type: self.run.started.workflow_type.clone(),
            namespace: self.run.key().namespace.clone(),
            priority: self.run.activity_priority(&activity),
        })))
    }

    pub(super) fn heartbeat_activity(
        &mut self,
        input: HeartbeatActivity,
    ) -> Result<Reply, Rejection> {
        self.require_open().map_err(|_| Rejection::ActivityOfClosed)?;
        let activity = self.run.find_activity(&input.activity)?;
        if activity.started.is_none() {
            return Err(Rejection::ActivityNotFound);
        }
        if self.limits.payloads("Details", &input.details).is_err() {
            self.fail_for_heartbeat(&activity, input.identity);
            let told = HeartbeatReply { cancel_requested: true, ..HeartbeatReply::default() };
            return Ok(Reply::Heartbeat(told));
        }
        let id = activity.scheduled_event_id;
        let written = activity.heartbeat_at;
        let due = written.is_none_or(|at| self.now.since(at) >= HEARTBEAT_WRITE_INTERVAL);
        if due && !input.details.is_empty() && input.details != activity.heartbeat_details {
            let details = input.details.clone();
            self.change(Change::ActivityHeartbeat { scheduled_event_id: id, details });
        }
        let heartbeat = Heartbeat { at: self.now, details: input.details };
        self.run.session.heartbeats.insert(id, heartbeat);
        Ok(Reply::Heartbeat(HeartbeatReply {
            cancel_requested: activity.cancel_requested_event_id != 0,
            paused: activity.paused.is_some(),
            reset: activity.reset,
        }))
    }
}

#[cfg(test)]
mod tests;
