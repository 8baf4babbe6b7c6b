//! What a client gives to start a run, and what the workflow-id policies make of an existing one.
//!
//! Follows `StartWorkflowExecution` and `service/history/api/create_workflow_util.go`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    Blanks, Identity, PayloadMap, Payloads, Priority, RequestId, RetryPolicy, RunId, RunKey, Span,
    TaskQueue, Timestamp, WorkflowType,
    event::{Initiator, ParentRef, ResetPoint, UserMetadata, WorkflowExecutionStarted},
    run::Status,
};

/// Whether a closed run's id may be used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkflowIdReusePolicy {
    /// Always.
    #[default]
    AllowDuplicate,
    /// Only when the last run did not complete.
    AllowDuplicateFailedOnly,
    /// Never.
    RejectDuplicate,
    /// Always, and an open run is terminated first (deprecated by Temporal, still served).
    TerminateIfRunning,
}

/// What happens when a run of this id is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkflowIdConflictPolicy {
    /// The start is refused.
    #[default]
    Fail,
    /// The open run is the answer.
    UseExisting,
    /// The open run is terminated, then the new one starts.
    TerminateExisting,
}

/// What becomes of a child when its parent closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParentClosePolicy {
    /// It is terminated.
    #[default]
    Terminate,
    /// It goes on.
    Abandon,
    /// It is asked to cancel.
    RequestCancel,
}

/// Everything that describes a run before it exists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartRequest {
    /// The workflow's code.
    pub workflow_type: WorkflowType,
    /// Where its workflow tasks go.
    pub task_queue: TaskQueue,
    /// Its arguments.
    pub input: Payloads,
    /// Limit for the whole chain of runs; zero is none.
    pub workflow_execution_timeout: Span,
    /// Limit for one run; zero is none.
    pub workflow_run_timeout: Span,
    /// Limit for one workflow task; zero means 10 s.
    pub workflow_task_timeout: Span,
    /// Who asks.
    pub identity: Identity,
    /// Repeats of a start carry the same id.
    pub request_id: RequestId,
    /// About closed runs of this id.
    pub reuse_policy: WorkflowIdReusePolicy,
    /// About an open run of this id.
    pub conflict_policy: WorkflowIdConflictPolicy,
    /// How a failed run is repeated, if at all.
    pub retry_policy: Option<RetryPolicy>,
    /// A cron expression, or empty.
    pub cron_schedule: String,
    /// Delay before the first workflow task.
    pub start_delay: Span,
    /// Notes that visibility shows.
    pub memo: PayloadMap,
    /// What visibility can search.
    pub search_attributes: PayloadMap,
    /// Context for interceptors.
    pub header: PayloadMap,
    /// For people.
    pub user_metadata: Option<UserMetadata>,
    /// Links of the start event, encoded by the front door.
    pub links: Vec<Bytes>,
    /// Where to report the close, encoded by the front door.
    pub completion_callbacks: Vec<Bytes>,
    /// How urgent its tasks are.
    pub priority: Option<Priority>,
    /// The client runs a worker and wants the first task in the answer.
    pub request_eager_execution: bool,
    /// Temporal's versioning override and inherited versions, encoded by the front door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning: Option<Bytes>,
    /// What an open run of this id is given, when it is the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// What of it was there and said nothing.
    #[serde(skip)]
    pub blanks: Blanks,
}

/// What a start attaches to the open run that it finds (`OnConflictOptions`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnConflict {
    /// The request's id: a repeat of the start then finds the run by it.
    pub request_id: bool,
    /// The request's completion callbacks.
    pub completion_callbacks: bool,
    /// The request's links.
    pub links: bool,
}

impl StartRequest {
    /// What the open run that this start found is given.
    pub fn attachment(&self) -> Option<crate::input::OptionsUpdate> {
        let what = self.on_conflict?;
        let mut update = crate::input::OptionsUpdate::default();
        if what.request_id {
            update.event.attached_request_id = self.request_id.clone();
        }
        if what.completion_callbacks {
            update.event.attached_completion_callbacks.clone_from(&self.completion_callbacks);
        }
        if what.links {
            update.links.clone_from(&self.links);
        }
        Some(update)
    }
}

/// Where a new run comes from, besides a client's request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lineage {
    /// Its parent, for a child.
    pub parent: Option<ParentRef>,
    /// The top of its tree, when that is not itself.
    pub root: Option<crate::Execution>,
    /// The run before it in the chain.
    pub continued_run_id: RunId,
    /// The first run of the chain; empty when this is the first.
    pub first_run_id: RunId,
    /// Why there is a run before it.
    pub initiator: Initiator,
    /// What the run before it failed with.
    pub continued_failure: Option<crate::Failure>,
    /// What the last completed run in the chain returned.
    pub last_completion_result: Payloads,
    /// Which attempt this is; the first is 1.
    pub attempt: i32,
    /// When the whole chain must be over.
    pub execution_expiration: Option<Timestamp>,
    /// Delay before the first workflow task.
    pub first_workflow_task_backoff: Span,
    /// Where the runs before it in the chain can be reset to.
    pub reset_points: Vec<ResetPoint>,
}

