//! How a run goes on as another: continue-as-new, the workflow's retry policy, its cron schedule.
//!
//! The closing event and the started event say everything: `successor_of` derives the next run
//! from them, live and after a takeover alike. Follows `SetupNewWorkflowForRetryOrCron` and
//! `addWorkflowExecutionStartedEventForContinueAsNew`.

mod cron;

pub use self::cron::{check_cron, cron_backoff};
use super::{Run, derive::derived_run_id};
use crate::{
    Blanks, EventId, EventKind, Failure, Identity, PayloadMap, Payloads, Rejection, RetryPolicy,
    RunId, RunKey, Span, Timestamp, Transition,
    command::ContinueAsNew,
    event::{
        Initiator, UserMetadata, WorkflowExecutionCanceled, WorkflowExecutionCompleted,
        WorkflowExecutionContinuedAsNew, WorkflowExecutionFailed, WorkflowExecutionTimedOut,
        WorkflowTaskFailedCause,
    },
    failure::{RetryState, TimeoutType},
    input::Start,
    retry::Verdict,
    start::{Lineage, StartRequest},
};

/// Runs that continue as new start at most this often, so that they cannot spin
/// (`ContinueAsNewMinBackoff`, `history.workflowIdReuseMinimalInterval`). A retry and a cron schedule
/// have their own delays.
const CHAIN_INTERVAL_MIN: Span = Span::from_secs(1);

/// The run that follows a closed one, if one does.
pub(crate) fn successor_of(run: &Run) -> Option<(RunKey, Start)> {
    let close = run.close_event.as_deref()?;
    let (run_id, start) = run.follow(&close.kind, close.at)?;
    let key = RunKey { run_id, ..run.key().clone() };
    Some((key, start))
}

/// What the next run of a chain gets from this one's end.
struct Handover {
    initiator: Initiator,
    backoff: Span,
    failure: Option<Failure>,
    last_completion_result: Payloads,
}

impl Run {
    /// When the run's code could first run: its start and the delay before its first task.
    pub fn execution_time(&self) -> Timestamp {
        // A run that a reset made begins in the middle: it has no delay.
        if self.opened.reset.is_some() {
            return self.started_at;
        }
        self.started_at + self.started.first_workflow_task_backoff
    }

    /// How long until the cron schedule's next time; none without a schedule.
    fn cron_delay(&self, now: Timestamp) -> Option<Span> {
        let schedule = &self.started.cron_schedule;
        if schedule.is_empty() { None } else { cron_backoff(schedule, self.execution_time(), now) }
    }

    /// What the retry policy says of this failure.
    fn retry_verdict(&self, failure: &Failure, now: Timestamp) -> Verdict {
        let Some(policy) = &self.started.retry_policy else {
            return Verdict::Stop(RetryState::RetryPolicyNotSet);
        };
        let deadline = self.started.workflow_execution_expiration;
        policy.after_failure(self.started.attempt, failure, now, deadline)
    }

    /// Whether a failed run is followed by another, and what its closing event says of retries.
    fn after_failure(&self, failure: &Failure, now: Timestamp) -> (RetryState, Option<Handover>) {
        let carried = |initiator, backoff| Handover {
            initiator,
            backoff,
            failure: Some(failure.clone()),
            last_completion_result: self.started.last_completion_result.clone(),
        };
        match self.retry_verdict(failure, now) {
            Verdict::RetryAfter(delay) => {
                (RetryState::InProgress, Some(carried(Initiator::Retry, delay)))
            }
            Verdict::Stop(state) => {
                let cron = self.cron_delay(now);
                (state, cron.map(|delay| carried(Initiator::CronSchedule, delay)))
            }
        }
    }

    /// As [`Self::after_failure`], for a run that took too long.
    fn after_timeout(&self, now: Timestamp) -> (RetryState, Option<Handover>) {
        let expired = self.started.workflow_execution_expiration.is_some_and(|at| at <= now);
        if expired { (RetryState::Timeout, None) } else { self.after_failure(&timeout(), now) }
    }

    fn after_completion(&self, result: &Payloads, now: Timestamp) -> Option<Handover> {
        Some(Handover {
            initiator: Initiator::CronSchedule,
            backoff: self.cron_delay(now)?,
            failure: None,
            last_completion_result: result.clone(),
        })
    }

    /// The id of the run that follows this one: there is at most one.
    fn successor_id(&self) -> RunId {
        derived_run_id(self.key(), 0, "successor")
    }

    fn successor_id_if(&self, handover: Option<Handover>) -> RunId {
        handover.map(|_| self.successor_id()).unwrap_or_default()
    }

