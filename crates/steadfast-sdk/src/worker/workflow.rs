//! One workflow task: bring the run's code to where it was, go on, and answer.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Command, Event, EventId, RunKey, event::WorkflowTaskFailedCause};
use steadfast_protocol::message::{
    ApiVerb, Complete, Completed, Done, Fail, History, HistoryPage, QueryTask, Sticky,
    TaskQueryAnswer, TaskVerb, WorkflowTask,
};
use tokio::time::Instant;
use tracing::Instrument;

use super::Inner;
use crate::{
    activity::{ActivityInfo, Locals},
    error::Error,
    trace,
    workflow::{ActivateError, Activation, ApplicationError, Question, WorkflowInstance},
};

/// How long the answer to a task without a deadline is worth sending.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// Why a workflow task has no answer.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Request(#[from] Error),
    #[error(transparent)]
    Activate(#[from] ActivateError),
    #[error("{0}")]
    Unknown(String),
}

impl Inner {
    /// Processes one workflow task.
    pub(super) async fn run_workflow_task(&self, task: WorkflowTask) {
        let span = tracing::info_span!(
            "workflow_task",
            otel.kind = "consumer",
            namespace = %self.wire.namespace,
            workflow_id = %task.workflow_id,
            run_id = %task.run_id,
            task_queue = %self.task_queue,
            workflow_type = %task.workflow_type,
            attempt = task.attempt,
            traceparent = task.traceparent.as_deref(),
            trace_id = tracing::field::Empty,
        );
        trace::continue_trace(&span, task.traceparent.as_deref());
        self.process(task).instrument(span).await;
    }

    async fn process(&self, mut task: WorkflowTask) {
        let limit = Duration::from_millis(task.timeout_ms);
        let limit = if limit.is_zero() { ANSWER_PATIENCE } else { limit };
        let deadline = Instant::now() + limit;
        let run_id = task.run_id.clone();
        let answer = match self.activate(&mut task, deadline).await {
            Ok((instance, commands)) => {
                let queries = task.queries.iter().chain(&task.lone_query);
                let answers = queries.map(|query| answer(&instance, query)).collect();
                let keep = !instance.is_closed() && !self.stop_polling.is_cancelled();
                // The run's next task may come before the answer to this one's completion.
                if keep {
                    self.cache.put(run_id.clone(), instance);
                }
                let told = self.complete(&task, commands, answers, keep, deadline).await;
                if told.is_err() {
                    drop(self.cache.take(&run_id));
                }
                told
            }
            Err(error) => self.fail_task(&task, &error, deadline).await,
        };
        if let Err(error) = answer {
            // The engine offers the task again where that makes sense; this worker starts over
            // then.
            tracing::warn!(%error, "answer to workflow task was not accepted");
        }
    }

    /// The run's code, one task further.
    async fn activate(
        &self,
        task: &mut WorkflowTask,
        deadline: Instant,
    ) -> Result<(WorkflowInstance, Vec<Command>), TaskError> {
        let cached = self.cache.take(&task.run_id);
        let cached = cached.filter(|it| it.ran_task() == task.previous_started_event_id);
        let seen_through = cached.as_ref().map(WorkflowInstance::seen_through);
        let news = self.history(task, seen_through).await?;
        let instance = match cached {
            Some(instance) => instance,
            None => self.fresh(task)?,
        };
        match self.go_on(instance, news, task, deadline).await {
            Err(ActivateError::Gap { .. } | ActivateError::NoTask | ActivateError::Stale(_)) => {
                let whole = self.whole_history(task).await?;
                Ok(self.go_on(self.fresh(task)?, whole, task, deadline).await?)
            }
            result => Ok(result?),
        }
    }

    fn fresh(&self, task: &WorkflowTask) -> Result<WorkflowInstance, TaskError> {
        let name = task.workflow_type.as_str();
        let Some(definition) = self.workflows.get(name) else {
            let known: Vec<_> = self.workflows.names().collect();
            return Err(TaskError::Unknown(format!(
                "workflow type {name:?} is not known, this worker knows [{}]",
                known.join(", ")
            )));
        };
        let run = RunKey {
            namespace: self.wire.namespace.clone(),
            workflow_id: task.workflow_id.clone(),
            run_id: task.run_id.clone(),
        };
        Ok(WorkflowInstance::new(definition.clone(), run))
    }

    /// Runs the code, with its local activities, until it has commands.
    async fn go_on(
        &self,
        mut instance: WorkflowInstance,
        history: Vec<Arc<Event>>,
        task: &WorkflowTask,
        deadline: Instant,
    ) -> Result<(WorkflowInstance, Vec<Command>), ActivateError> {
        let live = task.lone_query.is_none();
        let updates = task.updates.clone();
        let progress = instance.activate(Activation { history, live, updates })?;
        let info = ActivityInfo {
            namespace: self.wire.namespace.clone(),
            workflow_id: task.workflow_id.clone(),
            run_id: task.run_id.clone(),
            workflow_type: task.workflow_type.clone(),
            task_queue: self.task_queue.clone(),
            traceparent: task.traceparent.clone(),
            ..ActivityInfo::default()
        };
        let locals = Locals { activities: &self.activities, info, deadline: Some(deadline) };
        let commands = locals.finish(&mut instance, progress).await?;
        Ok((instance, commands))
    }

