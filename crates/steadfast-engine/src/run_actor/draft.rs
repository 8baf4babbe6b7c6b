//! Deciding: a batch of requests becomes one transition. Synchronous, and nothing leaves.

use std::sync::Arc;

use steadfast_core::{
    Effect, EventId, Input, Record, Rejection, Run, TaskQueue, Transition,
    input::{Reply, StartActivity, StartWorkflowTask, WorkflowTask},
};

use super::{
    Arguments, Live,
    after::{After, Taken},
};
use crate::{
    api::{EngineError, TaskKind},
    matching::{Match, QueueKey, Reference, TaskName},
    request::{Companion, Opened, Request, answer},
    slot::Batch,
};

/// What was decided, before it is durable.
pub(super) struct Decided {
    pub(super) run: Run,
    pub(super) record: Arc<Record>,
    pub(super) effects: Vec<Effect>,
    pub(super) after: Vec<After>,
}

/// A transition and what is to be said when it is durable.
pub(super) struct Draft<'a> {
    pub(super) transition: Transition<'a>,
    pub(super) after: Vec<After>,
    /// Messages that the closed run still owes.
    owed: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(transition: Transition<'a>) -> Self {
        Self { transition, after: Vec::new(), owed: 0 }
    }

    /// A closed run is reset only when it owes nothing else: what it owes then is the reset.
    fn must_wait(&self, input: &Input) -> bool {
        let is_closed = !self.transition.run.status.is_open();
        matches!(input, Input::Reset(_)) && is_closed && self.owed > 0
    }

    pub(super) fn finish(self) -> Decided {
        let Transition { run, record, effects, .. } = self.transition;
        Decided { run, record: Arc::new(record), effects, after: self.after }
    }

    /// Feeds one request.
    pub(super) fn feed(&mut self, ctx: &Arguments, request: Request) {
        match request {
            Request::Open(open) => {
                // The slot is the run's own: whoever opens it again wants this very run.
                answer(open.answer, Ok(Opened::AlreadyThere));
            }
            Request::Input(input, Some(reply)) if self.must_wait(&input) => {
                // What it owes comes first: the caller asks again.
                answer(reply, Err(EngineError::Unavailable("the run is closing".to_owned())));
            }
            Request::Input(input, reply) => {
                let result = self.transition.feed(*input);
                self.after.push(After::Reply(reply, result));
            }
            Request::Complete(input, answers, reply) => {
                let result = self.transition.feed(Input::CompleteWorkflowTask(input));
                self.after.push(After::Completed(answers, reply, result));
            }
            Request::Update(request, wait, reply) => {
                let update_id = request.update_id.clone();
                let result = self.transition.feed(Input::AdmitUpdate(request));
                self.after.push(After::Update(update_id, wait, reply, result));
            }
            Request::Take(found) => self.take(ctx, found),
            Request::GiveBack(token, TaskKind::Workflow) => {
                self.transition.return_workflow_task(&token.request_id);
                self.after.push(After::AskAgain(token));
            }
            Request::GiveBack(token, TaskKind::Activity) => {
                self.after.push(After::OfferAgain(token));
            }
            // No run has any.
            Request::GiveBack(_, TaskKind::Nexus) => {}
            Request::CalledBack(mut report) => {
                report.nothing_owed = self.owed == 0;
                // Rejected never; a repeat changes nothing.
                drop(self.transition.feed(Input::CalledBack(*report)));
            }
            Request::Answered(answered) => {
                if let Some(input) = answered.input {
                    // Rejected means that it was answered for before.
                    drop(self.transition.feed(input));
                }
                self.after.push(After::Delivered);
            }
            Request::Read(read) => self.after.push(After::Read(read)),
        }
    }

    /// An update that comes into being with the run: when it is refused, so is the start.
    pub(super) fn feed_companion(&mut self, update: Companion) -> Result<(), Rejection> {
        let Companion { request, wait, answer: reply } = update;
        let update_id = request.update_id.clone();
        let result = self.transition.feed(Input::AdmitUpdate(request));
        if let Err(rejection) = &result {
            answer(reply, Err(rejection.clone().into()));
            return Err(rejection.clone());
        }
        self.after.push(After::Update(update_id, wait, reply, result));
        Ok(())
    }

    /// The first workflow task goes to the client that starts the run, if it asked for that: like a
    /// poll's, its start is volatile, and after a crash the task is offered to everybody.
    pub(super) fn first_task_at_once(&mut self) -> Option<Box<WorkflowTask>> {
        let run = &self.transition.run;
        let pending = run.pending_task().filter(|_| run.started.eager_execution_accepted)?;
        let input = StartWorkflowTask {
            scheduled_event_id: pending.scheduled_event_id,
            attempt: pending.attempt,
            request_id: run.opened.request_id.clone(),
            identity: run.started.identity.clone(),
        };
        let Ok(Reply::WorkflowTask(task)) = self.transition.feed(Input::StartWorkflowTask(input))
        else {
            return None;
        };
        self.forget_offers();
        Some(task)
    }

    fn take(&mut self, ctx: &Arguments, found: Box<Match>) {
        if found.poller.hand.is_closed() {
            let Match { queue, reference, .. } = *found;
            if let Some(found) = ctx.shared.matching.offer(queue, reference) {
                self.take(ctx, Box::new(found));
            }
            return;
        }
        let (identity, poll) = (found.poller.identity.clone(), found.poller.request_id.clone());
        let taken = match &found.reference.task {
            TaskName::Workflow { scheduled_event_id, attempt } => {
                let input = StartWorkflowTask {
                    scheduled_event_id: *scheduled_event_id,
                    attempt: *attempt,
                    request_id: poll,
                    identity,
                };
                Taken::from(self.transition.feed(Input::StartWorkflowTask(input)))
            }
            // It moved to another queue since it was offered here.
            TaskName::Activity { scheduled_event_id, .. }
                if !self.offers_on(*scheduled_event_id, &found.queue.task_queue) =>
            {
                Taken::Stale
            }
            TaskName::Activity { scheduled_event_id, attempt, started_by } => {
                let input = StartActivity {
                    scheduled_event_id: *scheduled_event_id,
                    attempt: *attempt,
                    request_id: started_by.clone().unwrap_or(poll),
                    identity,
                };
                Taken::from(self.transition.feed(Input::StartActivity(input)))
            }
            TaskName::Query { id } => Taken::Query(id.clone()),
        };
        self.after.push(After::Take(found, taken));
    }

    fn offers_on(&self, scheduled_event_id: EventId, task_queue: &TaskQueue) -> bool {
        let activity = self.transition.run.activities.get(&scheduled_event_id);
        activity.is_some_and(|activity| activity.scheduled.task_queue == *task_queue)
    }

    /// Where a poll waits already for an activity that this transition offers, the attempt's start
    /// goes into the same record.
    pub(super) fn reserve(&mut self, ctx: &Arguments) {
        let offers = std::mem::take(&mut self.transition.effects);
        let mut kept = Vec::with_capacity(offers.len());
        for effect in offers {
            let Some((queue, task, line)) = activity_offer(&self.transition.run, &effect) else {
                kept.push(effect);
                continue;
            };
            match ctx.shared.matching.reserve(&queue) {
                Some(poller) => {
                    let reference = Reference { slot: ctx.slot.clone(), task, line };
                    self.take(ctx, Box::new(Match { queue, reference, poller }));
                }
                None => kept.push(effect),
            }
        }
        kept.append(&mut self.transition.effects);
        self.transition.effects = kept;
    }
}

