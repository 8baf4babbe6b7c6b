//! Questions to the workflow's code. They ride on a workflow task where one waits or is out, and
//! are a task of their own otherwise; a host in this process answers at once. Follows
//! `service/history/api/queryworkflow/api.go`.

use steadfast_core::{
    Rejection, Timestamp,
    input::{WorkflowTask, WorkflowTaskRef},
    run::Status,
};

use super::{Arguments, Live};
use crate::{
    api::*,
    matching::{Handed, Match, QueueKey, Reference, TaskName},
    request::{Answer, Request, answer},
    trace,
};

/// A workflow task that failed so often is not waited for (`failQueryWorkflowTaskAttemptCount`).
const FAILING_ATTEMPT: i32 = 3;

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
    /// The cache holder was asked in vain.
    fallen_back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It waits for a workflow task to ride on.
    Buffered,
    /// It went along with the workflow task that is out.
    Riding,
    /// It is a task of its own, until the time at which it is offered again: the cache holder does
    /// not poll, or whoever took it died.
    Alone { until: Option<Timestamp>, handed: Handover },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handover {
    Offered,
    Handed,
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
        let mut riding = Vec::new();
        for waiting in &mut self.waiting {
            // What rode on a task before this one went down with it.
            match waiting.place {
                Place::Buffered | Place::Riding => waiting.place = Place::Riding,
                Place::Alone { .. } => continue,
            }
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

    /// Whoever took a question does not answer it: it is offered again.
    pub(super) fn given_back(&mut self, id: &str) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.id == id) {
            waiting.place = Place::Buffered;
        }
    }

    /// When the first question is to be offered again.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let alone = self.waiting.iter().filter_map(|waiting| match waiting.place {
            Place::Alone { until, .. } => until,
            Place::Buffered | Place::Riding => None,
        });
        alone.min()
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
        until: Timestamp,
        reply: Answer<QueryAnswer>,
    ) {
        let status = self.run.status;
        let not_clean = !status.is_open() && status != Status::Completed;
        if (query.reject_not_open && !status.is_open())
            || (query.reject_not_completed_cleanly && not_clean)
            || status == Status::Paused
        {
            return answer(reply, Ok(QueryAnswer::Rejected(status)));
        }
        if let Some(why) = self.cannot_be_asked(until) {
            return answer(reply, Err(Rejection::NotReady(why).into()));
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
        let place = Place::Buffered;
        self.queries.waiting.push(Waiting { id, query, reply, place, fallen_back: false });
        self.dispatch_queries(ctx);
    }

    /// Why there is no point in waiting for an answer.
    fn cannot_be_asked(&self, until: Timestamp) -> Option<&'static str> {
        let run = &self.run;
        if !run.status.is_open() && run.previous_started_event_id == 0 {
            return Some("Workflow execution closed before WorkflowTaskStarted event");
        }
        if run.first_task_not_before.is_some_and(|at| at > until) {
            return Some("Workflow task is not scheduled yet.");
        }
        let failing = run.pending_task().is_some_and(|task| task.attempt >= FAILING_ATTEMPT);
        failing.then_some("Unable to query workflow due to Workflow Task in failed state.")
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
        let (first, sticky) = self.query_queue(ctx);
        let own = QueueKey { task_queue: self.run.started.task_queue.clone(), ..first.clone() };
        let sticky = self.run.sticky.as_ref().filter(|_| sticky);
        let patience = sticky.map(|sticky| ctx.now() + sticky.schedule_to_start_timeout);
        let mut offers = Vec::new();
        for waiting in &mut self.queries.waiting {
            if !matches!(waiting.place, Place::Alone { .. }) {
                let (queue, until) =
                    if waiting.fallen_back { (&own, None) } else { (&first, patience) };
                waiting.place = Place::Alone { until, handed: Handover::Offered };
                offers.push((queue.clone(), waiting.id.clone()));
            }
        }
        for (queue, id) in offers {
            // A question is answered before any work is done.
            let (task, line) = (TaskName::Query { id }, 0);
            let reference = Reference { slot: ctx.slot.clone(), task, line };
            if let Some(found) = ctx.shared.matching.offer(queue, reference) {
                ctx.shared.hand_over(found);
            }
        }
    }

    /// Questions that nobody took, or whoever took them kept too long, are asked again: not of the
    /// cache holder.
    pub(super) fn ask_again(&mut self, ctx: &Arguments) {
        let now = ctx.now();
        if self.queries.next_deadline().is_none_or(|at| at > now) {
            return;
        }
        for waiting in &mut self.queries.waiting {
            if matches!(waiting.place, Place::Alone { until: Some(until), .. } if until <= now) {
                waiting.place = Place::Buffered;
                waiting.fallen_back = true;
            }
        }
        if self.run.sticky.is_some() && self.run.status.is_open() {
            let reset = Box::new(steadfast_core::Input::ResetSticky);
            drop(ctx.shared.push(&ctx.slot, Request::Input(reset, None)));
        }
        self.dispatch_queries(ctx);
    }

    /// The cache holder's queue while somebody polls it, else the run's own.
    fn query_queue(&self, ctx: &Arguments) -> (QueueKey, bool) {
        let namespace = self.run.key().namespace.clone();
        let (task_queue, sticky) = self.run.task_queue();
        let key = QueueKey { namespace, task_queue, kind: TaskKind::Workflow };
        if !sticky || ctx.shared.matching.is_alive(&key) {
            return (key, sticky);
        }
        (QueueKey { task_queue: self.run.started.task_queue.clone(), ..key }, false)
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
        let within = self.run.task_timeout();
        let waiting = self.queries.waiting.iter_mut().find(|waiting| waiting.id == id)?;
        if matches!(waiting.place, Place::Alone { handed: Handover::Handed, .. }) {
            return None;
        }
        waiting.place = Place::Alone { until: Some(ctx.now() + within), handed: Handover::Handed };
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
            priority: self.run.started.priority.clone(),
            hints: PollHints::default(),
        })))
    }
}
