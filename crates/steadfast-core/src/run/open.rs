//! How a run begins: its first record. Follows `StartWorkflowExecution`'s handler.

use std::sync::Arc;

use super::{ReplayError, Run, Session, Status};
use crate::{
    Change, Entry, Event, EventKind, Record, Rejection, RunKey, Span, Timestamp, Transition,
    event::{Initiator, WorkflowExecutionStarted},
    input::Start,
    limits::Limits,
    record::Opened,
    start::{StartRequest, started_event},
};

/// The draft of a new run, or why there can be none.
pub(super) fn open<'a>(
    key: RunKey,
    start: Start,
    limits: &'a Limits,
    now: Timestamp,
) -> Result<Transition<'a>, Rejection> {
    check(&key, &start.request, limits)?;
    let Start { mut request, mut lineage, signal } = start;
    if lineage.first_workflow_task_backoff.is_zero() && lineage.continued_run_id.is_empty() {
        lineage.first_workflow_task_backoff = first_backoff(&request, now);
    }
    // The first task can be handed out only when it is there, and a signal is not waited for.
    request.request_eager_execution &=
        lineage.first_workflow_task_backoff.is_zero() && signal.is_none();
    request.retry_policy = request.retry_policy.map(crate::RetryPolicy::with_defaults);
    if !request.cron_schedule.is_empty() && lineage.initiator == Initiator::Unspecified {
        lineage.initiator = Initiator::CronSchedule;
    }
    for point in &mut lineage.reset_points {
        if point.run_id == lineage.continued_run_id {
            point.ended_at = Some(now);
        }
    }
    if lineage.execution_expiration.is_none()
        && let Some(timeout) = request.workflow_execution_timeout.set()
    {
        let backoff = lineage.first_workflow_task_backoff;
        lineage.execution_expiration = Some(now + backoff + timeout);
    }
    let first = Event {
        id: 1,
        at: now,
        kind: EventKind::from(started_event(&key, &request, lineage)),
        user_metadata: request.user_metadata.map(Box::new),
        links: request.links,
    };
    let opened = Opened { key, request_id: request.request_id, reset: None };
    let opening = Record {
        at: now,
        entries: vec![Entry::Change(Change::Opened(Box::new(opened))), Entry::Event(first)],
    };
    let run = Run::from_first(&opening).map_err(|error| Rejection::Invalid(error.to_string()))?;
    let mut transition = Transition::on(run, limits, now);
    transition.record = opening;
    if let Some(signal) = signal {
        transition.signal(signal)?;
    }
    transition.schedule_workflow_task();
    Ok(transition)
}

fn check(key: &RunKey, request: &StartRequest, limits: &Limits) -> Result<(), Rejection> {
    limits.name("namespace", key.namespace.as_str())?;
    limits.name("WorkflowId", key.workflow_id.as_str())?;
    limits.name("WorkflowType", request.workflow_type.as_str())?;
    limits.name("TaskQueue", request.task_queue.as_str())?;
    limits.optional_name("RequestId", request.request_id.as_str())?;
    limits.payloads("Input", &request.input)?;
    for (field, payloads) in [("Memo", &request.memo), ("Header", &request.header)] {
        let payloads: Vec<_> = payloads.values().cloned().collect();
        limits.payloads(field, &payloads)?;
    }
    if let Some(policy) = &request.retry_policy {
        policy.check().map_err(Rejection::Invalid)?;
    }
    if !request.cron_schedule.is_empty() {
        super::successor::check_cron(&request.cron_schedule).map_err(Rejection::Invalid)?;
        if !request.start_delay.is_zero() {
            let message = "CronSchedule and WorkflowStartDelay may not be used together.";
            return Err(Rejection::Invalid(message.to_owned()));
        }
    }
    Ok(())
}

fn first_backoff(request: &StartRequest, now: Timestamp) -> Span {
    if request.cron_schedule.is_empty() {
        request.start_delay
    } else {
        super::successor::cron_backoff(&request.cron_schedule, now, now).unwrap_or_default()
    }
}

impl Run {
    /// The state after a run's first record.
    pub(super) fn from_first(record: &Record) -> Result<Self, ReplayError> {
        let [Entry::Change(Change::Opened(opened)), Entry::Event(first), rest @ ..] =
            record.entries.as_slice()
        else {
            return Err(ReplayError::NotOpened);
        };
        let EventKind::WorkflowExecutionStarted(started) = &first.kind else {
            return Err(ReplayError::NotOpened);
        };
        let mut run = Self::opened(opened, started, first.at);
        if opened.reset.is_some() {
            run.begin_again(record.at);
        }
        run.history_bytes = first.approximate_bytes();
        for entry in rest {
            run.fold(record.at, entry)?;
        }
        Ok(run)
    }

    fn opened(opened: &Opened, started: &WorkflowExecutionStarted, at: Timestamp) -> Self {
        let backoff = started.first_workflow_task_backoff.set();
        Self {
            opened: Arc::new(opened.clone()),
            started_at: at,
            status: Status::Running,
            closed_at: None,
            close_event: None,
            next_event_id: 2,
            history_bytes: 0,
            last_at: at,
            workflow_task: None,
            previous_started_event_id: 0,
            first_task_not_before: backoff.map(|backoff| at + backoff),
            sticky: None,
            activities: Default::default(),
            activity_ids: Default::default(),
            timers: Default::default(),
            children: Default::default(),
            external: Default::default(),
            updates: Default::default(),
            updates_admitted: Default::default(),
            reset_to: None,
            requests_attached: Default::default(),
            callbacks: super::callback::registered(started, at),
            nothing_owed: false,
            options: None,
            deleting: false,
            pause: None,
            requests_seen: Default::default(),
            requests_in_order: Default::default(),
            state_transitions: 1,
            worker: None,
            reset_points: Arc::new(started.prev_reset_points.clone()),
            signal_count: 0,
            buffered: Vec::new(),
            cancel_requested: None,
            memo: started.memo.clone(),
            search_attributes: started.search_attributes.clone(),
            started: Arc::new(started.clone()),
            session: Session::default(),
        }
    }

    /// What this run was asked to be: the basis of the run that follows it.
    pub fn as_request(&self) -> StartRequest {
        let started = &self.started;
        StartRequest {
            workflow_type: started.workflow_type.clone(),
            task_queue: started.task_queue.clone(),
            input: started.input.clone(),
            workflow_execution_timeout: started.workflow_execution_timeout,
            workflow_run_timeout: started.workflow_run_timeout,
            workflow_task_timeout: started.workflow_task_timeout,
            identity: started.identity.clone(),
            retry_policy: started.retry_policy.clone(),
            cron_schedule: started.cron_schedule.clone(),
            memo: self.memo.clone(),
            search_attributes: self.search_attributes.clone(),
            header: started.header.clone(),
            completion_callbacks: self.completion_callbacks(),
            priority: started.priority.clone(),
            versioning: started.versioning.clone(),
            blanks: started.blanks,
            ..StartRequest::default()
        }
    }
}
