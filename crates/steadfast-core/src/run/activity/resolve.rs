//! How an attempt ends, and whether another follows.

use std::sync::Arc;

use super::{Activity, Attempt};
use crate::{
    Change, EventId, EventKind, Failure, Identity, Payloads, Rejection, RequestId, Span,
    Transition,
    event::{
        ActivityTaskCanceled, ActivityTaskCompleted, ActivityTaskFailed, ActivityTaskStarted,
        ActivityTaskTimedOut,
    },
    failure::{RetryState, TimeoutType},
    input::{ActivityOutcome, Reply, ResolveActivity},
    retry::Verdict,
};

/// What Temporal calls the failures of attempts that answer too much (`common.FailureReason...`).
const RESULT_TOO_LARGE: &str = "Complete result exceeds size limit.";
const DETAILS_TOO_LARGE: &str = "Cancel details exceed size limit.";
const FAILURE_TOO_LARGE: &str = "Failure exceeds size limit.";
const HEARTBEAT_TOO_LARGE: &str = "Heartbeat details exceed size limit.";
/// The same for what would be tried again too late to end in time.
const NO_TIME_LEFT: &str = "Not enough time to schedule next retry before activity ScheduleToClose \
                            timeout, giving up retrying";
/// What is kept of a failure that is too large (`limit.blobSize.warn`).
const CUT_BYTES_MAX: usize = 512 << 10;

fn failed_for(message: &str, last_heartbeat: Option<Payloads>) -> ActivityOutcome {
    ActivityOutcome::Failed { failure: Failure::server(message), last_heartbeat }
}

