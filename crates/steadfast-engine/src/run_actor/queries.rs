//! Questions to the workflow's code. They ride on a workflow task where one waits or is out, and
//! are a task of their own otherwise; a host in this process answers at once.

use steadfast_core::{
    input::{WorkflowTask, WorkflowTaskRef},
    run::Status,
};

use super::{Arguments, Live};
use crate::{
    api::*,
    matching::{Handed, Match, QueueKey, Reference, TaskKind, TaskName},
    request::{Answer, answer},
    trace,
};

/// The questions that wait at one run.
#[derive(Default)]
pub(super) struct Queries {
    waiting: Vec<Waiting>,
    next_id: u64,
}

struct Waiting {
    id: String,
    query: Query,
    reply: Answer<QueryAnswer>,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It waits for a workflow task to ride on.
    Buffered,
    /// It went along with the workflow task that is out.
    Riding,
    /// It is a task of its own.
    Alone,
}

impl Queries {
    /// Whether any question waits; forgets those whose asker went away.
    pub(super) fn is_empty(&mut self) -> bool {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        self.waiting.is_empty()
    }

    /// The questions that go along with a workflow task.
    pub(super) fn ride(&mut self) -> Vec<QueryTask> {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        let buffered = self.waiting.iter_mut().filter(|waiting| waiting.place == Place::Buffered);
        let mut riding = Vec::new();
        for waiting in buffered {
            waiting.place = Place::Riding;
            riding.push(QueryTask { id: waiting.id.clone(), query: waiting.query.clone() });
        }
        riding
    }

    /// Answers what a worker sent along with its workflow task.
    pub(super) fn answer_all(&mut self, answers: QueryAnswers) {
        for (id, result) in answers {
            self.answer(&id, result);
        }
    }

    /// Answers one question; false when nobody asks it (any more).
    pub(super) fn answer(&mut self, id: &str, result: QueryAnswer) -> bool {
        let Some(at) = self.waiting.iter().position(|waiting| waiting.id == id) else {
            return false;
        };
        answer(self.waiting.swap_remove(at).reply, Ok(result));
        true
    }

    /// A workflow task ended: questions it did not answer wait again.
    pub(super) fn task_ended(&mut self) {
        for waiting in &mut self.waiting {
            if waiting.place == Place::Riding {
                waiting.place = Place::Buffered;
            }
        }
    }
}

impl Live {
    /// A question arrives.
    pub(super) async fn query(
        &mut self,
        ctx: &Arguments,
        query: Query,
        reply: Answer<QueryAnswer>,
    ) {
        let status = self.run.status;
        let not_clean = !status.is_open() && status != Status::Completed;
        if (query.reject_not_open && !status.is_open())
            || (query.reject_not_completed_cleanly && not_clean)
        {
            return answer(reply, Ok(QueryAnswer::Rejected(status)));
        }
        let max = ctx.shared.config.queries_max;
        if !self.queries.is_empty() && self.queries.waiting.len() >= max {
            let what = "the run's queries";
            return answer(reply, Err(EngineError::Exhausted { what, max }));
        }
        if self.host.is_some() {
            return self.query_host(ctx, query, reply).await;
        }
        self.queries.next_id += 1;
        let id = format!("q{}-{}", self.queries.next_id, ctx.shared.world.entropy.uuid());
        self.queries.waiting.push(Waiting { id, query, reply, place: Place::Buffered });
        self.dispatch_queries(ctx);
    }

    /// Questions that no workflow task will take along become tasks of their own.
    pub(super) fn dispatch_queries(&mut self, ctx: &Arguments) {
        if self.queries.waiting.is_empty() {
            return;
        }
        let task_comes = self.run.status.is_open()
            && (self.run.pending_task().is_some()
                || self.run.session.task_out.is_some()
                || self.run.previous_started_event_id == 0);
        if task_comes {
            return;
        }
        let queue = self.query_queue(ctx);
        let mut offers = Vec::new();
        for waiting in &mut self.queries.waiting {
            if waiting.place != Place::Alone {
                waiting.place = Place::Alone;
                offers.push(waiting.id.clone());
            }
        }
        for id in offers {
            let reference = Reference { slot: ctx.slot.clone(), task: TaskName::Query { id } };
            if let Some(found) = ctx.shared.matching.offer(queue.clone(), reference) {
                ctx.shared.hand_over(found);
            }
        }
    }

    /// The cache holder's queue while somebody polls it, else the run's own.
    fn query_queue(&self, ctx: &Arguments) -> QueueKey {
        let namespace = self.run.key().namespace.clone();
        let (task_queue, sticky) = self.run.task_queue();
        let key = QueueKey { namespace, task_queue, kind: TaskKind::Workflow };
        if !sticky || ctx.shared.matching.is_alive(&key) {
            return key;
        }
        QueueKey { task_queue: self.run.started.task_queue.clone(), ..key }
    }

    /// A poll gets a question as a task of its own.
    pub(super) async fn polled_query(
        &mut self,
        ctx: &Arguments,
        id: &str,
        found: &Match,
    ) -> Option<Handed> {
        if self.queries.is_empty() {
            return None;
        }
        let waiting = self.queries.waiting.iter().find(|waiting| waiting.id == id)?;
        let lone = QueryTask { id: id.to_owned(), query: waiting.query.clone() };
        let sticky = self.run.sticky.as_ref();
        let sticky = sticky.is_some_and(|sticky| sticky.task_queue == found.queue.task_queue);
        let last = self.run.next_event_id - 1;
        let from = if sticky { self.run.previous_started_event_id + 1 } else { 1 };
        let Some(history) = self.events_through(ctx, from, last).await else {
            self.cannot_read();
            return None;
        };
        let key = self.run.key().clone();
        let request_id = steadfast_core::RequestId::new(id);
        let task = WorkflowTaskRef {
            scheduled_event_id: 0,
            started_event_id: 0,
            attempt: 1,
            request_id: request_id.clone(),
        };
        let token = TaskToken {
            run: key.clone(),
            scheduled_event_id: 0,
            attempt: 1,
            started_event_id: 0,
            request_id,
        };
        let now = ctx.now();
        Some(Handed::Workflow(Box::new(PolledWorkflowTask {
            token,
            run: key,
            workflow_type: self.run.started.workflow_type.clone(),
            task_queue: self.run.started.task_queue.clone(),
            task: WorkflowTask {
                task,
                previous_started_event_id: self.run.previous_started_event_id,
                tail: Vec::new(),
                last_written_event_id: last,
                updates: Vec::new(),
                timeout: self.run.task_timeout(),
                sticky,
            },
            history,
            queries: Vec::new(),
            lone_query: Some(lone),
            traceparent: Some(trace::traceparent(&self.run)),
            scheduled_at: now,
            started_at: now,
        })))
    }
}
