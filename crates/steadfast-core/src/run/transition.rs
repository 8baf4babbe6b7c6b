//! The draft of one transition: inputs go in, a record, effects and replies come out.
//!
//! A transition may be fed several inputs before it is appended: they become one record. An input that
//! is rejected leaves the draft as it was. Nothing of a draft may be shown to anybody before the
//! record is acknowledged (invariant DUR-1).

use bytes::Bytes;

use crate::{
    Change, Effect, Entry, Event, EventId, EventKind, Input, Record, Rejection, Run, Timestamp,
    event::UserMetadata,
    input::{Reply, Start},
    limits::Limits,
};

/// A draft: the run as it will be, and what leads there.
#[derive(Clone, Debug)]
pub struct Transition<'a> {
    /// The run as it will be when the record is durable.
    pub run: Run,
    /// What is appended; empty when nothing durable happened.
    pub record: Record,
    /// What to do afterwards.
    pub effects: Vec<Effect>,
    pub(crate) limits: &'a Limits,
    pub(crate) now: Timestamp,
    /// While a workflow task's commands are handled, a new task is only wished for: its Scheduled
    /// event follows everything else that the completion writes.
    pub(crate) in_completion: bool,
    pub(crate) wants_task: bool,
    /// Who completes the workflow task whose commands are handled.
    pub(crate) completed_by: crate::Identity,
}

impl<'a> Transition<'a> {
    /// A draft on top of a run. `now` is moved forward if it lies before the run's last transition.
    pub fn new(run: &Run, limits: &'a Limits, now: Timestamp) -> Self {
        Self::on(run.clone(), limits, now.max(run.last_at))
    }

    /// The draft of a new run.
    pub fn start(
        key: crate::RunKey,
        start: Start,
        limits: &'a Limits,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        super::open::open(key, start, limits, now)
    }

    /// The draft of a run that a reset makes.
    pub fn start_reset(
        key: crate::RunKey,
        start: crate::run::reset::ResetStart,
        limits: &'a Limits,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        super::reset::open(key, start, limits, now)
    }

    pub(crate) fn on(run: Run, limits: &'a Limits, now: Timestamp) -> Self {
        let record = Record { at: now, entries: Vec::new() };
        let (effects, completed_by) = (Vec::new(), crate::Identity::default());
        Self {
            run,
            record,
            effects,
            limits,
            now,
            in_completion: false,
            wants_task: false,
            completed_by,
        }
    }

    /// Feeds one input. On rejection the draft is as before, but for
    /// [`Rejection::BadCompletion`]: the failed workflow task is then in the record.
    pub fn feed(&mut self, mut input: Input) -> Result<Reply, Rejection> {
        input.cut_failures();
        match input {
            Input::Start(_) => Err(Rejection::AlreadyStarted {
                run_id: self.run.key().run_id.clone(),
                start_request_id: self.run.opened.request_id.clone(),
            }),
            Input::Tick => Ok(self.tick()),
            Input::StartWorkflowTask(input) => self.start_workflow_task(input),
            Input::CompleteWorkflowTask(input) => self.complete_workflow_task(*input),
            Input::FailWorkflowTask(input) => self.fail_workflow_task(*input),
            Input::StartActivity(input) => self.start_activity(input),
            Input::ResolveActivity(input) => self.resolve_activity(*input),
            Input::HeartbeatActivity(input) => self.heartbeat_activity(*input),
            Input::PauseActivity(input) => self.pause_activity(*input),
            Input::UnpauseActivity(input) => self.unpause_activity(&input),
            Input::ResetActivity(input) => self.reset_activity(&input),
            Input::UpdateActivityOptions(input) => self.update_activity_options(&input),
            Input::Signal(input) => self.signal(*input),
            Input::RequestCancel(input) => self.request_cancel(*input),
            Input::Terminate(input) => self.terminate(*input),
            Input::AdmitUpdate(input) => self.admit_update(*input),
            Input::Child(input) => self.child_report(*input),
            Input::External(input) => self.external_report(input.as_ref()),
            Input::ResetSticky => self.reset_sticky(),
            Input::Reset(input) => self.reset(*input),
            Input::UpdateOptions(input) => self.update_options(*input),
            Input::CalledBack(input) => self.called_back(input),
            Input::Delete(identity) => Ok(self.delete(identity)),
            Input::Pause(input) => self.pause(*input),
            Input::Unpause(input) => self.unpause(*input),
        }
    }

