//! What is said once a transition is durable: replies, tasks for polls, answers of queries.

use futures::future::BoxFuture;
use steadfast_core::{
    Input, Rejection, UpdateId,
    event::WorkflowTaskFailedCause,
    failure::Failure,
    input::{ActivityTask, FailWorkflowTask, Reply, WorkflowTask, WorkflowTaskRef},
    limits::LimitError,
};

use super::{Arguments, Live};
use crate::{
    api::*,
    embedded::Activated,
    matching::{Handed, Match, QueueKey, Reference, TaskName},
    request::{Answer, Read, Request, answer},
    supervise::RunFailure,
    trace,
};

/// One thing to say.
pub(super) enum After {
    /// The reply to an input, if somebody waits for it.
    Reply(Option<Answer<Reply>>, Result<Reply, Rejection>),
    /// The reply to a workflow task's answer, and the queries it answered.
    Completed(QueryAnswers, Answer<Completed>, Result<Reply, Rejection>),
    /// An update's stage, now or later.
    Update(UpdateId, UpdateWait, Answer<UpdateAnswer>, Result<Reply, Rejection>),
    /// A poll gets its task, or goes on.
    Take(Box<Match>, Taken),
    /// An attempt that was started for a poll that went away.
    OfferAgain(Box<TaskToken>),
    /// A poll that went away had perhaps a question.
    AskAgain(Box<TaskToken>),
    /// A closed run's message was answered for.
    Delivered,
    /// A question about the new state.
    Read(Read),
    /// The code in this process waits for work that may begin now.
    Work(WorkflowTaskRef, BoxFuture<'static, Activated>),
}

/// What a poll gets.
pub(super) enum Taken {
    Workflow(Box<WorkflowTask>),
    Activity(Box<ActivityTask>),
    Query(String),
    /// The reference was stale: the poll goes on.
    Stale,
}

impl Live {
    pub(super) async fn settle_after(&mut self, ctx: &Arguments, after: After) {
        match after {
            After::Reply(Some(reply), result) => {
                answer(reply, result.map_err(|rejection| self.refusal(rejection)));
            }
            After::Reply(None, _) => {}
            After::Completed(answers, reply, result) => {
                if result.is_ok() {
                    ctx.shared.metrics.tasks_completed.add(1, &[]);
                    self.queries.answer_all(answers);
                }
                self.queries.task_ended();
                self.completed(ctx, reply, result).await;
            }
            After::Update(update_id, wait, reply, result) => match result {
                Ok(_) if self.run.update_state(&update_id).is_some() => {
                    self.wait_update(ctx, update_id, wait, reply);
                }
                // Refused by code in this process, in this very turn: the effects say why.
                Ok(_) => self.await_effect(ctx, update_id, wait, reply),
                Err(rejection) => answer(reply, Err(rejection.into())),
            },
            After::Take(found, taken) => self.hand(ctx, found, taken).await,
            After::OfferAgain(token) => self.offer_again(ctx, &token),
            After::AskAgain(token) => self.queries.given_back(token.request_id.as_str()),
            After::Delivered => self.owed = self.owed.saturating_sub(1),
            After::Read(read) => self.read(ctx, read).await,
            After::Work(task, work) => self.begin_work(ctx, task, work),
        }
    }

    /// A workflow task's answer is durable: its worker hears so, and gets what comes along.
    async fn completed(
        &mut self,
        ctx: &Arguments,
        reply: Answer<Completed>,
        result: Result<Reply, Rejection>,
    ) {
        let mut completed = Completed::default();
        match result {
            Ok(Reply::WorkflowTaskCompleted { new_task, eager, next, dropped_after }) => {
                completed.new_task = new_task;
                completed.dropped_after = dropped_after;
                for task in eager {
                    let started_by = self.activity_started_by(&task);
                    completed.eager.push(self.polled_activity(ctx, task, started_by));
                }
                if let Some(next) = next {
                    completed.next = self.polled_workflow_task(ctx, *next).await;
                }
            }
            Ok(_) => {}
            Err(rejection) => return answer(reply, Err(rejection.into())),
        }
        let started = completed.eager.len() + usize::from(completed.next.is_some());
        ctx.shared.metrics.tasks_started.add(started as u64, &[]);
        if let Err(Ok(undelivered)) = reply.send(Ok(completed)) {
            undelivered.give_back(&ctx.shared);
        }
    }