impl Transition<'_> {
    pub(in crate::run) fn resolve_activity(
        &mut self,
        input: ResolveActivity,
    ) -> Result<Reply, Rejection> {
        self.require_open().map_err(|_| Rejection::ActivityOfClosed)?;
        let mut activity = self.run.find_activity(&input.activity)?;
        let identity = input.identity;
        if activity.started.is_none() {
            if !matches!(input.outcome, ActivityOutcome::Completed(_)) {
                return Err(Rejection::ActivityNotFound);
            }
            // Completed by its id before any worker took it: Temporal makes up a start.
            let (at, identity) = (self.now, identity.clone());
            let attempt = Attempt { at, identity, request_id: RequestId::default() };
            Arc::make_mut(&mut activity).started = Some(attempt);
        }
        match self.within_limits(input.outcome) {
            ActivityOutcome::Completed(result) => {
                let scheduled_event_id = activity.scheduled_event_id;
                self.end_activity(&activity, |started_event_id| {
                    let attributes = ActivityTaskCompleted {
                        result,
                        scheduled_event_id,
                        started_event_id,
                        identity,
                    };
                    attributes.into()
                });
            }
            ActivityOutcome::Failed { failure, last_heartbeat } => {
                self.activity_failed(&activity, failure, last_heartbeat, identity);
            }
            ActivityOutcome::Canceled(details) => {
                if activity.cancel_requested_event_id == 0 {
                    let message = "unable to mark activity as canceled without activity being \
                                   request canceled first";
                    return Err(Rejection::Invalid(message.to_owned()));
                }
                let scheduled_event_id = activity.scheduled_event_id;
                let latest_cancel_requested_event_id = activity.cancel_requested_event_id;
                self.end_activity(&activity, |started_event_id| {
                    let attributes = ActivityTaskCanceled {
                        details,
                        latest_cancel_requested_event_id,
                        scheduled_event_id,
                        started_event_id,
                        identity,
                    };
                    attributes.into()
                });
            }
        }
        Ok(Reply::Done)
    }

    /// What an attempt answers is bounded: in place of what is too large there is a failure.
    fn within_limits(&self, outcome: ActivityOutcome) -> ActivityOutcome {
        let max = self.limits.payload_bytes_max;
        let too_large = |payloads: &Payloads| crate::payload::size_of(payloads) > max;
        match outcome {
            ActivityOutcome::Completed(result) if too_large(&result) => {
                failed_for(RESULT_TOO_LARGE, None)
            }
            ActivityOutcome::Canceled(details) if too_large(&details) => {
                failed_for(DETAILS_TOO_LARGE, None)
            }
            ActivityOutcome::Failed { failure, last_heartbeat } => {
                let last_heartbeat = last_heartbeat.filter(|details| !too_large(details));
                if failure.size() <= max {
                    return ActivityOutcome::Failed { failure, last_heartbeat };
                }
                let cause = Some(Box::new(failure.cut(CUT_BYTES_MAX.min(max))));
                let failure = Failure { cause, ..Failure::server(FAILURE_TOO_LARGE) };
                ActivityOutcome::Failed { failure, last_heartbeat }
            }
            ActivityOutcome::Completed(_) | ActivityOutcome::Canceled(_) => outcome,
        }
    }

    /// An attempt whose heartbeats are too large is over.
    pub(super) fn fail_for_heartbeat(&mut self, activity: &Activity, identity: Identity) {
        let failure = Failure::server(HEARTBEAT_TOO_LARGE);
        self.activity_failed(activity, failure, None, identity);
    }

    fn activity_failed(
        &mut self,
        activity: &Activity,
        failure: Failure,
        last_heartbeat: Option<Payloads>,
        identity: Identity,
    ) {
        let retry_state = self.retry_activity(activity, &failure, last_heartbeat, &identity);
        if retry_state == RetryState::InProgress {
            return;
        }
        let scheduled_event_id = activity.scheduled_event_id;
        self.end_activity(activity, |started_event_id| {
            let attributes = ActivityTaskFailed {
                failure,
                scheduled_event_id,
                started_event_id,
                identity,
                retry_state,
            };
            attributes.into()
        });
    }

    /// A deadline passed: another attempt, or the end.
    pub(super) fn activity_timed_out(&mut self, activity: &Activity, timeout: TimeoutType) {
        let details = self.run.heartbeat_details(activity);
        let failure = Failure::timeout(timeout, details.clone());
        let retryable = matches!(timeout, TimeoutType::StartToClose | TimeoutType::Heartbeat);
        let retry_state = if retryable {
            self.retry_activity(activity, &failure, Some(details.clone()), &activity.last_identity)
        } else if activity.cancel_requested_event_id != 0 {
            RetryState::CancelRequested
        } else {
            RetryState::Timeout
        };
        let mut failure = match retry_state {
            RetryState::InProgress => return,
            // All attempts together took too long, or the next one would end too late.
            RetryState::Timeout if timeout != TimeoutType::ScheduleToStart => {
                let failure = Failure::timeout(TimeoutType::ScheduleToClose, details);
                Failure { message: NO_TIME_LEFT.to_owned(), ..failure }
            }
            RetryState::Timeout
            | RetryState::Unspecified
            | RetryState::NonRetryableFailure
            | RetryState::MaximumAttemptsReached
            | RetryState::RetryPolicyNotSet
            | RetryState::InternalServerError
            | RetryState::CancelRequested => failure,
        };
        // Why the attempt before failed is what people want to know.
        let last = activity.last_failure.as_ref();
        failure.cause = last.map(|failure| Box::new((**failure).clone()));
        let scheduled_event_id = activity.scheduled_event_id;
        self.end_activity(activity, |started_event_id| {
            let attributes =
                ActivityTaskTimedOut { failure, scheduled_event_id, started_event_id, retry_state };
            attributes.into()
        });
    }

    fn retry_activity(
        &mut self,
        activity: &Activity,
        failure: &Failure,
        heartbeat: Option<Payloads>,
        identity: &Identity,
    ) -> RetryState {
        if activity.cancel_requested_event_id != 0 {
            return RetryState::CancelRequested;
        }
        let to_close = activity.scheduled.schedule_to_close_timeout.set();
        let deadline = to_close.map(|timeout| activity.scheduled_at + timeout);
        let policy = activity.retry_policy();
        let verdict = if activity.paused.is_some() && policy.is_retryable(failure) {
            // What is held back is neither counted out nor delayed: it waits for its operator.
            Verdict::RetryAfter(Span::ZERO)
        } else {
            policy.after_failure(activity.attempt, failure, self.now, deadline)
        };
        match verdict {
            Verdict::Stop(retry_state) => retry_state,
            Verdict::RetryAfter(delay) => {
                let scheduled_event_id = activity.scheduled_event_id;
                let known = self.run.session.heartbeats.get(&scheduled_event_id);
                let known = known.map(|heartbeat| heartbeat.details.clone());
                let heartbeat = heartbeat.or(known).filter(|details| !details.is_empty());
                self.change(Change::ActivityRetry {
                    scheduled_event_id,
                    attempt: activity.attempt.saturating_add(1),
                    not_before: self.now + delay,
                    failure: Box::new(failure.clone()),
                    identity: identity.clone(),
                    heartbeat,
                });
                self.offer_due_activities();
                RetryState::InProgress
            }
        }
    }

    /// Writes an activity's Started event, if an attempt ran, and its end; wakes the workflow.
    fn end_activity(&mut self, activity: &Activity, end: impl FnOnce(EventId) -> EventKind) {
        let mut started_event_id = 0;
        if let Some(started) = &activity.started {
            started_event_id = self.arrival_id();
            let attributes = ActivityTaskStarted {
                scheduled_event_id: activity.scheduled_event_id,
                identity: started.identity.clone(),
                request_id: started.request_id.clone(),
                attempt: activity.attempt,
                last_failure: activity.last_failure.as_ref().map(|failure| (**failure).clone()),
            };
            // The event comes late, but its time is that of the start.
            self.arrival_of(attributes, started.at);
        }
        self.arrival(end(started_event_id), Vec::new());
        self.schedule_workflow_task();
    }
}

#[cfg(test)]
mod tests;