/// What is known of the run that holds a workflow id.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentRun {
    /// Which run.
    pub key: RunKey,
    /// Whether it is open, and how it closed.
    pub status: Status,
    /// The request that started it.
    pub start_request_id: RequestId,
    /// The requests that were attached to it since.
    pub attached: Vec<RequestId>,
    /// When it started.
    pub started_at: Timestamp,
}

/// What a start request leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum StartVerdict {
    /// A new run starts.
    Start,
    /// The existing run is the answer; `deduplicated` says that this very request started it.
    UseExisting {
        /// A repeat of the request that started the run.
        deduplicated: bool,
    },
    /// The open run is terminated, and then a new run starts.
    TerminateThenStart,
    /// Refused: the id is taken.
    AlreadyStarted,
    /// Refused for now: the id was used a moment ago.
    TooSoon {
        /// How long ago.
        since: Span,
    },
}

/// Applies the policies to the run that holds the id. An id may be used again `interval` after its
/// last use.
pub fn resolve(
    current: &CurrentRun,
    request: &StartRequest,
    interval: Span,
    now: Timestamp,
) -> StartVerdict {
    let verdict = by_policy(current, request);
    let since = now.since(current.started_at);
    let again = matches!(verdict, StartVerdict::Start | StartVerdict::TerminateThenStart);
    if again && !interval.is_zero() && since <= interval {
        return StartVerdict::TooSoon { since };
    }
    verdict
}

fn by_policy(current: &CurrentRun, request: &StartRequest) -> StartVerdict {
    let repeated = current.start_request_id == request.request_id
        || current.attached.contains(&request.request_id);
    if !request.request_id.is_empty() && repeated {
        return StartVerdict::UseExisting { deduplicated: true };
    }
    if current.status.is_open() {
        if request.reuse_policy == WorkflowIdReusePolicy::TerminateIfRunning {
            return StartVerdict::TerminateThenStart;
        }
        return match request.conflict_policy {
            WorkflowIdConflictPolicy::Fail => StartVerdict::AlreadyStarted,
            WorkflowIdConflictPolicy::UseExisting => {
                StartVerdict::UseExisting { deduplicated: false }
            }
            WorkflowIdConflictPolicy::TerminateExisting => StartVerdict::TerminateThenStart,
        };
    }
    match request.reuse_policy {
        WorkflowIdReusePolicy::AllowDuplicate | WorkflowIdReusePolicy::TerminateIfRunning => {
            StartVerdict::Start
        }
        WorkflowIdReusePolicy::AllowDuplicateFailedOnly => match current.status {
            Status::Completed | Status::ContinuedAsNew | Status::Running | Status::Paused => {
                StartVerdict::AlreadyStarted
            }
            Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut => {
                StartVerdict::Start
            }
        },
        WorkflowIdReusePolicy::RejectDuplicate => StartVerdict::AlreadyStarted,
    }
}

/// The first event of a run, from what was asked and where the run comes from.
pub(crate) fn started_event(
    key: &RunKey,
    request: &StartRequest,
    lineage: Lineage,
) -> WorkflowExecutionStarted {
    let first_run_id =
        if lineage.first_run_id.is_empty() { key.run_id.clone() } else { lineage.first_run_id };
    // What is not set is filled in here: workers read it.
    let task_timeout = request.workflow_task_timeout.set();
    let task_timeout = task_timeout.unwrap_or(crate::run::workflow_task::DEFAULT_TIMEOUT);
    WorkflowExecutionStarted {
        workflow_type: request.workflow_type.clone(),
        workflow_id: key.workflow_id.clone(),
        task_queue: request.task_queue.clone(),
        input: request.input.clone(),
        parent: lineage.parent,
        root: lineage.root,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: task_timeout.shorter_limit(request.workflow_run_timeout),
        workflow_execution_expiration: lineage.execution_expiration,
        continued_execution_run_id: lineage.continued_run_id,
        initiator: lineage.initiator,
        continued_failure: lineage.continued_failure,
        last_completion_result: lineage.last_completion_result,
        original_execution_run_id: key.run_id.clone(),
        first_execution_run_id: first_run_id,
        identity: request.identity.clone(),
        retry_policy: request.retry_policy.clone(),
        attempt: lineage.attempt.max(1),
        cron_schedule: request.cron_schedule.clone(),
        first_workflow_task_backoff: lineage.first_workflow_task_backoff,
        header: request.header.clone(),
        memo: request.memo.clone(),
        search_attributes: request.search_attributes.clone(),
        completion_callbacks: request.completion_callbacks.clone(),
        priority: request.priority.clone(),
        eager_execution_accepted: request.request_eager_execution,
        versioning: request.versioning.clone(),
        prev_reset_points: lineage.reset_points,
        blanks: request.blanks,
    }
}

#[cfg(test)]
mod tests;
