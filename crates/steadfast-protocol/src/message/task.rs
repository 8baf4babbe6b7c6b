//! What workers answer: `complete`, `fail`, `cancel`, `heartbeat`.
//!
//! Each names its task by `token`, or an activity by workflow id and activity id (asynchronous
//! completion). The token says whether it is an activity's or a workflow task's.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    ActivityId, Command, Failure, Identity, Namespace, Payloads, RunId, WorkflowId,
    event::WorkflowTaskFailedCause,
};

use super::Sticky;

/// The task is done; answered with [`Completed`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Complete {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The task's token, or empty with `activity`.
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    pub token: Bytes,
    /// An activity by name, when there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityName>,
    /// The worker.
    pub identity: Identity,
    /// Activity: what it returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub result: Payloads,
    /// Workflow: what it wants, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// Workflow: answers to the task's queries, also the one of a lone query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_answers: Vec<TaskQueryAnswer>,
    /// Workflow: keep the run's next tasks with this worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Workflow: offer another task at once (a local activity takes long).
    pub force_new_task: bool,
}

/// The answer to [`Complete`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Completed {
    /// Another workflow task is pending already.
    pub new_task: bool,
}

/// An activity by name, for workers that do not have its token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityName {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
    /// The workflow's name for the activity.
    pub activity_id: ActivityId,
}

/// A worker's answer to a query; one of the two is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskQueryAnswer {
    /// The query's id within the task.
    pub id: String,
    /// What the handler returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Payloads>,
    /// Why the handler failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// The task failed; answered with [`super::Done`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fail {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The task's token, or empty with `activity`.
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    pub token: Bytes,
    /// An activity by name, when there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityName>,
    /// The worker.
    pub identity: Identity,
    /// Why.
    pub failure: Failure,
    /// Activity: its newest progress, when that was not reported yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_details: Option<Payloads>,
    /// Workflow: the kind of trouble.
    #[serde(skip_serializing_if = "is_unspecified")]
    pub cause: WorkflowTaskFailedCause,
}

fn is_unspecified(cause: &WorkflowTaskFailedCause) -> bool {
    *cause == WorkflowTaskFailedCause::Unspecified
}

/// The activity stopped because it was asked to; answered with [`super::Done`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CancelTask {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The task's token, or empty with `activity`.
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    pub token: Bytes,
    /// An activity by name, when there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityName>,
    /// The worker.
    pub identity: Identity,
    /// What it says of how far it came.
    pub details: Payloads,
}

/// The activity is alive; answered with [`HeartbeatAnswer`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heartbeat {
    /// The namespace; needed only where the subject holds its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The task's token, or empty with `activity`.
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    pub token: Bytes,
    /// An activity by name, when there is no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityName>,
    /// The worker.
    pub identity: Identity,
    /// Its progress: the next attempt gets it.
    pub details: Payloads,
}

/// What a worker that is alive should know.
pub type HeartbeatAnswer = steadfast_core::input::HeartbeatReply;