    /// The events that the instance has not seen, and the task's own.
    async fn history(
        &self,
        task: &mut WorkflowTask,
        seen_through: Option<EventId>,
    ) -> Result<Vec<Arc<Event>>, Error> {
        let seen = seen_through.unwrap_or_default();
        let first = task.history.first().or(task.tail.first()).map(|event| event.id);
        if first.is_some_and(|first| first > seen + 1)
            || (first.is_none() && seen_through.is_none())
        {
            return self.whole_history(task).await;
        }
        let mut events: Vec<_> = std::mem::take(&mut task.history);
        if let Some(next) = task.next_event_id.take() {
            let until = task.tail.first().map_or(EventId::MAX, |event| event.id);
            self.read_pages(task, next, until, &mut events).await?;
        }
        events.extend(task.tail.iter().cloned());
        Ok(events.into_iter().map(Arc::new).collect())
    }

    /// All events, read from the engine, and the task's own.
    async fn whole_history(&self, task: &WorkflowTask) -> Result<Vec<Arc<Event>>, Error> {
        let until = task.tail.first().map_or(EventId::MAX, |event| event.id);
        let mut events = Vec::new();
        self.read_pages(task, 1, until, &mut events).await?;
        events.extend(task.tail.iter().cloned());
        Ok(events.into_iter().map(Arc::new).collect())
    }

    /// Reads the events from one on, up to and without another.
    async fn read_pages(
        &self,
        task: &WorkflowTask,
        from: EventId,
        until: EventId,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let mut from = from;
        while from < until {
            let request = History {
                namespace: self.wire.named_namespace(),
                workflow_id: task.workflow_id.clone(),
                run_id: task.run_id.clone(),
                from_event_id: from,
                ..History::default()
            };
            let page: HistoryPage = self.wire.api(ApiVerb::History, &request).await?;
            let Some(last) = page.events.last().map(|event| event.id) else {
                break;
            };
            events.extend(page.events.into_iter().filter(|event| event.id < until));
            from = last + 1;
            if page.next_event_id.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn complete(
        &self,
        task: &WorkflowTask,
        commands: Vec<Command>,
        query_answers: Vec<TaskQueryAnswer>,
        keep: bool,
        deadline: Instant,
    ) -> Result<(), Error> {
        let sticky = Sticky {
            task_queue: self.sticky_queue.clone(),
            schedule_to_start_timeout_ms: u64::try_from(self.options.sticky_timeout.as_millis())
                .unwrap_or(u64::MAX),
        };
        let keep = keep && self.options.cached_runs > 0 && task.lone_query.is_none();
        let complete = Complete {
            namespace: self.wire.named_namespace(),
            token: task.token.clone(),
            identity: self.wire.identity.clone(),
            commands,
            query_answers,
            sticky: keep.then_some(sticky),
            ..Complete::default()
        };
        self.wire.task::<_, Completed>(TaskVerb::Complete, &complete, deadline).await?;
        Ok(())
    }

    /// Says that the task could not be processed; a lone query gets that as its answer.
    async fn fail_task(
        &self,
        task: &WorkflowTask,
        error: &TaskError,
        deadline: Instant,
    ) -> Result<(), Error> {
        tracing::error!(%error, "workflow task failed");
        let unhandled = WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure;
        let plain =
            |kind: &str| (unhandled, ApplicationError::new(kind, error.to_string()).into_failure());
        let (cause, failure) = match error {
            TaskError::Activate(activate) => {
                activate.task_failure().unwrap_or_else(|| plain("HistoryUnusable"))
            }
            TaskError::Request(_) => plain("HistoryUnavailable"),
            TaskError::Unknown(_) => plain("UnknownWorkflow"),
        };
        let (namespace, token) = (self.wire.named_namespace(), task.token.clone());
        let identity = self.wire.identity.clone();
        if let Some(query) = &task.lone_query {
            let failure = Some(failure);
            let answer = TaskQueryAnswer { id: query.id.clone(), result: None, failure };
            let query_answers = vec![answer];
            let complete =
                Complete { namespace, token, identity, query_answers, ..Complete::default() };
            self.wire.task::<_, Completed>(TaskVerb::Complete, &complete, deadline).await?;
            return Ok(());
        }
        let fail = Fail { namespace, token, identity, failure, cause, ..Fail::default() };
        self.wire.task::<_, Done>(TaskVerb::Fail, &fail, deadline).await?;
        Ok(())
    }
}

fn answer(instance: &WorkflowInstance, query: &QueryTask) -> TaskQueryAnswer {
    let question =
        Question { id: query.id.clone(), name: query.name.clone(), args: query.args.clone() };
    let id = query.id.clone();
    match instance.query(&question) {
        Ok(result) => TaskQueryAnswer { id, result: Some(result), failure: None },
        Err(failure) => TaskQueryAnswer { id, result: None, failure: Some(*failure) },
    }
}