    fn follow(&self, closing: &EventKind, at: Timestamp) -> Option<(RunId, Start)> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other end has a successor")]
        let (new_run_id, handover) = match closing {
            EventKind::WorkflowExecutionCompleted(a) => {
                (&a.new_execution_run_id, self.after_completion(&a.result, at))
            }
            EventKind::WorkflowExecutionFailed(a) => {
                (&a.new_execution_run_id, self.after_failure(&a.failure, at).1)
            }
            EventKind::WorkflowExecutionTimedOut(a) => {
                (&a.new_execution_run_id, self.after_timeout(at).1)
            }
            EventKind::WorkflowExecutionContinuedAsNew(a) => {
                return Some((a.new_execution_run_id.clone(), self.continued(a, at)));
            }
            _ => return None,
        };
        if new_run_id.is_empty() {
            return None;
        }
        Some((new_run_id.clone(), self.repeated(handover?)))
    }

    /// The same again, for the retry policy or the cron schedule: with what the run was started
    /// with, not with what it made of it.
    fn repeated(&self, handover: Handover) -> Start {
        let mut request = self.as_request();
        request.memo.clone_from(&self.started.memo);
        request.search_attributes.clone_from(&self.started.search_attributes);
        if handover.initiator != Initiator::Retry {
            request.completion_callbacks.clear();
        }
        self.next(request, handover)
    }

    fn continued(&self, event: &WorkflowExecutionContinuedAsNew, at: Timestamp) -> Start {
        let request = StartRequest {
            workflow_type: event.workflow_type.clone(),
            task_queue: event.task_queue.clone(),
            input: event.input.clone(),
            workflow_run_timeout: event.workflow_run_timeout,
            workflow_task_timeout: event.workflow_task_timeout,
            header: event.header.clone(),
            retry_policy: event.retry_policy.clone(),
            cron_schedule: event.cron_schedule.clone(),
            memo: event.memo.clone(),
            search_attributes: event.search_attributes.clone(),
            blanks: self.started.blanks.only(Blanks::EXECUTION_TIMEOUT).with(Blanks::RUN_TIMEOUT),
            ..self.as_request()
        };
        let handover = Handover {
            initiator: match event.initiator {
                Initiator::Unspecified => Initiator::Workflow,
                named @ (Initiator::Workflow | Initiator::Retry | Initiator::CronSchedule) => named,
            },
            backoff: self.paced(event.backoff_start_interval, at),
            failure: event.failure.clone(),
            last_completion_result: event.last_completion_result.clone(),
        };
        self.next(request, handover)
    }

    fn next(&self, mut request: StartRequest, handover: Handover) -> Start {
        request.request_id = self.successor_id().as_str().into();
        // Nobody asks for it but the run before.
        request.identity = Identity::default();
        let attempt = match handover.initiator {
            Initiator::Retry => self.started.attempt.saturating_add(1),
            Initiator::Unspecified | Initiator::Workflow | Initiator::CronSchedule => 1,
        };
        let lineage = Lineage {
            parent: self.started.parent.clone(),
            root: self.started.root.clone(),
            continued_run_id: self.key().run_id.clone(),
            first_run_id: self.started.first_execution_run_id.clone(),
            initiator: handover.initiator,
            continued_failure: handover.failure,
            last_completion_result: handover.last_completion_result,
            attempt,
            execution_expiration: self.started.workflow_execution_expiration,
            first_workflow_task_backoff: handover.backoff,
            reset_points: self.reset_points.to_vec(),
        };
        Start { request, lineage, signal: None }
    }

    /// The delay before the next run, long enough that the chain does not spin.
    fn paced(&self, backoff: Span, at: Timestamp) -> Span {
        let lifetime = at.since(self.execution_time());
        let interval = Span(lifetime.0.saturating_add(backoff.0));
        if interval < CHAIN_INTERVAL_MIN {
            Span(CHAIN_INTERVAL_MIN.0 - lifetime.0)
        } else {
            backoff
        }
    }
}

/// What a run that took too long failed with.
fn timeout() -> Failure {
    Failure {
        message: "workflow timeout".to_owned(),
        ..Failure::timeout(TimeoutType::StartToClose, Payloads::new())
    }
}

