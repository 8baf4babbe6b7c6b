//! What a workflow knows of its own run.

use serde::de::DeserializeOwned;
use steadfast_core::{
    EventId, Execution, Failure, Namespace, Payload, PayloadMap, Payloads, RunId, RunKey, Span,
    TaskQueue, Timestamp, WorkflowId, WorkflowType,
    event::{ParentRef, WorkflowExecutionStarted},
};

use crate::payload::{self, ConversionError};

/// What a workflow knows of its own run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowInfo {
    /// The tenant.
    pub namespace: Namespace,
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The run.
    pub run_id: RunId,
    /// The first run of its chain.
    pub first_run_id: RunId,
    /// The run before it, or empty.
    pub continued_run_id: RunId,
    /// The workflow's type.
    pub workflow_type: WorkflowType,
    /// Where its workflow tasks go.
    pub task_queue: TaskQueue,
    /// Which attempt it is, from 1.
    pub attempt: i32,
    /// When the run started.
    pub started_at: Timestamp,
    /// Its parent, for a child.
    pub parent: Option<ParentRef>,
    /// The top of its tree, when that is not itself.
    pub root: Option<Execution>,
    /// How long the run may take; zero is no limit.
    pub run_timeout: Span,
    /// How long its chain of runs may take; zero is no limit.
    pub execution_timeout: Span,
    /// Its cron expression, or empty.
    pub cron_schedule: String,
    /// Notes, as it started with them.
    pub memo: PayloadMap,
    /// What visibility can search, as it started with them.
    pub search_attributes: PayloadMap,
    /// Context from whoever started it.
    pub header: PayloadMap,
    /// What the last completed run of its chain returned.
    pub last_completion: Payloads,
    /// What the run before it failed with.
    pub last_failure: Option<Failure>,
    /// The number of events in the history, as of the current workflow task.
    pub history_length: EventId,
    /// About how many bytes they have.
    pub history_size_bytes: u64,
    /// The engine thinks that the history is long enough.
    pub suggest_continue_as_new: bool,
}

impl WorkflowInfo {
    pub(crate) fn new(run: &RunKey, started: &WorkflowExecutionStarted, at: Timestamp) -> Self {
        Self {
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id.clone(),
            first_run_id: started.first_execution_run_id.clone(),
            continued_run_id: started.continued_execution_run_id.clone(),
            workflow_type: started.workflow_type.clone(),
            task_queue: started.task_queue.clone(),
            attempt: started.attempt.max(1),
            started_at: at,
            parent: started.parent.clone(),
            root: started.root.clone(),
            run_timeout: started.workflow_run_timeout,
            execution_timeout: started.workflow_execution_timeout,
            cron_schedule: started.cron_schedule.clone(),
            memo: started.memo.clone(),
            search_attributes: started.search_attributes.clone(),
            header: started.header.clone(),
            last_completion: started.last_completion_result.clone(),
            last_failure: started.continued_failure.clone(),
            ..Self::default()
        }
    }

    /// What the last completed run of the chain returned, if one did.
    pub fn last_completion_result<T: DeserializeOwned>(
        &self,
    ) -> Result<Option<T>, ConversionError> {
        self.last_completion.first().map(payload::decode).transpose()
    }

    /// A memo field that the run started with.
    pub fn memo_field(&self, name: &str) -> Option<&Payload> {
        self.memo.get(name)
    }
}
