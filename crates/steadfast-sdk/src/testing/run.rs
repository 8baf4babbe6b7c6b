//! One run in a test's world.

mod commands;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Event, EventId, Execution, Failure, Payloads, RetryPolicy, Span, TimerId, Timestamp,
    command::{ScheduleActivity, StartChildWorkflow},
    event::{
        ActivityTaskCompleted, ActivityTaskFailed, ActivityTaskStarted,
        ChildWorkflowExecutionCompleted, ChildWorkflowExecutionFailed,
        ChildWorkflowExecutionStarted, EventKind, ExternalWorkflowExecutionCancelRequested,
        ExternalWorkflowExecutionSignaled, TimerFired, UpdateOutcome, UpdateRequest,
    },
    retry::Verdict,
};

use super::{History, ReplayError, Replayer, TestWorld};
use crate::{
    activity::{ActivityContext, ActivityInfo},
    payload::{self, ConversionError},
    workflow::{ActivateError, Activation, LocalActivity, Progress, Question, WorkflowInstance},
};

/// Why a test's run does not go on.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The world has no such workflow.
    #[error("workflow type {0:?} is not in the world")]
    UnknownWorkflow(String),
    /// The world has no such activity.
    #[error("activity type {0:?} is not in the world")]
    UnknownActivity(String),
    /// The workflow waits for something that nobody will do.
    #[error("workflow waits for something that does not come, after event {0}")]
    Blocked(EventId),
    /// An activity was tried too often.
    #[error("activity {0:?} failed 1000 times")]
    TooManyAttempts(String),
    /// The workflow did not complete.
    #[error("workflow did not complete: {}", .0.message)]
    Failed(Box<Failure>),
    /// The code panicked, or differs from its own history.
    #[error(transparent)]
    Activate(#[from] ActivateError),
    /// A replay from the beginning does something else.
    #[error("replay differs")]
    Replay(#[from] ReplayError),
    /// A value could not be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

/// One run in a test's world.
pub struct TestRun {
    world: Arc<TestWorld>,
    replayer: Replayer,
    history: History,
    instance: Option<WorkflowInstance>,
    activities: VecDeque<(EventId, ScheduleActivity)>,
    children: VecDeque<(EventId, StartChildWorkflow)>,
    messages: VecDeque<(EventId, Execution, Message)>,
    timers: Vec<(Timestamp, TimerId, EventId)>,
    updates: Vec<UpdateRequest>,
    /// Updates that the workflow has and did not accept yet, by id.
    accepting: BTreeMap<String, UpdateRequest>,
    update_outcomes: Vec<(String, UpdateOutcome)>,
    /// Something happened that the workflow has not seen.
    news: bool,
    outcome: Option<Result<Payloads, Failure>>,
}

#[derive(Clone, Copy)]
enum Message {
    Signal,
    Cancel,
}

impl TestRun {
    pub(super) fn new(world: Arc<TestWorld>, history: History) -> Self {
        Self {
            replayer: Replayer::new().workflows(&world.workflows),
            world,
            history,
            instance: None,
            activities: VecDeque::new(),
            children: VecDeque::new(),
            messages: VecDeque::new(),
            timers: Vec::new(),
            updates: Vec::new(),
            accepting: BTreeMap::new(),
            update_outcomes: Vec::new(),
            news: true,
            outcome: None,
        }
    }

    /// What happened so far.
    pub fn history(&self) -> &[Arc<Event>] {
        self.history.events()
    }

    /// The names of the events so far, without those of workflow tasks.
    pub fn event_names(&self) -> Vec<&'static str> {
        let names = self.history().iter().map(|event| event.kind.name());
        names.filter(|name| !name.starts_with("WorkflowTask")).collect()
    }

    /// Sends a signal.
    pub fn signal(&mut self, name: &str, input: impl Serialize) {
        self.history.signal(name, input);
        self.news = true;
    }

    /// Asks the workflow to cancel.
    pub fn cancel(&mut self, reason: &str) {
        self.history.cancel_requested(reason);
        self.news = true;
    }

    /// Goes on until only time, signals or updates could move the workflow.
    pub fn settle(&mut self) -> Result<(), TestError> {
        while self.outcome.is_none() && self.step()? {}
        Ok(())
    }

    /// Goes on to the end, skipping time; the workflow's result.
    pub fn result<T: DeserializeOwned>(&mut self) -> Result<T, TestError> {
        Ok(payload::decode_list(&self.run_to_end()?)?)
    }

    /// Goes on to the end, skipping time; why the workflow failed.
    pub fn failure(&mut self) -> Result<Failure, TestError> {
        match self.run_to_end() {
            Ok(_) => Err(TestError::Failed(Box::new(Failure::application(
                "Completed",
                "the workflow completed",
            )))),
            Err(TestError::Failed(failure)) => Ok(*failure),
            Err(error) => Err(error),
        }
    }

    /// Asks the workflow something.
    pub fn query<T: DeserializeOwned>(
        &mut self,
        name: &str,
        args: impl Serialize,
    ) -> Result<T, TestError> {
        self.settle()?;
        let args = payload::encode_list(&args)?;
        let question = Question { id: String::new(), name: name.to_owned(), args };
        let Some(instance) = &self.instance else {
            return Err(self.blocked());
        };
        let answer = instance.query(&question).map_err(TestError::Failed)?;
        Ok(payload::decode_list(&answer)?)
    }

    /// Sends an update and waits for its outcome.
    pub fn update<T: DeserializeOwned>(
        &mut self,
        name: &str,
        args: impl Serialize,
    ) -> Result<T, TestError> {
        self.settle()?;
        let update_id = format!("update-{}", self.update_outcomes.len() + 1);
        self.updates.push(UpdateRequest {
            update_id: update_id.as_str().into(),
            name: name.to_owned(),
            args: payload::encode_list(&args)?,
            ..UpdateRequest::default()
        });
        self.news = true;
        loop {
            let mut known = self.update_outcomes.iter().filter(|(id, _)| *id == update_id);
            match known.next().map(|(_, outcome)| outcome.clone()) {
                Some(UpdateOutcome::Success(result)) => return Ok(payload::decode_list(&result)?),
                Some(UpdateOutcome::Failure(failure)) => return Err(TestError::Failed(failure)),
                None if self.outcome.is_none() && (self.step()? || self.fire_timer()) => {}
                None => return Err(self.blocked()),
            }
        }
    }

    fn blocked(&self) -> TestError {
        TestError::Blocked(self.history.last_id())
    }

    fn run_to_end(&mut self) -> Result<Payloads, TestError> {
        loop {
            match self.outcome.clone() {
                Some(Ok(result)) => return Ok(result),
                Some(Err(failure)) => return Err(TestError::Failed(Box::new(failure))),
                None if self.step()? || self.fire_timer() => {}
                None => return Err(self.blocked()),
            }
        }
    }

    /// Does the next thing that needs no time; whether there was one.
    fn step(&mut self) -> Result<bool, TestError> {
        if std::mem::take(&mut self.news) {
            self.workflow_task()?;
            return Ok(true);
        }
        if let Some((initiated_event_id, execution, message)) = self.messages.pop_front() {
            let kind: EventKind = match message {
                Message::Signal => ExternalWorkflowExecutionSignaled {
                    initiated_event_id,
                    execution,
                    ..Default::default()
                }
                .into(),
                Message::Cancel => ExternalWorkflowExecutionCancelRequested {
                    initiated_event_id,
                    execution,
                    ..Default::default()
                }
                .into(),
            };
            self.history.push(kind);
        } else if let Some((scheduled, command)) = self.activities.pop_front() {
            self.run_activity(scheduled, &command)?;
        } else if let Some((initiated, command)) = self.children.pop_front() {
            self.run_child(initiated, &command)?;
        } else {
            return Ok(false);
        }
        self.news = true;
        Ok(true)
    }

    fn fire_timer(&mut self) -> bool {
        let Some(due) = self.timers.iter().map(|timer| timer.0).min() else {
            return false;
        };
        let Some(at) = self.timers.iter().position(|timer| timer.0 == due) else {
            return false;
        };
        let (due, timer_id, started_event_id) = self.timers.remove(at);
        let wait = due.since(self.history.now());
        self.history.advance(wait);
        self.history.push(TimerFired { timer_id, started_event_id });
        self.news = true;
        true
    }

    fn workflow_task(&mut self) -> Result<(), TestError> {
        self.history.task_started();
        for update in &self.updates {
            self.accepting.insert(update.update_id.to_string(), update.clone());
        }
        let instance = match &mut self.instance {
            Some(instance) => instance,
            None => {
                let name = self.workflow_type();
                let Some(definition) = self.world.workflows.get(&name) else {
                    return Err(TestError::UnknownWorkflow(name));
                };
                let instance = WorkflowInstance::new(definition.clone(), self.history.run());
                self.instance.insert(instance)
            }
        };
        let mut progress = instance.activate(Activation {
            history: self.history.events().to_vec(),
            live: true,
            updates: std::mem::take(&mut self.updates),
        })?;
        let commands = loop {
            match progress {
                Progress::Commands(commands) => break commands,
                Progress::Locals(locals) => {
                    let Some(local) = locals.first() else {
                        return Err(self.blocked());
                    };
                    progress = run_locals(&self.world, instance, local, &locals)?;
                }
            }
        };
        self.history.task_completed();
        for command in commands {
            self.carry_out(command.kind);
        }
        self.replayer.replay(&self.history)?;
        Ok(())
    }

    fn workflow_type(&self) -> String {
        match self.history().first().map(|event| &event.kind) {
            Some(EventKind::WorkflowExecutionStarted(started)) => started.workflow_type.to_string(),
            Some(_) | None => String::new(),
        }
    }

    fn run_activity(
        &mut self,
        scheduled_event_id: EventId,
        command: &ScheduleActivity,
    ) -> Result<(), TestError> {
        let policy = command.retry_policy.clone().unwrap_or_default().with_defaults();
        let limit = command.schedule_to_close_timeout.set();
        let deadline = limit.map(|limit| self.history.now() + limit);
        let (attempt, result) = self.attempts(command, &policy, deadline)?;
        let started = ActivityTaskStarted { scheduled_event_id, attempt, ..Default::default() };
        let started_event_id = self.history.push(started);
        let kind: EventKind = match result {
            Ok(result) => ActivityTaskCompleted {
                result,
                scheduled_event_id,
                started_event_id,
                ..Default::default()
            }
            .into(),
            Err(failure) => ActivityTaskFailed {
                failure,
                scheduled_event_id,
                started_event_id,
                ..Default::default()
            }
            .into(),
        };
        self.history.push(kind);
        Ok(())
    }

    /// Tries an activity until it succeeds or may not be tried again.
    fn attempts(
        &mut self,
        command: &ScheduleActivity,
        policy: &RetryPolicy,
        deadline: Option<Timestamp>,
    ) -> Result<(i32, Result<Payloads, Failure>), TestError> {
        for attempt in 1..=1000 {
            let info = ActivityInfo {
                namespace: self.history.run().namespace,
                workflow_id: self.history.run().workflow_id,
                run_id: self.history.run().run_id,
                activity_id: command.activity_id.clone(),
                activity_type: command.activity_type.clone(),
                attempt,
                scheduled_at: self.history.now(),
                started_at: self.history.now(),
                ..ActivityInfo::default()
            };
            let name = command.activity_type.as_str();
            let failure = match attempt_once(&self.world, name, info, command.input.clone())? {
                Ok(result) => return Ok((attempt, Ok(result))),
                Err(failure) => failure,
            };
            match policy.after_failure(attempt, &failure, self.history.now(), deadline) {
                Verdict::RetryAfter(delay) => self.history.advance(delay),
                Verdict::Stop(_) => return Ok((attempt, Err(failure))),
            }
        }
        Err(TestError::TooManyAttempts(command.activity_type.to_string()))
    }

    fn run_child(
        &mut self,
        initiated_event_id: EventId,
        command: &StartChildWorkflow,
    ) -> Result<(), TestError> {
        let mut key = self.history.run();
        key.workflow_id = command.workflow_id.clone();
        key.run_id = format!("{}-run", command.workflow_id).into();
        let execution = key.execution();
        let workflow_type = command.workflow_type.clone();
        let started_event_id = self.history.push(ChildWorkflowExecutionStarted {
            initiated_event_id,
            execution: execution.clone(),
            workflow_type: workflow_type.clone(),
            ..Default::default()
        });
        let mut child = self.world.start_as(key, workflow_type.as_str(), command.input.clone());
        let kind: EventKind = match child.run_to_end() {
            Ok(result) => ChildWorkflowExecutionCompleted {
                result,
                execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
                ..Default::default()
            }
            .into(),
            Err(TestError::Failed(failure)) => ChildWorkflowExecutionFailed {
                failure: *failure,
                execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
                ..Default::default()
            }
            .into(),
            Err(error) => return Err(error),
        };
        self.history.push(kind);
        Ok(())
    }
}

/// One attempt, on this thread.
fn attempt_once(
    world: &TestWorld,
    name: &str,
    info: ActivityInfo,
    input: Payloads,
) -> Result<Result<Payloads, Failure>, TestError> {
    let Some(definition) = world.activities.get(name) else {
        return Err(TestError::UnknownActivity(name.to_owned()));
    };
    let ctx = ActivityContext::for_test(info);
    let result = futures::executor::block_on(definition.run(ctx, input));
    Ok(result.map_err(|error| error.into_failure()))
}

fn run_locals(
    world: &TestWorld,
    instance: &mut WorkflowInstance,
    first: &LocalActivity,
    all: &[LocalActivity],
) -> Result<Progress, TestError> {
    let run = |local: &LocalActivity| {
        let info = ActivityInfo { attempt: 1, ..ActivityInfo::default() };
        attempt_once(world, local.activity_type.as_str(), info, local.input.clone())
    };
    let mut progress = instance.resolve_local(first.number, run(first)?)?;
    for local in all.iter().skip(1) {
        progress = instance.resolve_local(local.number, run(local)?)?;
    }
    Ok(progress)
}

impl TestRun {
    /// How long the next timer has to run; nothing when there is none.
    pub fn next_timer(&self) -> Option<Span> {
        self.timers.iter().map(|timer| timer.0.since(self.history.now())).min()
    }
}
