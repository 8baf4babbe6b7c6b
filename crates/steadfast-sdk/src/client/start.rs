//! Starting a workflow.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use serde::Serialize;
use steadfast_core::{
    Payload, Payloads, RequestId, RetryPolicy, WorkflowId,
    start::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
};
use steadfast_protocol::message::{ApiVerb, Start, StartSignal, Started};
use tracing::Instrument;

use super::{Client, WorkflowHandle};
use crate::{
    error::{Error, ErrorKind},
    payload::{self, ConversionError},
};

/// A workflow to start: set its options, then await the handle.
#[must_use = "nothing is started unless it is awaited"]
#[derive(Debug)]
pub struct StartWorkflow {
    client: Client,
    start: Start,
    invalid: Option<Error>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl StartWorkflow {
    pub(super) fn new(
        client: Client,
        workflow_type: impl Into<String>,
        task_queue: impl Into<String>,
        workflow_id: WorkflowId,
        input: &(impl Serialize + ?Sized),
    ) -> Self {
        let start = Start {
            namespace: client.wire.named_namespace(),
            workflow_id,
            workflow_type: workflow_type.into().into(),
            task_queue: task_queue.into().into(),
            identity: client.wire.identity.clone(),
            request_id: RequestId::new(uuid::Uuid::new_v4().to_string()),
            ..Start::default()
        };
        let mut this = Self { client, start, invalid: None };
        this.start.input = this.checked(payload::encode_list(input)).unwrap_or_default();
        this
    }

    /// Remembers the first value that could not be written.
    fn checked<T>(&mut self, value: Result<T, ConversionError>) -> Option<T> {
        let value = value.map_err(|error| Error::new(ErrorKind::Encode, error.to_string()));
        value.map_err(|error| self.invalid.get_or_insert(error)).ok()
    }

    /// Its arguments, when there are several or they are encoded already.
    pub fn args(mut self, input: Payloads) -> Self {
        self.start.input = input;
        self
    }

    /// Makes repeats of this very start harmless across processes.
    pub fn request_id(mut self, request_id: impl Into<String>) -> Self {
        self.start.request_id = request_id.into().into();
        self
    }

    /// How long the whole chain of runs may take.
    pub fn execution_timeout(mut self, limit: Duration) -> Self {
        self.start.options.workflow_execution_timeout_ms = millis(limit);
        self
    }

    /// How long one run may take.
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.start.options.workflow_run_timeout_ms = millis(limit);
        self
    }

    /// How long one workflow task may take.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.start.options.workflow_task_timeout_ms = millis(limit);
        self
    }

    /// The delay before the first workflow task.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.start.options.start_delay_ms = millis(delay);
        self
    }

    /// How failed runs are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.start.options.retry_policy = Some(policy.into());
        self
    }

    /// A cron expression.
    pub fn cron(mut self, schedule: impl Into<String>) -> Self {
        self.start.options.cron_schedule = schedule.into();
        self
    }

    /// About closed runs of this id.
    pub fn reuse_policy(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.start.options.reuse_policy = policy;
        self
    }

    /// About an open run of this id.
    pub fn conflict_policy(mut self, policy: WorkflowIdConflictPolicy) -> Self {
        self.start.options.conflict_policy = policy;
        self
    }

    /// A note.
    pub fn memo(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Some(value) = self.checked(payload::encode(&value)) {
            self.start.options.memo.insert(name.into(), value);
        }
        self
    }

    /// A search attribute, made with [`payload::search_attribute`].
    pub fn search_attribute(mut self, name: impl Into<String>, value: Payload) -> Self {
        self.start.options.search_attributes.insert(name.into(), value);
        self
    }

    /// Signal-with-start: an open run is signalled, else a new one is started and signalled.
    pub fn signal(mut self, name: impl Into<String>, input: impl Serialize) -> Self {
        if let Some(input) = self.checked(payload::encode_list(&input)) {
            let signal = StartSignal { name: name.into(), input, ..StartSignal::default() };
            self.start.signal = Some(signal);
        }
        self
    }

    async fn send(self) -> Result<WorkflowHandle, Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        let span = tracing::info_span!(
            "start_workflow",
            otel.kind = "client",
            namespace = %self.client.wire.namespace,
            workflow_id = %self.start.workflow_id,
            run_id = tracing::field::Empty,
            workflow_type = %self.start.workflow_type,
            task_queue = %self.start.task_queue,
        );
        let asked = self.client.wire.api(ApiVerb::Start, &self.start);
        let started: Started = asked.instrument(span.clone()).await?;
        span.record("run_id", tracing::field::display(&started.run_id));
        let handle = WorkflowHandle::new(self.client, self.start.workflow_id);
        Ok(handle.started_run(started.run_id, started.started))
    }
}

impl IntoFuture for StartWorkflow {
    type Output = Result<WorkflowHandle, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