    /// Whether nothing durable happened.
    pub fn is_empty(&self) -> bool {
        self.record.entries.is_empty()
    }

    /// Refuses inputs to a closed run.
    pub(crate) fn require_open(&self) -> Result<(), Rejection> {
        if self.run.status.is_open() { Ok(()) } else { Err(Rejection::Closed) }
    }

    /// Writes an event now. Its number is the answer.
    pub(crate) fn event(&mut self, kind: impl Into<EventKind>) -> EventId {
        self.event_with(kind, None, Vec::new())
    }

    /// Writes an event now, with what the user says of it and its links.
    pub(crate) fn event_with(
        &mut self,
        kind: impl Into<EventKind>,
        user_metadata: Option<Box<UserMetadata>>,
        links: Vec<Bytes>,
    ) -> EventId {
        let id = self.run.next_event_id;
        let event = Event { id, at: self.now, kind: kind.into(), user_metadata, links };
        self.entry(Entry::Event(event));
        id
    }

    /// Writes an event that came from outside the workflow's own commands: while a workflow task is
    /// out it is buffered, and gets its number when the task ends.
    pub(crate) fn arrival(&mut self, kind: impl Into<EventKind>, links: Vec<Bytes>) {
        if self.run.session.task_out.is_some() {
            let kind = kind.into();
            let event = Event { id: 0, at: self.now, kind, user_metadata: None, links };
            self.change(Change::Buffered(Box::new(event)));
        } else {
            self.flush_buffered();
            self.event_with(kind, None, links);
        }
    }

    /// Writes an event that happened before it is written; it waits in the buffer like any arrival.
    pub(crate) fn arrival_of(&mut self, kind: impl Into<EventKind>, at: Timestamp) {
        let at = at.min(self.now);
        if self.run.session.task_out.is_none() {
            self.flush_buffered();
        }
        let waits = self.run.session.task_out.is_some();
        let id = if waits { 0 } else { self.run.next_event_id };
        let event = Event { id, at, kind: kind.into(), user_metadata: None, links: Vec::new() };
        if waits {
            self.change(Change::Buffered(Box::new(event)));
        } else {
            self.entry(Entry::Event(event));
        }
    }

    /// The number that the next arrival gets, or 0 when it will wait in the buffer.
    pub(crate) fn arrival_id(&mut self) -> EventId {
        if self.run.session.task_out.is_some() {
            return 0;
        }
        self.flush_buffered();
        self.run.next_event_id
    }

    /// Writes a change.
    pub(crate) fn change(&mut self, change: Change) {
        self.entry(Entry::Change(change));
    }

    /// Gives buffered events their numbers.
    pub(crate) fn flush_buffered(&mut self) {
        if self.run.buffered.is_empty() {
            return;
        }
        let events = super::buffer::number(&self.run.buffered, self.run.next_event_id);
        for event in events {
            self.entry(Entry::Flushed(event));
        }
        assert!(self.run.buffered.is_empty(), "HIST-1: a flush numbers every buffered event");
    }

    /// Adds an effect; order is kept.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn entry(&mut self, entry: Entry) {
        self.run.last_at = self.now;
        if self.record.entries.is_empty() {
            self.run.state_transitions += 1;
        }
        if let Err(error) = self.run.fold(self.now, &entry) {
            panic!("DUR-2: a decision must fold into the state it was made on: {error}: {entry:?}");
        }
        self.record.entries.push(entry);
    }
}
