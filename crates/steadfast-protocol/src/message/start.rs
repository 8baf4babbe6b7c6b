//! `start`: a workflow begins, perhaps with a signal.

use serde::{Deserialize, Serialize};
use steadfast_core::{
    Identity, Namespace, Payload, PayloadMap, Payloads, RequestId, RunId, Span, TaskQueue,
    WorkflowId, WorkflowType,
    event::UserMetadata,
    input::Signal,
    run::Status,
    start::{StartRequest, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
};

use super::RetryPolicy;

/// Starts a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The client's name for it.
    pub workflow_id: WorkflowId,
    /// The workflow's code.
    pub workflow_type: WorkflowType,
    /// Where its workflow tasks go.
    pub task_queue: TaskQueue,
    /// The rest, which may be left out field by field.
    #[serde(default, skip_serializing_if = "StartOptions::is_default")]
    pub options: StartOptions,
    /// Its arguments.
    #[serde(default)]
    pub input: Payloads,
    /// Repeats of one start carry the same id; missing, the engine makes one.
    #[serde(default)]
    pub request_id: RequestId,
    /// Who asks.
    #[serde(default)]
    pub identity: Identity,
    /// Signal-with-start: an open run is signalled instead of started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<StartSignal>,
}

/// What a start may say beyond the needed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartOptions {
    /// Limit for the whole chain of runs.
    pub workflow_execution_timeout_ms: u64,
    /// Limit for one run.
    pub workflow_run_timeout_ms: u64,
    /// Limit for one workflow task; 0 means 10 s.
    pub workflow_task_timeout_ms: u64,
    /// About closed runs of this id.
    pub reuse_policy: WorkflowIdReusePolicy,
    /// About an open run of this id.
    pub conflict_policy: WorkflowIdConflictPolicy,
    /// How a failed run is repeated; missing, it is not.
    pub retry_policy: Option<RetryPolicy>,
    /// A cron expression, or empty.
    pub cron_schedule: String,
    /// Delay before the first workflow task.
    pub start_delay_ms: u64,
    /// Notes that visibility shows.
    pub memo: PayloadMap,
    /// What visibility can search.
    pub search_attributes: PayloadMap,
    /// Context for interceptors.
    pub header: PayloadMap,
    /// One line for people.
    pub summary: Option<Payload>,
    /// More for people.
    pub details: Option<Payload>,
}

impl StartOptions {
    fn is_default(options: &Self) -> bool {
        *options == Self::default()
    }
}

/// The signal of a signal-with-start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StartSignal {
    /// Which handler.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub input: Payloads,
    /// Context for interceptors.
    #[serde(default)]
    pub header: PayloadMap,
}

/// The answer: which run it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The run.
    pub run_id: RunId,
    /// Whether this request started it; else it was there.
    pub started: bool,
    /// Its status when it was found.
    pub status: Status,
}

impl Start {
    /// What the engine starts.
    pub fn into_request(self) -> (WorkflowId, StartRequest, Option<Signal>) {
        let options = self.options;
        let has_metadata = options.summary.is_some() || options.details.is_some();
        let metadata = UserMetadata {
            summary: options.summary,
            details: options.details,
            ..UserMetadata::default()
        };
        let request = StartRequest {
            workflow_type: self.workflow_type,
            task_queue: self.task_queue,
            input: self.input,
            workflow_execution_timeout: Span::from_millis(options.workflow_execution_timeout_ms),
            workflow_run_timeout: Span::from_millis(options.workflow_run_timeout_ms),
            workflow_task_timeout: Span::from_millis(options.workflow_task_timeout_ms),
            identity: self.identity.clone(),
            request_id: self.request_id.clone(),
            reuse_policy: options.reuse_policy,
            conflict_policy: options.conflict_policy,
            retry_policy: options.retry_policy.map(Into::into),
            cron_schedule: options.cron_schedule,
            start_delay: Span::from_millis(options.start_delay_ms),
            memo: options.memo,
            search_attributes: options.search_attributes,
            header: options.header,
            user_metadata: has_metadata.then_some(metadata),
            ..StartRequest::default()
        };
        let signal = self.signal.map(|signal| Signal {
            name: signal.name,
            input: signal.input,
            header: signal.header,
            identity: self.identity,
            request_id: self.request_id,
            ..Signal::default()
        });
        (self.workflow_id, request, signal)
    }
}