    /// What is refused because a run closed to be reset is for the run that comes.
    fn refusal(&self, rejection: Rejection) -> EngineError {
        let under_way = self.owed > 0 && self.run.reset_to.is_some();
        if under_way && matches!(rejection, Rejection::Closed | Rejection::WasReset { .. }) {
            return EngineError::Unavailable("the run is being reset".to_owned());
        }
        rejection.into()
    }

    async fn hand(&mut self, ctx: &Arguments, found: Box<Match>, taken: Taken) {
        let handed = match taken {
            Taken::Workflow(task) => {
                self.polled_workflow_task(ctx, *task).await.map(Handed::Workflow)
            }
            Taken::Activity(task) => {
                let started_by = self.activity_started_by(&task);
                Some(Handed::Activity(Box::new(self.polled_activity(ctx, *task, started_by))))
            }
            Taken::Query(id) => self.polled_query(ctx, &id, &found).await,
            Taken::Stale => None,
        };
        let Match { queue, poller, .. } = *found;
        let Some(handed) = handed else {
            if let Some(next) = ctx.shared.matching.again(&queue, poller) {
                ctx.shared.hand_over(next);
            }
            return;
        };
        ctx.shared.metrics.tasks_started.add(1, &[]);
        if let Err(handed) = poller.hand.send(handed) {
            crate::matching::give_back(&ctx.shared, handed);
        }
    }

    fn activity_started_by(&self, task: &ActivityTask) -> steadfast_core::RequestId {
        let activity = self.run.activities.get(&task.scheduled_event_id);
        let started = activity.and_then(|activity| activity.started.as_ref());
        started.map(|started| started.request_id.clone()).unwrap_or_default()
    }

    fn polled_activity(
        &self,
        ctx: &Arguments,
        task: ActivityTask,
        request_id: steadfast_core::RequestId,
    ) -> PolledActivityTask {
        let (scheduled, attempt) = (task.scheduled_event_id, task.attempt);
        let spans = &ctx.shared.spans;
        let traceparent = spans.of_task(&self.run, trace::Task::Activity, scheduled, attempt);
        PolledActivityTask {
            token: TaskToken {
                run: self.run.key().clone(),
                scheduled_event_id: task.scheduled_event_id,
                attempt: task.attempt,
                started_event_id: 0,
                request_id,
            },
            run: self.run.key().clone(),
            traceparent: Some(traceparent),
            task,
            hints: PollHints::default(),
        }
    }

    pub(super) async fn polled_workflow_task(
        &mut self,
        ctx: &Arguments,
        task: WorkflowTask,
    ) -> Option<Box<PolledWorkflowTask>> {
        let (scheduled_at, started_at) = match &self.run.session.task_out {
            Some(out) if out.task == task.task => (out.scheduled_at, out.started_at),
            // The same batch ended it already.
            Some(_) | None => return None,
        };
        let from = if task.sticky { task.previous_started_event_id + 1 } else { 1 };
        let Some(history) = self.events_through(ctx, from, task.last_written_event_id).await else {
            self.cannot_read();
            return None;
        };
        let waited = started_at.since(scheduled_at).0 as f64 / 1e9;
        ctx.shared.metrics.schedule_to_start_seconds.record(waited, &[]);
        let (scheduled, attempt) = (task.task.scheduled_event_id, task.task.attempt);
        let spans = &ctx.shared.spans;
        let traceparent = spans.of_task(&self.run, trace::Task::Workflow, scheduled, attempt);
        let key = self.run.key().clone();
        let token = TaskToken {
            run: key.clone(),
            scheduled_event_id: task.task.scheduled_event_id,
            attempt: task.task.attempt,
            started_event_id: task.task.started_event_id,
            request_id: task.task.request_id.clone(),
        };
        Some(Box::new(PolledWorkflowTask {
            token,
            run: key,
            workflow_type: self.run.started.workflow_type.clone(),
            task_queue: self.run.started.task_queue.clone(),
            history,
            queries: self.queries.ride(),
            lone_query: None,
            traceparent: Some(traceparent),
            scheduled_at,
            started_at,
            priority: self.run.started.priority.clone(),
            hints: PollHints::default(),
            task,
        }))
    }

