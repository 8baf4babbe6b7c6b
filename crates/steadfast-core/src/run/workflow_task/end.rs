//! How a workflow task ends: completed, failed by its worker or by what it asked for, or too late.

use super::{Kind, Out, Problem};
use crate::{
    Change, Command, Entry, EventId, Failure, Rejection, Span, Timestamp, Transition,
    event::{
        WorkflowTaskCompleted, WorkflowTaskFailed, WorkflowTaskFailedCause, WorkflowTaskTimedOut,
    },
    failure::TimeoutType,
    input::{CompleteWorkflowTask, FailWorkflowTask, Reply, WorkflowTaskRef},
    run::Status,
};

/// Attempts before failures are slowed down (`history.workflowTaskRetryBackoffMinAttempts`).
const BACKOFF_MIN_ATTEMPTS: i32 = 3;
/// The time added to the first late attempt; each further one doubles
/// (`workflowTaskRetryInitialInterval`).
const PATIENCE_INITIAL: Span = Span::from_secs(5);
/// The longest time added (`history.workflowTaskRetryMaxInterval`).
const PATIENCE_MAX: Span = Span::from_secs(600);
/// The first slowed-down delay; each further one doubles.
const BACKOFF_INITIAL: Span = Span::from_secs(1);
/// The longest delay between attempts.
const BACKOFF_MAX: Span = Span::from_secs(60);

/// How long the worker of this attempt may take: late attempts get longer, because SDKs answer a
/// repeated failure with silence (`getStartToCloseTimeout`).
pub(super) fn attempt_timeout(timeout: Span, attempt: i32) -> Span {
    Span(timeout.0.saturating_add(growing(attempt, PATIENCE_INITIAL, PATIENCE_MAX).0))
}

/// How long a worker's failure is left alone before its task is offered again.
fn backoff(attempt: i32) -> Span {
    growing(attempt, BACKOFF_INITIAL, BACKOFF_MAX)
}

fn growing(attempt: i32, initial: Span, max: Span) -> Span {
    if attempt <= BACKOFF_MIN_ATTEMPTS {
        return Span::ZERO;
    }
    let doublings = u32::try_from(attempt - BACKOFF_MIN_ATTEMPTS - 1).unwrap_or(0).min(16);
    Span(initial.0.saturating_mul(1 << doublings)).min(max)
}

