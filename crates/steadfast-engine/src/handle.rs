//! What front doors hold: a cheap-clone handle whose methods take deadlines.
//!
//! Every answer that a method returns is durable, error answers too (invariant DUR-1). An empty run
//! id in a [`Target`] means the workflow's current run.

use std::sync::Arc;

use steadfast_core::{
    Identity, Namespace, Payloads, TaskQueue, UpdateId,
    input::{ActivityOutcome, HeartbeatReply, RequestCancel, Signal, Terminate},
};

use crate::{
    api::*,
    config::EngineConfig,
    embedded::{ActivityHost, WorkflowHost},
    world::World,
};

/// Until when a caller waits.
pub type Deadline = tokio::time::Instant;

/// The engine, as seen by front doors.
#[derive(Clone)]
pub struct Engine {
    world: World,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is not possible.
    #[error("invalid setting: {0}")]
    Config(String),
    /// The root actor does not start.
    #[error("failed to start the node's actor: {0}")]
    Node(String),
}

fn soon<T>() -> Result<T, EngineError> {
    Err(EngineError::Unavailable("not built yet".to_owned()))
}

#[expect(clippy::unused_async, reason = "signatures first")]
impl Engine {
    /// Starts the node: its partitions recover in the background, requests wait for theirs.
    pub async fn start(_config: EngineConfig, world: World) -> Result<Self, StartError> {
        Ok(Self { world })
    }

    /// Waits until every partition has recovered, or the deadline.
    pub async fn ready(&self, _deadline: Deadline) -> Result<(), EngineError> {
        let _ = &self.world;
        soon()
    }

    /// Stops: what is appended stays, what is not is forgotten; callers hear `ShuttingDown`.
    pub async fn shutdown(&self) {}

    /// Starts a workflow, finds the one that runs, or signals it, as the request's policies say.
    pub async fn start_workflow(
        &self,
        _request: StartWorkflow,
        _deadline: Deadline,
    ) -> Result<Started, EngineError> {
        soon()
    }

    /// Signals a run.
    pub async fn signal(
        &self,
        _target: &Target,
        _signal: Signal,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Asks a run to cancel.
    pub async fn request_cancel(
        &self,
        _target: &Target,
        _request: RequestCancel,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Ends a run without asking.
    pub async fn terminate(
        &self,
        _target: &Target,
        _request: Terminate,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Asks a run something; a worker answers.
    pub async fn query(
        &self,
        _target: &Target,
        _query: Query,
        _deadline: Deadline,
    ) -> Result<QueryAnswer, EngineError> {
        soon()
    }

    /// Sends an update and waits until the stage asked for, or the deadline: then the answer tells
    /// the stage that was reached.
    pub async fn update(
        &self,
        _target: &Target,
        _update: UpdateWorkflow,
        _deadline: Deadline,
    ) -> Result<UpdateAnswer, EngineError> {
        soon()
    }

    /// Waits for a stage of an update that was sent before.
    pub async fn poll_update(
        &self,
        _target: &Target,
        _update_id: UpdateId,
        _wait: UpdateWait,
        _deadline: Deadline,
    ) -> Result<UpdateAnswer, EngineError> {
        soon()
    }

    /// A run's state.
    pub async fn describe(
        &self,
        _target: &Target,
        _deadline: Deadline,
    ) -> Result<Description, EngineError> {
        soon()
    }

    /// A part of a run's history; may wait for news.
    pub async fn history(
        &self,
        _target: &Target,
        _request: HistoryRequest,
        _deadline: Deadline,
    ) -> Result<HistoryPage, EngineError> {
        soon()
    }

    /// A namespace's runs, newest first.
    pub async fn list(
        &self,
        _request: ListRequest,
        _deadline: Deadline,
    ) -> Result<ListPage, EngineError> {
        soon()
    }

    /// Takes the next workflow task of a queue; nothing when the deadline passes.
    pub async fn poll_workflow_task(
        &self,
        _poll: Poll,
        _deadline: Deadline,
    ) -> Result<Option<PolledWorkflowTask>, EngineError> {
        soon()
    }

    /// Takes the next activity attempt of a queue; nothing when the deadline passes.
    pub async fn poll_activity_task(
        &self,
        _poll: Poll,
        _deadline: Deadline,
    ) -> Result<Option<PolledActivityTask>, EngineError> {
        soon()
    }

    /// Answers a workflow task.
    pub async fn complete_workflow_task(
        &self,
        _token: &TaskToken,
        _completion: Completion,
        _deadline: Deadline,
    ) -> Result<Completed, EngineError> {
        soon()
    }

    /// Says that a workflow task could not be processed.
    pub async fn fail_workflow_task(
        &self,
        _token: &TaskToken,
        _failure: TaskFailure,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Answers a lone query ([`PolledWorkflowTask::lone_query`]).
    pub async fn answer_query(
        &self,
        _token: &TaskToken,
        _answer: QueryAnswer,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Answers an activity attempt.
    pub async fn resolve_activity(
        &self,
        _activity: &ActivityTarget,
        _outcome: ActivityOutcome,
        _identity: Identity,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Tells that an activity attempt is alive.
    pub async fn heartbeat_activity(
        &self,
        _activity: &ActivityTarget,
        _details: Payloads,
        _identity: Identity,
        _deadline: Deadline,
    ) -> Result<HeartbeatReply, EngineError> {
        soon()
    }

    /// The sticky worker of a run is gone.
    pub async fn reset_sticky(
        &self,
        _target: &Target,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Lets a quarantined run try again.
    pub async fn resume_quarantined(
        &self,
        _target: &Target,
        _deadline: Deadline,
    ) -> Result<(), EngineError> {
        soon()
    }

    /// Runs workflow code of a task queue in this process.
    pub fn host_workflows(
        &self,
        _namespace: Namespace,
        _task_queue: TaskQueue,
        _host: Arc<dyn WorkflowHost>,
    ) {
    }

    /// Runs activity code of a task queue in this process.
    pub fn host_activities(
        &self,
        _namespace: Namespace,
        _task_queue: TaskQueue,
        _host: Arc<dyn ActivityHost>,
    ) {
    }
}
