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
        if let Some(activity) = self.run.activities.get(&id) {
            let offer = self.run.activity_offer(activity);
            self.effect(offer);
        }
        Ok(())
    }

    fn check(
        &self,
        command: ScheduleActivity,
        task_completed: EventId,
    ) -> Result<ActivityTaskScheduled, Rejection> {
        let limits = self.limits;
        let policy = command.retry_policy.unwrap_or_default().with_defaults();
        policy.check().map_err(bad)?;
        if let Some(priority) = &command.priority {
            priority.check().map_err(bad)?;
        }
        let mut scheduled = ActivityTaskScheduled {
            activity_id: command.activity_id,
            use_workflow_build_id: command.use_workflow_build_id,
            activity_type: command.activity_type,
            task_queue: command.task_queue,
            header: command.header,
            input: command.input,
            schedule_to_close_timeout: command.schedule_to_close_timeout,
            schedule_to_start_timeout: command.schedule_to_start_timeout,
            start_to_close_timeout: command.start_to_close_timeout,
            heartbeat_timeout: command.heartbeat_timeout,
            workflow_task_completed_event_id: task_completed,
            retry_policy: Some(policy),
            priority: command.priority,
            blanks: command.blanks,
        };
        let run_timeout = self.run.started.workflow_run_timeout;
        self.complete_attributes(&mut scheduled, run_timeout).map_err(bad)?;
        limits
            .payloads("ScheduleActivityTaskCommandAttributes.Input", &scheduled.input)
            .map_err(bad)?;
        let activity_id = &scheduled.activity_id;
        if self.run.activity_ids.contains_key(activity_id) {
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::ScheduleActivityDuplicateId,
                message: format!(
                    "invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: {activity_id}"
                ),
            });
        }
        if self.run.activities.len() >= limits.pending_activities_max {
            let max = limits.pending_activities_max;
            return Err(Rejection::BadCompletion {
                cause: WorkflowTaskFailedCause::PendingActivitiesLimitExceeded,
                message: format!(
                    "the number of pending activities, {max}, has reached the per-workflow limit of {max}"
                ),
            });
        }
        Ok(scheduled)
    }

    /// Checks an activity's attributes, and fills in what is not set, as Temporal's
    /// `validateAndNormalizeActivityAttributes` does; answers what is wrong.
    pub(super) fn complete_attributes(
        &self,
        scheduled: &mut ActivityTaskScheduled,
        run_timeout: Span,
    ) -> Result<(), String> {
        let limit = self.limits.id_bytes_max;
        let names = [
            ("activityId", scheduled.activity_id.as_str()),
            ("activityType", scheduled.activity_type.as_str()),
        ];
        for (field, name) in names {
            let length = name.len();
            if name.is_empty() {
                return Err(format!("{field} is not set"));
            }
            if length > limit {
                return Err(format!("{field} exceeds length limit. Length={length} Limit={limit}"));
            }
        }
        if scheduled.task_queue.is_empty() {
            scheduled.task_queue = self.run.started.task_queue.clone();
        }
        check_queue(scheduled.task_queue.as_str(), limit)?;
        fill_timeouts(scheduled, run_timeout)
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
                message: format!(
                    "invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: {scheduled_event_id}"
                ),
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
            identity: self.completed_by.clone(),
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

/// Checks the name of a task queue that users may choose (Temporal's `tqid`).
pub(in crate::run) fn check_queue(name: &str, limit: usize) -> Result<(), String> {
    let length = name.len();
    if length > limit {
        return Err(format!("taskQueue length exceeds limit. Length={length} Limit={limit}"));
    }
    if name.starts_with("/_sys/") {
        return Err(format!("task queue name cannot start with reserved prefix /_sys/: {name}"));
    }
    Ok(())
}

/// Fills in the timeouts that are not set, and caps those that are too long.
fn fill_timeouts(scheduled: &mut ActivityTaskScheduled, run_timeout: Span) -> Result<(), String> {
    let to_close = if scheduled.schedule_to_close_timeout.set().is_some() {
        let to_close = scheduled.schedule_to_close_timeout.shorter_limit(run_timeout);
        scheduled.start_to_close_timeout = scheduled.start_to_close_timeout.shorter_limit(to_close);
        to_close
    } else if scheduled.start_to_close_timeout.set().is_some() {
        scheduled.start_to_close_timeout =
            scheduled.start_to_close_timeout.shorter_limit(run_timeout);
        run_timeout
    } else {
        let (id, kind) = (&scheduled.activity_id, &scheduled.activity_type);
        return Err(format!(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. \
             ActivityId={id} ActivityType={kind}"
        ));
    };
    scheduled.schedule_to_close_timeout = to_close;
    scheduled.schedule_to_start_timeout =
        scheduled.schedule_to_start_timeout.shorter_limit(to_close);
    if scheduled.heartbeat_timeout.set().is_some() {
        scheduled.heartbeat_timeout =
            scheduled.heartbeat_timeout.shorter_limit(scheduled.start_to_close_timeout);
    }
    Ok(())
}

fn bad(problem: impl std::fmt::Display) -> Rejection {
    Rejection::BadCompletion {
        cause: WorkflowTaskFailedCause::BadScheduleActivityAttributes,
        message: problem.to_string(),
    }
}
