//! The commands: schedule an activity, ask to cancel one.

use super::Activity;
use crate::{
    Effect, EventId, Payload, Rejection, Span, Transition,
    command::ScheduleActivity,
    event::{
        ActivityTaskCancelRequested, ActivityTaskCanceled, ActivityTaskScheduled, UserMetadata,
        WorkflowTaskFailedCause,
    },
};

/// Temporal's details of a cancellation that came before the activity started.
const NOT_STARTED: &str = "\"ACTIVITY_ID_NOT_STARTED\"";

impl Transition<'_> {
    pub(in crate::run) fn command_schedule_activity(
        &mut self,
        command: ScheduleActivity,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let scheduled = self.check(command, task_completed)?;
        let id = self.event_with(scheduled, user_metadata, Vec::new());
        if let Some(offer) = self.run.activities.get(&id).map(|activity| activity.offer()) {
            self.effect(offer);
        }
        Ok(())
    }

    fn check(
        &self,
        mut command: ScheduleActivity,
        task_completed: EventId,
    ) -> Result<ActivityTaskScheduled, Rejection> {
        let limits = self.limits;
        limits.name("ActivityId", command.activity_id.as_str()).map_err(bad)?;
        limits.name("ActivityType", command.activity_type.as_str()).map_err(bad)?;
        limits.optional_name("TaskQueue", command.task_queue.as_str()).map_err(bad)?;
        limits
            .payloads("ScheduleActivityTaskCommandAttributes.Input", &command.input)
            .map_err(bad)?;
        if self.run.activity_ids.contains_key(&command.activity_id) {
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::ScheduleActivityDuplicateId,
                message: format!("ActivityId {:?} is already pending", command.activity_id),
            });
        }
        if self.run.activities.len() >= limits.pending_activities_max {
            let max = limits.pending_activities_max;
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::PendingActivitiesLimitExceeded,
                message: format!("the number of pending activities, {max}, is the limit"),
            });
        }
        if let Some(policy) = &command.retry_policy {
            policy.check().map_err(bad)?;
        }
        if command.task_queue.is_empty() {
            command.task_queue = self.run.started.task_queue.clone();
        }
        normalise_timeouts(&mut command, self.run.started.workflow_run_timeout)?;
        Ok(ActivityTaskScheduled {
            activity_id: command.activity_id,
            activity_type: command.activity_type,
            task_queue: command.task_queue,
            header: command.header,
            input: command.input,
            schedule_to_close_timeout: command.schedule_to_close_timeout,
            schedule_to_start_timeout: command.schedule_to_start_timeout,
            start_to_close_timeout: command.start_to_close_timeout,
            heartbeat_timeout: command.heartbeat_timeout,
            workflow_task_completed_event_id: task_completed,
            retry_policy: Some(command.retry_policy.unwrap_or_default().with_defaults()),
        })
    }

    pub(in crate::run) fn command_cancel_activity(
        &mut self,
        scheduled_event_id: EventId,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let pending = self.run.activities.get(&scheduled_event_id).cloned();
        let known = scheduled_event_id > 0 && scheduled_event_id < self.run.next_event_id;
        let asked_before =
            pending.as_ref().is_some_and(|activity| activity.cancel_requested_event_id != 0);
        if asked_before
            || (pending.is_none() && !(known && self.end_is_buffered(scheduled_event_id)))
        {
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::BadRequestCancelActivityAttributes,
                message: format!("no activity to cancel at ScheduledEventId {scheduled_event_id}"),
            });
        }
        let requested = ActivityTaskCancelRequested {
            scheduled_event_id,
            workflow_task_completed_event_id: task_completed,
        };
        let requested = self.event_with(requested, user_metadata, Vec::new());
        if let Some(activity) = pending.filter(|activity| activity.started.is_none()) {
            self.cancel_unstarted(&activity, requested);
        }
        Ok(())
    }

    /// An activity that no worker has is cancelled on the spot.
    fn cancel_unstarted(&mut self, activity: &Activity, requested: EventId) {
        self.effect(Effect::WithdrawActivity {
            task_queue: activity.queue(),
            scheduled_event_id: activity.scheduled_event_id,
        });
        self.event(ActivityTaskCanceled {
            details: vec![Payload::new("json/plain", NOT_STARTED)],
            latest_cancel_requested_event_id: requested,
            scheduled_event_id: activity.scheduled_event_id,
            started_event_id: 0,
            identity: activity.last_identity.clone(),
        });
        self.schedule_workflow_task();
    }

    /// Whether the activity ended while the workflow task was out: the workflow cannot know yet.
    fn end_is_buffered(&self, scheduled_event_id: EventId) -> bool {
        use crate::EventKind as E;
        #[expect(clippy::wildcard_enum_match_arm, reason = "only an activity's end counts")]
        self.run.buffered.iter().any(|event| match &event.kind {
            E::ActivityTaskCompleted(a) => a.scheduled_event_id == scheduled_event_id,
            E::ActivityTaskFailed(a) => a.scheduled_event_id == scheduled_event_id,
            E::ActivityTaskTimedOut(a) => a.scheduled_event_id == scheduled_event_id,
            E::ActivityTaskCanceled(a) => a.scheduled_event_id == scheduled_event_id,
            _ => false,
        })
    }
}

/// Fills in and caps the timeouts, as Temporal's `validateActivityScheduleAttributes` does.
fn normalise_timeouts(command: &mut ScheduleActivity, run_timeout: Span) -> Result<(), Rejection> {
    if let Some(to_close) = command.schedule_to_close_timeout.set() {
        let to_close = to_close.shorter_limit(run_timeout);
        command.schedule_to_close_timeout = to_close;
        command.schedule_to_start_timeout =
            command.schedule_to_start_timeout.shorter_limit(to_close);
        command.start_to_close_timeout = command.start_to_close_timeout.shorter_limit(to_close);
    } else if command.start_to_close_timeout.set().is_some() {
        command.schedule_to_close_timeout = run_timeout;
        command.schedule_to_start_timeout =
            command.schedule_to_start_timeout.shorter_limit(run_timeout);
        command.start_to_close_timeout = command.start_to_close_timeout.shorter_limit(run_timeout);
    } else {
        let message = "A valid StartToClose or ScheduleToCloseTimeout is not set on command.";
        return Err(bad(message));
    }
    if command.heartbeat_timeout.set().is_some() {
        command.heartbeat_timeout =
            command.heartbeat_timeout.shorter_limit(command.start_to_close_timeout);
    }
    Ok(())
}

fn bad(problem: impl std::fmt::Display) -> Rejection {
    Rejection::BadCompletion {
        cause: WorkflowTaskFailedCause::BadScheduleActivityAttributes,
        message: problem.to_string(),
    }
}
