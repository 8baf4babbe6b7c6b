//! The test kit: one run in a scripted world, whose history and effects read as text.
//!
//! After every input the world checks that replaying the records gives the live state (DUR-2). A
//! refused input leaves no trace, except a bad completion, which fails its workflow task.

mod render;

use crate::{
    Command, Effect, Event, Input, Record, Rejection, Run, RunKey, Span, Timestamp, Transition,
    UpdateId,
    effect::OutboundMessage,
    event::{UpdateRequest, WorkerVersion, WorkflowTaskFailedCause},
    input::{
        CompleteWorkflowTask, FailWorkflowTask, Reply, Signal, Start, StartActivity,
        StartWorkflowTask, Sticky, WorkflowTask, WorkflowTaskRef,
    },
    invariant,
    limits::Limits,
    run::reset::ResetStart,
    start::{Lineage, StartRequest},
};

/// When every scripted run starts: 2025-01-01 00:00:00 UTC.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// One run and everything around it that a test needs.
#[derive(Clone, Debug)]
pub struct World {
    /// The live run.
    pub run: Run,
    /// What was appended, in order.
    pub records: Vec<Record>,
    /// The clock.
    pub now: Timestamp,
    /// The limits.
    pub limits: Limits,
    effects: Vec<Effect>,
    polls: u64,
}

/// A request to start `greet` on the queue `queue`.
pub fn request() -> StartRequest {
    StartRequest {
        workflow_type: "greet".into(),
        task_queue: "queue".into(),
        request_id: "start".into(),
        ..StartRequest::default()
    }
}

/// The key of the scripted run.
pub fn key() -> RunKey {
    RunKey { namespace: "default".into(), workflow_id: "workflow".into(), run_id: "run-1".into() }
}

impl Default for World {
    fn default() -> Self {
        Self::start(request())
    }
}

impl World {
    /// A run that was just started from a client's request.
    pub fn start(request: StartRequest) -> Self {
        let start = Start { request, lineage: Lineage::default(), signal: None };
        Self::open(key(), start, EPOCH).expect("the scripted start is acceptable")
    }

    /// A run that was just started, from wherever.
    pub fn open(key: RunKey, start: Start, now: Timestamp) -> Result<Self, Rejection> {
        let limits = Limits::default();
        let opened = Transition::start(key, start, &limits, now)?;
        let Transition { run, record, effects, .. } = opened;
        let records = vec![record];
        let world = Self { run, records, now, limits, effects, polls: 0 };
        world.check();
        Ok(world)
    }

    /// Feeds one input, in a transition of its own.
    pub fn feed(&mut self, input: Input) -> Result<Reply, Rejection> {
        self.feed_all([input]).remove(0)
    }

    /// Feeds several inputs in one transition: they become one record.
    pub fn feed_all(
        &mut self,
        inputs: impl IntoIterator<Item = Input>,
    ) -> Vec<Result<Reply, Rejection>> {
        let answers = self.feed_unchecked(inputs);
        self.check();
        answers
    }

    /// The same without looking at the invariants: for crowds of inputs.
    pub fn feed_unchecked(
        &mut self,
        inputs: impl IntoIterator<Item = Input>,
    ) -> Vec<Result<Reply, Rejection>> {
        let mut transition = Transition::new(&self.run, &self.limits, self.now);
        let answers = inputs.into_iter().map(|input| transition.feed(input)).collect();
        let Transition { run, record, effects, .. } = transition;
        self.run = run;
        self.effects.extend(effects);
        if !record.entries.is_empty() {
            self.records.push(record);
        }
        answers
    }

    fn check(&self) {
        let broken = invariant::check(&self.run, &self.records);
        assert!(broken.is_empty(), "broken: {broken:?}\nhistory:\n{}", self.history());
    }