impl Transition<'_> {
    pub(crate) fn command_complete(
        &mut self,
        result: Payloads,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        self.require_nothing_new()?;
        let cause = WorkflowTaskFailedCause::BadCompleteWorkflowExecutionAttributes;
        let field = "CompleteWorkflowExecutionCommandAttributes.Result";
        self.require_payloads(field, &result, cause)?;
        let handover = self.run.after_completion(&result, self.now);
        let event = WorkflowExecutionCompleted {
            result,
            workflow_task_completed_event_id: task_completed,
            new_execution_run_id: self.run.successor_id_if(handover),
        };
        self.close_run_with(event, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_fail(
        &mut self,
        failure: Failure,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        self.require_nothing_new()?;
        let (retry_state, handover) = self.run.after_failure(&failure, self.now);
        let event = WorkflowExecutionFailed {
            failure,
            retry_state,
            workflow_task_completed_event_id: task_completed,
            new_execution_run_id: self.run.successor_id_if(handover),
        };
        self.close_run_with(event, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_cancel(
        &mut self,
        details: Payloads,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        self.require_nothing_new()?;
        let cause = WorkflowTaskFailedCause::BadCancelWorkflowExecutionAttributes;
        let field = "CancelWorkflowExecutionCommandAttributes.Details";
        self.require_payloads(field, &details, cause)?;
        let workflow_task_completed_event_id = task_completed;
        let event = WorkflowExecutionCanceled { workflow_task_completed_event_id, details };
        self.close_run_with(event, user_metadata, Vec::new());
        Ok(())
    }

    pub(crate) fn command_continue_as_new(
        &mut self,
        command: ContinueAsNew,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        self.require_nothing_new()?;
        self.check_continue(&command)?;
        let event = self.run.continued_as_new(command, task_completed);
        self.close_run_with(event, user_metadata, Vec::new());
        Ok(())
    }

    fn check_continue(&self, command: &ContinueAsNew) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadContinueAsNewAttributes;
        let name = "ContinueAsNewWorkflowExecutionCommand";
        for (field, text) in [
            ("WorkflowType", command.workflow_type.as_str()),
            ("TaskQueue", command.task_queue.as_str()),
        ] {
            if !text.is_empty() {
                self.require_name(name, field, text, cause)?;
            }
        }
        let field = "ContinueAsNewWorkflowExecutionCommandAttributes.Input";
        self.require_payloads(field, &command.input, cause)?;
        if let Some(policy) = &command.retry_policy
            && let Err(error) = policy.check()
        {
            let message = format!("invalid WorkflowRetryPolicy on {name}: {error}");
            return Err(Rejection::BadCompletion { cause, message });
        }
        if !command.cron_schedule.is_empty()
            && let Err(error) = check_cron(&command.cron_schedule)
        {
            let message = format!("invalid CronSchedule on {name}: {error}");
            return Err(Rejection::BadCompletion { cause, message });
        }
        Ok(())
    }

    /// A run may close only on what its workflow has seen: news that waits goes first.
    fn require_nothing_new(&self) -> Result<(), Rejection> {
        if self.run.buffered.is_empty() && !self.has_undelivered_updates() {
            return Ok(());
        }
        let cause = WorkflowTaskFailedCause::UnhandledCommand;
        Err(Rejection::BadCompletion { cause, message: "UnhandledCommand".to_owned() })
    }

    /// Ends a run whose own time is over; its retry policy or its cron schedule may start it again.
    pub(crate) fn run_timed_out(&mut self) {
        let (retry_state, handover) = self.run.after_timeout(self.now);
        let new_execution_run_id = self.run.successor_id_if(handover);
        self.close_run(WorkflowExecutionTimedOut { retry_state, new_execution_run_id });
    }
}

impl Run {
    /// What visibility can search, without what only this run is in.
    fn carried_attributes(&self) -> PayloadMap {
        let mut attributes = self.search_attributes.clone();
        for own in [
            super::pause::PAUSE_ATTRIBUTE,
            super::workflow_task::PROBLEMS_ATTRIBUTE,
            crate::builds::BUILDS_ATTRIBUTE,
        ] {
            attributes.remove(own);
        }
        attributes
    }

    /// The closing event of a run that goes on: the command with its empty fields taken over.
    fn continued_as_new(
        &self,
        command: ContinueAsNew,
        task_completed: EventId,
    ) -> WorkflowExecutionContinuedAsNew {
        let started = &self.started;
        let run_timeout =
            command.workflow_run_timeout.set().unwrap_or(started.workflow_run_timeout);
        let task_timeout = command.workflow_task_timeout.set().unwrap_or(self.task_timeout());
        let retry_policy = command.retry_policy.map(RetryPolicy::with_defaults);
        WorkflowExecutionContinuedAsNew {
            new_execution_run_id: self.successor_id(),
            inherit_build_id: command.inherit_build_id,
            workflow_type: taken_over(command.workflow_type, &started.workflow_type, |t| {
                t.is_empty()
            }),
            task_queue: taken_over(command.task_queue, &started.task_queue, |q| q.is_empty()),
            input: command.input,
            workflow_run_timeout: run_timeout.shorter_limit(started.workflow_execution_timeout),
            workflow_task_timeout: task_timeout.shorter_limit(run_timeout),
            workflow_task_completed_event_id: task_completed,
            backoff_start_interval: command.backoff_start_interval,
            retry_policy: retry_policy.or_else(|| started.retry_policy.clone()),
            cron_schedule: command.cron_schedule,
            initiator: command.initiator,
            failure: command.failure,
            last_completion_result: command.last_completion_result,
            header: command.header,
            memo: taken_over(command.memo, &self.memo, |m| m.is_empty()),
            search_attributes: taken_over(
                command.search_attributes,
                &self.carried_attributes(),
                |attributes| attributes.is_empty(),
            ),
        }
    }
}

fn taken_over<T: Clone>(given: T, own: &T, is_empty: impl Fn(&T) -> bool) -> T {
    if is_empty(&given) { own.clone() } else { given }
}

#[cfg(test)]
mod tests;