    /// The log does not answer, so a task that was taken cannot be handed over. The actor ends
    /// when it has said everything else, and whoever follows it offers the task again.
    pub(super) fn cannot_read(&mut self) {
        let reason = "the history cannot be read".to_owned();
        self.failure = Some(RunFailure::Unreachable(reason));
    }

    /// An attempt is started, but nobody has it: the next poll gets it as it is.
    fn offer_again(&self, ctx: &Arguments, token: &TaskToken) {
        let Some(activity) = self.run.activities.get(&token.scheduled_event_id) else {
            return;
        };
        let holds = activity.started.as_ref().is_some_and(|s| s.request_id == token.request_id);
        if activity.attempt != token.attempt || !holds {
            return;
        }
        let queue = QueueKey {
            namespace: self.run.key().namespace.clone(),
            task_queue: activity.scheduled.task_queue.clone(),
            kind: TaskKind::Activity,
        };
        let task = TaskName::Activity {
            scheduled_event_id: token.scheduled_event_id,
            attempt: token.attempt,
            started_by: Some(token.request_id.clone()),
        };
        let line = self.run.activity_line(activity);
        let reference = Reference { slot: ctx.slot.clone(), task, line };
        if let Some(found) = ctx.shared.matching.offer(queue, reference) {
            ctx.shared.hand_over(found);
        }
    }
}

impl Live {
    /// The record cannot be written: everybody hears why, and a workflow task fails for it.
    pub(super) fn refuse_too_large(
        &self,
        ctx: &Arguments,
        after: Vec<After>,
        bytes: usize,
        max: usize,
    ) {
        let error = || {
            let limit = LimitError::PayloadTooLarge { field: "record", bytes, max };
            EngineError::Rejected(Rejection::Limit(limit))
        };
        for after in after {
            match after {
                After::Reply(Some(reply), _) => answer(reply, Err(error())),
                After::Completed(_, reply, _) => {
                    answer(reply, Err(error()));
                    self.fail_task_that_is_out(ctx, &error());
                }
                After::Update(_, _, reply, _) => answer(reply, Err(error())),
                After::Read(read) => Request::Read(read).refuse(error()),
                After::Take(found, _) => {
                    let Match { queue, poller, .. } = *found;
                    if let Some(next) = ctx.shared.matching.again(&queue, poller) {
                        ctx.shared.hand_over(next);
                    }
                }
                After::Reply(None, _)
                | After::OfferAgain(_)
                | After::AskAgain(_)
                | After::Delivered
                | After::Work(..) => {}
            }
        }
    }

    fn fail_task_that_is_out(&self, ctx: &Arguments, error: &EngineError) {
        let Some(out) = &self.run.session.task_out else {
            return;
        };
        let input = FailWorkflowTask {
            task: out.task.clone(),
            cause: WorkflowTaskFailedCause::GrpcMessageTooLarge,
            failure: Some(Failure::server(error.to_string())),
            identity: out.identity.clone(),
        };
        let request = Request::Input(Box::new(Input::FailWorkflowTask(Box::new(input))), None);
        drop(ctx.shared.push(&ctx.slot, request));
    }
}