    /// A worker takes the pending workflow task.
    pub fn poll(&mut self) -> Result<WorkflowTask, Rejection> {
        let pending = self.run.pending_task().ok_or(Rejection::WorkflowTaskNotFound)?;
        self.polls += 1;
        let input = StartWorkflowTask {
            scheduled_event_id: pending.scheduled_event_id,
            attempt: pending.attempt,
            request_id: format!("poll-{}", self.polls).into(),
            identity: "worker".into(),
        };
        let reply = self.feed(Input::StartWorkflowTask(input))?;
        let Reply::WorkflowTask(task) = reply else {
            panic!("a poll is answered with a task, not {reply:?}");
        };
        Ok(*task)
    }

    fn task_out(&mut self) -> Result<WorkflowTaskRef, Rejection> {
        match &self.run.session.task_out {
            Some(out) => Ok(out.task.clone()),
            None => Ok(self.poll()?.task),
        }
    }

    /// The worker answers the task that is out, or polls for it first.
    pub fn complete<C: Into<Command>>(
        &mut self,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<Reply, Rejection> {
        let task = self.task_out()?;
        self.feed(complete(task, commands.into_iter().map(Into::into).collect(), None))
    }

    /// A worker of this build completes the task.
    pub fn complete_as<C: Into<Command>>(
        &mut self,
        build_id: &str,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<Reply, Rejection> {
        let task = self.task_out()?;
        let mut input = complete(task, commands.into_iter().map(Into::into).collect(), None);
        if let Input::CompleteWorkflowTask(input) = &mut input {
            let build_id = build_id.to_owned();
            input.worker = Some(WorkerVersion { build_id, use_versioning: false });
        }
        self.feed(input)
    }

    /// The worker completes the task and keeps the run in its cache.
    pub fn complete_sticky<C: Into<Command>>(
        &mut self,
        commands: impl IntoIterator<Item = C>,
    ) -> Result<Reply, Rejection> {
        let task = self.task_out()?;
        let sticky =
            Sticky { task_queue: "sticky".into(), schedule_to_start_timeout: Span::from_secs(5) };
        self.feed(complete(task, commands.into_iter().map(Into::into).collect(), Some(sticky)))
    }

    /// The worker fails the task that is out, or polls for it first.
    pub fn fail_task(&mut self, cause: WorkflowTaskFailedCause) -> Result<Reply, Rejection> {
        let task = self.task_out()?;
        let (failure, identity) = (None, "worker".into());
        self.feed(Input::FailWorkflowTask(Box::new(FailWorkflowTask {
            task,
            cause,
            failure,
            identity,
        })))
    }

    /// A worker takes an activity's pending attempt.
    pub fn start_activity(&mut self, scheduled_event_id: i64) -> Result<Reply, Rejection> {
        let pending = self.run.activities.get(&scheduled_event_id);
        let attempt = pending.map_or(1, |activity| activity.attempt);
        self.polls += 1;
        self.feed(Input::StartActivity(StartActivity {
            scheduled_event_id,
            attempt,
            request_id: format!("poll-{}", self.polls).into(),
            identity: "worker".into(),
        }))
    }

    /// A client's signal, without a request id.
    pub fn signal(&mut self, name: &str) -> Result<Reply, Rejection> {
        self.feed(Input::Signal(Box::new(Signal { name: name.to_owned(), ..Signal::default() })))
    }

    /// A client's update.
    pub fn update(&mut self, id: &str) -> Result<Reply, Rejection> {
        self.feed(Input::AdmitUpdate(Box::new(update(id))))
    }

    /// Time passes, and the run does what is due, at every moment that it asked for in between.
    pub fn pass(&mut self, span: Span) {
        let end = self.now + span;
        while let Some(due) = self.run.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let (records, before) = (self.records.len(), self.run.clone());
            self.tick();
            let stuck =
                self.records.len() == records && self.run.next_deadline() == before.next_deadline();
            assert!(!stuck, "LIVE-1: a tick at {due:?} changes nothing\n{}", self.history());
        }
        self.now = end;
        self.tick();
    }

    /// Tells the run the time.
    pub fn tick(&mut self) {
        self.feed(Input::Tick).expect("a tick is never refused");
    }

    /// The process dies, and another one takes the run over from its records.
    pub fn crash(&mut self) {
        let mut run = Run::replay(&self.records).expect("DUR-2: what was decided folds");
        run.resume(self.now);
        self.effects = run.pending_effects();
        self.run = run;
    }

    /// The history, one event per line, without what every event has.
    pub fn history(&self) -> String {
        let events = self.records.iter().flat_map(Record::events);
        events.map(|event| render::event(event) + "\n").collect()
    }

    /// The effects since the last call, one per line.
    pub fn effects(&mut self) -> String {
        let effects = std::mem::take(&mut self.effects);
        effects.iter().map(|effect| render::effect(effect) + "\n").collect()
    }

    /// The effects since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The run that follows this one, started.
    pub fn successor(&self) -> Option<World> {
        let owed = self.run.owed_when_closed().into_iter();
        owed.map(|owed| owed.message).find_map(|message| self.started_by(message))
    }

    /// The first child that waits to be started, started.
    pub fn child(&self) -> Option<World> {
        let effects = self.run.pending_effects().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Send(outbound) => Some(outbound.message),
                Effect::OfferWorkflowTask { .. }
                | Effect::OfferActivity { .. }
                | Effect::WithdrawActivity { .. }
                | Effect::UpdateStage { .. }
                | Effect::CallBack { .. }
                | Effect::Closed => None,
            })
            .find_map(|message| self.started_by(message))
    }

    /// The run that a reset of this one makes; what happened since the reset point happens again.
    pub fn reset_run(&self) -> Option<World> {
        let base = self.run.opened.clone();
        let reset = (**self.run.reset_to.as_ref()?).clone();
        let key = RunKey { run_id: reset.new_run_id.clone(), ..base.key.clone() };
        let events = self.records.iter().flat_map(Record::events).cloned();
        let (copied, later) =
            events.partition(|event: &Event| event.id < reset.workflow_task_finish_event_id);
        let start = ResetStart { base: (*base).clone(), reset, copied, later };
        let opened = Transition::start_reset(key, start, &self.limits, self.now);
        let opened = opened.expect("the reset point was checked");
        let Transition { run, record, effects, .. } = opened;
        let (records, limits) = (vec![record], self.limits.clone());
        let world = Self { run, records, now: self.now, limits, effects, polls: 0 };
        world.check();
        Some(world)
    }

    fn started_by(&self, message: OutboundMessage) -> Option<World> {
        let (key, start) = match message {
            OutboundMessage::StartChild { key, start }
            | OutboundMessage::StartSuccessor { key, start } => (key, *start),
            OutboundMessage::StartReset { .. }
            | OutboundMessage::Signal { .. }
            | OutboundMessage::RequestCancel { .. }
            | OutboundMessage::Terminate { .. }
            | OutboundMessage::ReportToParent { .. } => return None,
        };
        Some(Self::open(key, start, self.now).expect("what the core sends is acceptable"))
    }
}

/// A client's update of that id.
pub fn update(id: &str) -> UpdateRequest {
    let update_id = UpdateId::from(id);
    UpdateRequest { update_id, name: "change".to_owned(), ..UpdateRequest::default() }
}

/// A worker's answer to a task.
pub fn complete(task: WorkflowTaskRef, commands: Vec<Command>, sticky: Option<Sticky>) -> Input {
    Input::CompleteWorkflowTask(Box::new(CompleteWorkflowTask {
        task,
        commands,
        identity: "worker".into(),
        sticky,
        force_new_task: false,
        sdk_metadata: None,
        metering_metadata: None,
        worker: None,
        binary_checksum: String::new(),
        eager_activities: false,
        next_task: None,
        refused: None,
    }))
}