/// A command that ends the run must be the last one: else nothing is done, and the task stays out.
fn check_sequence(commands: &[Command]) -> Result<(), Rejection> {
    let closing = commands.iter().position(|command| command.kind.closes());
    match closing {
        Some(at) if at + 1 < commands.len() => {
            let message = "invalid command sequence: the command that closes the workflow must be \
                           the last command";
            Err(Rejection::Invalid(message.to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a failed task is followed by another attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Again {
    /// Another attempt follows.
    Yes,
    /// The run closes: none does.
    No,
}

impl Transition<'_> {
    pub(in crate::run) fn complete_workflow_task(
        &mut self,
        input: CompleteWorkflowTask,
    ) -> Result<Reply, Rejection> {
        if self.run.status == Status::Paused && input.force_new_task {
            let why = "Workflow is paused and force create new workflow task is not allowed.";
            return Err(Rejection::Paused(why));
        }
        let out = self.take_out(&input.task)?;
        if let Err(rejection) = check_sequence(&input.commands) {
            self.run.session.task_out = Some(out);
            return Err(rejection);
        }
        if out.kind == Kind::Speculative && self.changes_nothing(&input) {
            for command in input.commands {
                self.command(command, 0)?;
            }
            self.reject_unprocessed_updates();
            self.run.session.speculative = None;
            let (eager, next) = (Vec::new(), None);
            let dropped_after = Some(self.run.previous_started_event_id);
            return Ok(Reply::WorkflowTaskCompleted {
                new_task: false,
                eager,
                next,
                dropped_after,
            });
        }
        if let Some(since) = self.heartbeats_since(&out, &input) {
            if self.now > since + self.limits.workflow_task_heartbeats_max {
                self.end_heartbeats(&out);
                return Err(Rejection::HeartbeatsTooLong);
            }
            self.run.session.heartbeats_since = Some(since);
        } else {
            self.run.session.heartbeats_since = None;
        }
        let before = self.clone();
        let (identity, next_task) = (input.identity.clone(), input.next_task.clone());
        self.completed_by = identity.clone();
        match self.write_completion(&out, input) {
            Ok(eager) => {
                self.run.session.close_attempted = false;
                let new_task = self.run.pending_task().is_some();
                let eager = self.start_eagerly(eager, &identity);
                let next = next_task.and_then(|poll| self.next_at_once(poll, &identity));
                Ok(Reply::WorkflowTaskCompleted { new_task, eager, next, dropped_after: None })
            }
            Err(rejection) => {
                *self = before;
                let cause = if let Rejection::BadCompletion { cause, .. } = &rejection {
                    *cause
                } else {
                    WorkflowTaskFailedCause::Unspecified
                };
                let failure = Failure::server(rejection.to_string());
                self.write_failed(&out, cause, Some(failure), Again::Yes);
                Err(rejection)
            }
        }
    }

    /// When the workflow tasks began that were nothing but heartbeats, if this one is such a one.
    fn heartbeats_since(&self, out: &Out, input: &CompleteWorkflowTask) -> Option<Timestamp> {
        let is_heartbeat = input.force_new_task && input.commands.is_empty();
        is_heartbeat.then(|| self.run.session.heartbeats_since.unwrap_or(out.scheduled_at))
    }

    /// The task counts as too late, and the next one goes to whoever polls the run's own queue.
    fn end_heartbeats(&mut self, out: &Out) {
        self.run.session.heartbeats_since = None;
        self.forget_deliveries();
        self.write_started(out);
        self.event(WorkflowTaskTimedOut {
            scheduled_event_id: out.task.scheduled_event_id,
            started_event_id: out.task.started_event_id,
            timeout_type: TimeoutType::StartToClose,
        });
        if self.run.sticky.is_some() {
            self.change(Change::StickySet(None));
        }
        self.flush_buffered();
        self.schedule_workflow_task();
    }

    fn write_completion(
        &mut self,
        out: &Out,
        input: CompleteWorkflowTask,
    ) -> Result<Vec<EventId>, Rejection> {
        if let Some((cause, message)) = input.refused {
            return Err(Rejection::BadCompletion { cause, message });
        }
        self.write_started(out);
        let completed = self.event(WorkflowTaskCompleted {
            scheduled_event_id: out.task.scheduled_event_id,
            started_event_id: out.task.started_event_id,
            identity: input.identity,
            binary_checksum: input.binary_checksum,
            sdk_metadata: input.sdk_metadata,
            metering_metadata: input.metering_metadata,
            worker_version: None,
            worker: input.worker,
        });
        self.in_completion = true;
        let mut eager = Vec::new();
        for command in input.commands {
            if !self.run.status.is_open() {
                break;
            }
            if input.eager_activities && command.kind.wants_eager_execution() {
                eager.push(self.run.next_event_id);
            }
            self.command(command, completed)?;
        }
        self.in_completion = false;
        if !self.run.status.is_open() {
            return Ok(Vec::new());
        }
        if !input.force_new_task {
            self.reject_unprocessed_updates();
        }
        if self.run.sticky != input.sticky {
            self.change(Change::StickySet(input.sticky));
        }
        let arrived = !self.run.buffered.is_empty();
        self.flush_buffered();
        if std::mem::take(&mut self.wants_task) || input.force_new_task || arrived {
            self.schedule_workflow_task();
        }
        if self.has_undelivered_updates() {
            self.schedule_speculative_task();
        }
        Ok(eager)
    }

    /// Whether a speculative task's answer leaves nothing that must be written.
    fn changes_nothing(&self, input: &CompleteWorkflowTask) -> bool {
        self.run.buffered.is_empty()
            && !input.force_new_task
            && self.run.session.task_out.is_none()
            && input.commands.iter().all(|command| command.kind.leaves_no_event())
            && !self.has_undelivered_updates()
    }

    pub(in crate::run) fn fail_workflow_task(
        &mut self,
        input: FailWorkflowTask,
    ) -> Result<Reply, Rejection> {
        let mut out = self.take_out(&input.task)?;
        if !input.identity.is_empty() {
            out.identity = input.identity;
        }
        self.write_failed(&out, input.cause, input.failure, Again::Yes);
        Ok(Reply::Done)
    }

    /// The worker that took a task went away before it had it: the task waits again, as if it had
    /// never been out.
    pub fn return_workflow_task(&mut self, request_id: &crate::RequestId) {
        let out = self.run.session.task_out.as_ref();
        if out.is_some_and(|out| out.task.request_id == *request_id) {
            self.run.session.task_out = None;
            self.forget_deliveries();
            self.offer_task();
        }
    }

    /// Ends the task that is out because its worker did not answer in time.
    pub(in crate::run) fn time_out_workflow_task(&mut self) {
        let Some(out) = self.run.session.task_out.take() else {
            return;
        };
        self.run.session.heartbeats_since = None;
        self.forget_deliveries();
        if out.kind != Kind::Transient {
            self.write_started(&out);
            self.event(WorkflowTaskTimedOut {
                scheduled_event_id: out.task.scheduled_event_id,
                started_event_id: out.task.started_event_id,
                timeout_type: TimeoutType::StartToClose,
            });
        }
        let problem = Problem::TimedOut(TimeoutType::StartToClose);
        self.next_attempt(&out, None, problem);
    }

    /// Moves a task that nobody took from the cache holder's queue to the run's own.
    pub(in crate::run) fn time_out_sticky_task(&mut self) {
        let written = self.run.workflow_task.as_ref();
        let normal = written.filter(|task| task.kind == Kind::Normal);
        let Some(scheduled_event_id) = normal.map(|task| task.scheduled_event_id) else {
            // The run is open: a tick of a closed one does nothing.
            drop(self.reset_sticky());
            return;
        };
        self.event(WorkflowTaskTimedOut {
            scheduled_event_id,
            started_event_id: 0,
            timeout_type: TimeoutType::ScheduleToStart,
        });
        self.change(Change::StickySet(None));
        self.schedule_workflow_task();
    }

    /// Ends the task that is out because the run closes under it.
    pub(in crate::run) fn force_close_task(&mut self) {
        if let Some(out) = self.run.session.task_out.take() {
            self.write_failed(&out, WorkflowTaskFailedCause::ForceCloseCommand, None, Again::No);
        }
    }

    fn take_out(&mut self, task: &WorkflowTaskRef) -> Result<Out, Rejection> {
        self.require_open().map_err(|_| Rejection::WorkflowTaskNotFound)?;
        match self.run.session.task_out.take() {
            Some(out) if out.task == *task => Ok(out),
            other => {
                self.run.session.task_out = other;
                Err(Rejection::WorkflowTaskNotFound)
            }
        }
    }

    fn write_failed(
        &mut self,
        out: &Out,
        cause: WorkflowTaskFailedCause,
        failure: Option<Failure>,
        again: Again,
    ) {
        self.run.session.task_out = None;
        self.run.session.heartbeats_since = None;
        self.forget_deliveries();
        if cause == WorkflowTaskFailedCause::UnhandledCommand {
            self.run.session.close_attempted = true;
        }
        if out.kind != Kind::Transient {
            self.write_started(out);
            self.event(WorkflowTaskFailed {
                scheduled_event_id: out.task.scheduled_event_id,
                started_event_id: out.task.started_event_id,
                cause,
                failure: failure.clone(),
                identity: out.identity.clone(),
                ..WorkflowTaskFailed::default()
            });
        }
        if again == Again::Yes {
            self.next_attempt(out, failure, Problem::Failed(cause));
        }
    }

    /// After a task failed or was too late: new events make a fresh task, else the same one is tried
    /// again. Either goes to the run's own queue, because the cache holder may be what is broken.
    fn next_attempt(&mut self, out: &Out, failure: Option<Failure>, problem: Problem) {
        if self.run.sticky.is_some() {
            self.change(Change::StickySet(None));
        }
        let arrived = !self.run.buffered.is_empty();
        self.flush_buffered();
        if arrived && out.kind != Kind::Transient {
            self.schedule_workflow_task();
            return;
        }
        let attempt = out.task.attempt.saturating_add(1);
        // A worker that was too late has used its time already.
        let delay = match problem {
            Problem::Failed(_) => backoff(attempt),
            Problem::TimedOut(_) => Span::ZERO,
        };
        let not_before = self.now + delay;
        let last_failure = failure.map(Box::new);
        let scheduled_at = self.now;
        self.change(Change::WorkflowTaskAttempt {
            attempt,
            scheduled_at,
            not_before,
            last_failure,
            problem: Some(problem),
        });
        if not_before <= self.now {
            self.offer_task();
        }
    }

    /// Writes what is not written yet of a task that ends, exactly as its worker was shown it.
    fn write_started(&mut self, out: &Out) {
        for event in self.run.unwritten_task_events(out) {
            self.entry(Entry::Event(event));
        }
    }
}
