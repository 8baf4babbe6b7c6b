//! Histories made by hand.

use std::sync::Arc;

use serde::Serialize;
use steadfast_core::{
    Event, EventId, EventKind, Failure, Payloads, RunKey, Span, Timestamp,
    event::{
        ActivityTaskCompleted, ActivityTaskFailed, ActivityTaskScheduled, ActivityTaskStarted,
        TimerFired, TimerStarted, WorkflowExecutionCancelRequested, WorkflowExecutionCompleted,
        WorkflowExecutionSignaled, WorkflowExecutionStarted, WorkflowTaskCompleted,
        WorkflowTaskScheduled, WorkflowTaskStarted,
    },
};

use crate::payload;

/// A history that grows event by event, one second apart.
///
/// Values that cannot be written as JSON become nothing: this is for tests.
#[derive(Clone, Debug, Default)]
pub struct History {
    run: Option<RunKey>,
    now: Timestamp,
    events: Vec<Arc<Event>>,
}

fn values(value: impl Serialize) -> Payloads {
    payload::encode_list(&value).unwrap_or_default()
}

impl History {
    /// A run of this workflow that has just started.
    pub fn started(workflow_type: &str, input: impl Serialize) -> Self {
        let run = RunKey {
            namespace: "test".into(),
            workflow_id: "workflow".into(),
            run_id: "4f8c3c5e-0000-4000-8000-000000000001".into(),
        };
        Self::started_as(run, workflow_type, values(input))
    }

    /// The same, for a run of this name.
    pub fn started_as(run: RunKey, workflow_type: &str, input: Payloads) -> Self {
        const A_DAY_IN_2026: i64 = 1_767_225_600_000;
        let started = WorkflowExecutionStarted {
            workflow_type: workflow_type.into(),
            workflow_id: run.workflow_id.clone(),
            task_queue: "test".into(),
            input,
            original_execution_run_id: run.run_id.clone(),
            first_execution_run_id: run.run_id.clone(),
            attempt: 1,
            ..WorkflowExecutionStarted::default()
        };
        let now = Timestamp::from_millis(A_DAY_IN_2026);
        let mut history = Self { run: Some(run), now, events: Vec::new() };
        history.push(started);
        history
    }

    /// The run.
    pub fn run(&self) -> RunKey {
        self.run.clone().unwrap_or_else(|| RunKey {
            namespace: Default::default(),
            workflow_id: Default::default(),
            run_id: Default::default(),
        })
    }

    /// The events.
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The number of the last event.
    pub fn last_id(&self) -> EventId {
        self.events.len() as EventId
    }

    /// The time of the next event.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub fn advance(&mut self, span: Span) {
        self.now = self.now + span;
    }

    /// Adds any event; its number.
    pub fn push(&mut self, kind: impl Into<EventKind>) -> EventId {
        let id = self.last_id() + 1;
        let event =
            Event { id, at: self.now, kind: kind.into(), user_metadata: None, links: Vec::new() };
        self.events.push(Arc::new(event));
        self.advance(Span::from_secs(1));
        id
    }

    /// Adds a workflow task that waits for its answer; its started event.
    pub fn task_started(&mut self) -> EventId {
        let scheduled_event_id = self.push(WorkflowTaskScheduled::default());
        let started = WorkflowTaskStarted { scheduled_event_id, ..WorkflowTaskStarted::default() };
        self.push(started)
    }

    /// Adds the answer to the last workflow task; its number.
    pub fn task_completed(&mut self) -> EventId {
        let started_event_id = self.last_id();
        let completed = WorkflowTaskCompleted {
            scheduled_event_id: started_event_id - 1,
            started_event_id,
            ..WorkflowTaskCompleted::default()
        };
        self.push(completed)
    }

    /// Adds a workflow task and its answer.
    pub fn task(&mut self) -> EventId {
        self.task_started();
        self.task_completed()
    }

    /// Adds an activity that was asked for; its scheduled event.
    pub fn activity(&mut self, id: &str, activity_type: &str) -> EventId {
        self.push(ActivityTaskScheduled {
            activity_id: id.into(),
            activity_type: activity_type.into(),
            ..ActivityTaskScheduled::default()
        })
    }

    /// Adds its success.
    pub fn activity_completed(&mut self, scheduled_event_id: EventId, result: impl Serialize) {
        let started = ActivityTaskStarted { scheduled_event_id, ..Default::default() };
        let started_event_id = self.push(started);
        let result = values(result);
        let completed = ActivityTaskCompleted {
            result,
            scheduled_event_id,
            started_event_id,
            ..ActivityTaskCompleted::default()
        };
        self.push(completed);
    }

    /// Adds its failure.
    pub fn activity_failed(&mut self, scheduled_event_id: EventId, failure: Failure) {
        let started = ActivityTaskStarted { scheduled_event_id, ..Default::default() };
        let started_event_id = self.push(started);
        let failed = ActivityTaskFailed {
            failure,
            scheduled_event_id,
            started_event_id,
            ..ActivityTaskFailed::default()
        };
        self.push(failed);
    }

    /// Adds a timer that was asked for; its started event.
    pub fn timer(&mut self, id: &str, span: Span) -> EventId {
        self.push(TimerStarted {
            timer_id: id.into(),
            start_to_fire_timeout: span,
            ..TimerStarted::default()
        })
    }

    /// Adds its end.
    pub fn timer_fired(&mut self, id: &str, started_event_id: EventId) {
        self.push(TimerFired { timer_id: id.into(), started_event_id });
    }

    /// Adds a signal.
    pub fn signal(&mut self, name: &str, input: impl Serialize) {
        self.push(WorkflowExecutionSignaled {
            signal_name: name.to_owned(),
            input: values(input),
            ..WorkflowExecutionSignaled::default()
        });
    }

    /// Adds a cancel request.
    pub fn cancel_requested(&mut self, reason: &str) {
        self.push(WorkflowExecutionCancelRequested {
            cause: reason.to_owned(),
            ..WorkflowExecutionCancelRequested::default()
        });
    }

    /// Adds the workflow's success.
    pub fn completed(&mut self, result: impl Serialize) {
        let result = values(result);
        self.push(WorkflowExecutionCompleted { result, ..Default::default() });
    }
}