fn activity_offer(run: &Run, effect: &Effect) -> Option<(QueueKey, TaskName, usize)> {
    let Effect::OfferActivity { task_queue, scheduled_event_id, attempt, line } = effect else {
        return None;
    };
    // An offer that the same transition took back is not for anybody.
    run.activities.get(scheduled_event_id)?;
    let queue = QueueKey {
        namespace: run.key().namespace.clone(),
        task_queue: task_queue.clone(),
        kind: TaskKind::Activity,
    };
    let (scheduled_event_id, attempt) = (*scheduled_event_id, *attempt);
    Some((queue, TaskName::Activity { scheduled_event_id, attempt, started_by: None }, *line))
}

impl From<Result<Reply, Rejection>> for Taken {
    fn from(result: Result<Reply, Rejection>) -> Self {
        match result {
            Ok(Reply::WorkflowTask(task)) => Self::Workflow(task),
            Ok(Reply::Activity(task)) => Self::Activity(task),
            Ok(
                Reply::Done
                | Reply::Duplicate
                | Reply::WorkflowTaskCompleted { .. }
                | Reply::Heartbeat(_)
                | Reply::ActivityOptions(_)
                | Reply::Update(_),
            )
            | Err(_) => Self::Stale,
        }
    }
}

impl Live {
    /// Decides about everything in the batch at once.
    pub(super) fn decide(&mut self, ctx: &Arguments, batch: Batch) -> Decided {
        let now = ctx.now();
        let base = self.run.clone();
        let limits = &ctx.shared.config.limits;
        let mut draft = Draft::new(Transition::new(&base, limits, now));
        draft.owed = self.owed;
        if self.deadline(&base).is_some_and(|at| at <= now) {
            let ticked = draft.transition.feed(Input::Tick);
            draft.after.push(After::Reply(None, ticked));
        }
        for request in batch.requests {
            draft.feed(ctx, request);
        }
        self.extend(ctx, &mut draft);
        draft.finish()
    }

    /// Goes further in the same transition where nobody outside has to be waited for.
    pub(super) fn extend(&mut self, ctx: &Arguments, draft: &mut Draft<'_>) {
        self.activate_host(ctx, draft);
        draft.reserve(ctx);
    }
}
