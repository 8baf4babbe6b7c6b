//! Workflow code in this process goes on within the decision: its task's start, its completion and
//! what led to it become one record.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use steadfast_core::{
    Command, Event, EventId, Failure, Identity, Input, RequestId, Run,
    event::WorkflowTaskFailedCause,
    input::{
        CompleteWorkflowTask, FailWorkflowTask, Reply, StartWorkflowTask, WorkflowTask,
        WorkflowTaskRef,
    },
    run::Status,
};

use super::{Arguments, Hosted, Live, after::After, draft::Draft};
use crate::{
    api::{Query, QueryAnswer, TaskFailure},
    embedded::{Activated, Activation, WorkflowHost},
    request::{Answer, answer},
    supervise::RunFailure,
};

/// Who answers workflow tasks inside the engine.
const IDENTITY: &str = "steadfast-embedded";

impl Live {
    /// Sees to it that the events which the host has not seen are in memory: deciding cannot wait.
    pub(super) async fn prepare_host(&mut self, ctx: &Arguments) -> Result<(), RunFailure> {
        if self.host.is_none()
            && let Some(host) = ctx.shared.hosts.workflow_host(&self.run)
        {
            self.host = Some(Hosted { host, slot: ctx.slot.clone() });
        }
        let Some(hosted) = &self.host else {
            return Ok(());
        };
        let from = hosted.host.cached_through(self.run.key()) + 1;
        if from >= self.events.first() {
            return Ok(());
        }
        let last = self.run.next_event_id - 1;
        let Some(events) = self.events_through(ctx, 1, last).await else {
            return Err(RunFailure::Unreachable("the history cannot be read".to_owned()));
        };
        self.events.replace(1, events);
        Ok(())
    }

    /// Lets the host go on for as long as there is something for it to do.
    pub(super) fn activate_host(&mut self, ctx: &Arguments, draft: &mut Draft<'_>) {
        let Some(hosted) = &self.host else { return };
        let host = hosted.host.clone();
        for _ in 0..ctx.shared.config.embedded_rounds_max.max(1) {
            let Some((scheduled_event_id, attempt)) = waiting_task(&draft.transition.run, ctx)
            else {
                return;
            };
            let start = StartWorkflowTask {
                scheduled_event_id,
                attempt,
                request_id: RequestId::new(ctx.shared.world.entropy.uuid()),
                identity: Identity::new(IDENTITY),
            };
            let started = draft.transition.feed(Input::StartWorkflowTask(start));
            let Ok(Reply::WorkflowTask(task)) = started else {
                return;
            };
            draft.forget_offers();
            self.activate(host.as_ref(), draft, *task);
        }
    }

    fn activate(&self, host: &dyn WorkflowHost, draft: &mut Draft<'_>, task: WorkflowTask) {
        let key = self.run.key();
        let from = host.cached_through(key) + 1;
        let Some(history) = self.history_with(draft, &task, from) else {
            return;
        };
        let task_ref = task.task.clone();
        let activation = Activation {
            run: key.clone(),
            workflow_type: self.run.started.workflow_type.clone(),
            from_event_id: from,
            history,
            previous_started_event_id: task.previous_started_event_id,
            started_event_id: task.task.started_event_id,
            updates: task.updates,
        };
        let input = match contain(|| host.activate(activation)) {
            Ok(Activated::Commands(commands)) => {
                Input::CompleteWorkflowTask(Box::new(completed(task_ref, commands)))
            }
            Ok(Activated::Failed(failure)) => failed(task_ref, *failure),
            Ok(Activated::Later(work)) => {
                draft.after.push(After::Work(task_ref, work));
                return;
            }
            Err(panic) => failed(task_ref, *panic),
        };
        let is_failure = matches!(input, Input::FailWorkflowTask(_));
        if draft.transition.feed(input).is_err() || is_failure {
            host.evict(key);
        }
    }

    /// Durable events, those of the draft, and the task's own.
    fn history_with(
        &self,
        draft: &Draft<'_>,
        task: &WorkflowTask,
        from: EventId,
    ) -> Option<Vec<Arc<Event>>> {
        let mut events = self.events.from(from.min(self.run.next_event_id))?;
        let drafted = draft.transition.record.events().chain(&task.tail);
        let drafted = drafted.filter(|event| event.id >= from);
        events.extend(drafted.map(|event| Arc::new(event.clone())));
        Some(events)
    }

    /// The host answers a question from the state as it is.
    pub(super) async fn query_host(
        &mut self,
        ctx: &Arguments,
        query: Query,
        reply: Answer<QueryAnswer>,
    ) {
        if self.prepare_host(ctx).await.is_err() {
            let error = crate::EngineError::Unavailable("the log does not answer".to_owned());
            return answer(reply, Err(error));
        }
        let Some(hosted) = &self.host else { return };
        let key = self.run.key().clone();
        let from = hosted.host.cached_through(&key) + 1;
        let activation = Activation {
            run: key,
            workflow_type: self.run.started.workflow_type.clone(),
            from_event_id: from,
            history: self.events.from(from).unwrap_or_default(),
            previous_started_event_id: self.run.previous_started_event_id,
            started_event_id: self.run.previous_started_event_id,
            updates: Vec::new(),
        };
        let result = contain(|| hosted.host.query(activation, &query));
        let result = result.unwrap_or_else(|panic| {
            QueryAnswer::Failed(Box::new(panic.failure.unwrap_or_default()))
        });
        answer(reply, Ok(result));
    }
}

impl Draft<'_> {
    /// The workflow task is done here: nobody else needs to know of it.
    pub(super) fn forget_offers(&mut self) {
        let is_offer = |effect: &steadfast_core::Effect| {
            matches!(effect, steadfast_core::Effect::OfferWorkflowTask { .. })
        };
        self.transition.effects.retain(|effect| !is_offer(effect));
    }
}

/// The task that waits and may start now.
fn waiting_task(run: &Run, ctx: &Arguments) -> Option<(EventId, i32)> {
    let pending = run.pending_task()?;
    let may_start = run.status == Status::Running
        && run.session.task_out.is_none()
        && pending.not_before <= ctx.now().max(run.last_at);
    may_start.then_some((pending.scheduled_event_id, pending.attempt))
}

/// The host's answer to a workflow task.
pub(super) fn completed(task: WorkflowTaskRef, commands: Vec<Command>) -> CompleteWorkflowTask {
    CompleteWorkflowTask {
        task,
        commands,
        identity: Identity::new(IDENTITY),
        sticky: None,
        force_new_task: false,
        sdk_metadata: None,
        metering_metadata: None,
        worker: None,
        binary_checksum: String::new(),
        eager_activities: false,
        next_task: None,
        refused: None,
    }
}

/// The host's failure to process a workflow task.
pub(super) fn failed(task: WorkflowTaskRef, failure: TaskFailure) -> Input {
    let TaskFailure { cause, failure, identity } = failure;
    Input::FailWorkflowTask(Box::new(FailWorkflowTask { task, cause, failure, identity }))
}

/// Runs workflow code: its panic is a failed workflow task, not the end of the run's actor.
fn contain<T>(code: impl FnOnce() -> T) -> Result<T, Box<TaskFailure>> {
    std::panic::catch_unwind(AssertUnwindSafe(code)).map_err(panicked)
}

/// What a panic of workflow code means.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Box<TaskFailure> {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = text.unwrap_or_else(|| "workflow code panicked".to_owned());
    Box::new(TaskFailure {
        cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
        failure: Some(Failure::application("Panic", message)),
        identity: Identity::new(IDENTITY),
    })
}
