//! What front doors hold: a cheap-clone handle whose methods take deadlines.
//!
//! Every answer that a method returns is durable, error answers too (invariant DUR-1). An empty run
//! id in a [`Target`] means the workflow's current run.

pub(crate) mod ask;
mod delete;
mod expire;
mod list;
mod look;
mod operate;
mod queues;
pub(crate) mod reset;
pub(crate) mod start;
mod tasks;
mod update;
mod update_with_start;

use std::{sync::Arc, time::Duration};

use ractor::Actor;
use steadfast_core::{
    Identity, Input, Namespace, Payloads, RunId, TaskQueue, UpdateId,
    input::{
        ActivityOutcome, HeartbeatReply, OptionsUpdate, PauseWorkflow, RequestCancel, Signal,
        Terminate,
    },
};
use tokio::time::timeout_at;

use self::ask::{Retry, ask, ready};
pub(crate) use self::tasks::resolve_activity;
use crate::{
    api::*,
    config::EngineConfig,
    context::Shared,
    embedded::{ActivityHost, WorkflowHost},
    matching::{self, Handed},
    node::{self, NodeActor},
    partition::evict_all,
    ports::RunAddress,
    request::{Read, Request},
    supervise::quarantine,
    sync::lock,
    worker::Worker,
    world::World,
};

/// Until when a caller waits.
pub type Deadline = tokio::time::Instant;

/// How long the actors may take to end.
const SHUTDOWN_MAX: Duration = Duration::from_secs(10);

/// The engine, as seen by front doors.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
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

impl Engine {
    /// Starts the node: its partitions recover in the background, requests wait for theirs.
    pub async fn start(config: EngineConfig, world: World) -> Result<Self, StartError> {
        if config.partitions == 0 {
            return Err(StartError::Config("partitions must be at least 1".to_owned()));
        }
        let shared = Shared::new(config, world);
        let spawned = NodeActor::spawn(None, NodeActor, shared.clone()).await;
        let (node, _) = spawned.map_err(|error| StartError::Node(error.to_string()))?;
        *lock(&shared.node) = Some(node);
        Ok(Self { shared })
    }

    /// The settings it runs with.
    pub fn config(&self) -> &EngineConfig {
        &self.shared.config
    }

    /// Waits until every partition has recovered, or the deadline.
    pub async fn ready(&self, deadline: Deadline) -> Result<(), EngineError> {
        for partition in &self.shared.partitions {
            ready(&self.shared, partition, deadline).await?;
        }
        Ok(())
    }

    /// Stops: what is appended stays, what is not is forgotten; callers hear `ShuttingDown`. The
    /// same engine can be built again on the same log.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        let node = lock(&self.shared.node).take();
        for partition in &self.shared.partitions {
            let actor = lock(&partition.actor).take();
            if let Some(actor) = actor {
                let children = actor.get_children();
                // Whoever does not end in time is ended with the process.
                actor.kill_and_wait(Some(SHUTDOWN_MAX)).await.ok();
                for child in children {
                    child.kill_and_wait(Some(SHUTDOWN_MAX)).await.ok();
                }
            }
            evict_all(partition, || EngineError::ShuttingDown);
        }
        if let Some(node) = node {
            node.kill_and_wait(Some(SHUTDOWN_MAX)).await.ok();
        }
        self.shared.tracker.close();
        self.shared.tracker.wait().await;
    }

    /// Starts a workflow, finds the one that runs, or signals it, as the request's policies say.
    pub async fn start_workflow(
        &self,
        request: StartWorkflow,
        deadline: Deadline,
    ) -> Result<Started, EngineError> {
        start::start_workflow(&self.shared, request, deadline).await
    }

    /// Signals a run.
    pub async fn signal(
        &self,
        target: &Target,
        signal: Signal,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let retry = if signal.request_id.is_empty() { Retry::Never } else { Retry::Again };
        self.feed(target, Input::Signal(Box::new(signal)), retry, deadline).await
    }

    /// Asks a run to cancel.
    pub async fn request_cancel(
        &self,
        target: &Target,
        request: RequestCancel,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        self.feed(target, Input::RequestCancel(Box::new(request)), Retry::Again, deadline).await
    }

    /// Ends a run without asking.
    pub async fn terminate(
        &self,
        target: &Target,
        request: Terminate,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        self.feed(target, Input::Terminate(Box::new(request)), Retry::Never, deadline).await
    }

    async fn feed(
        &self,
        target: &Target,
        input: Input,
        retry: Retry,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let fed = ask(&self.shared, target, deadline, retry, |reply| {
            Request::Input(Box::new(input.clone()), Some(reply))
        });
        fed.await.map(drop)
    }

    /// Asks a run something; a worker answers.
    pub async fn query(
        &self,
        target: &Target,
        query: Query,
        deadline: Deadline,
    ) -> Result<QueryAnswer, EngineError> {
        let left = deadline.saturating_duration_since(Deadline::now());
        let until = self.shared.world.clock.now() + left.into();
        ask(&self.shared, target, deadline, Retry::Again, |reply| {
            Request::Read(Read::Query(Box::new(query.clone()), until, reply))
        })
        .await
    }

    /// Sends an update and waits until the stage asked for, or the deadline: then the answer tells
    /// the stage that was reached.
    pub async fn update(
        &self,
        target: &Target,
        update: UpdateWorkflow,
        deadline: Deadline,
    ) -> Result<UpdateAnswer, EngineError> {
        update::update(&self.shared, target, update, deadline).await
    }

    /// Starts a workflow together with an update, or updates the one that runs, as the request's
    /// policies say.
    pub async fn update_with_start(
        &self,
        start: StartWorkflow,
        update: UpdateWorkflow,
        deadline: Deadline,
    ) -> Result<(Started, UpdateAnswer), UpdateWithStartError> {
        update_with_start::update_with_start(&self.shared, start, update, deadline).await
    }

    /// Waits for a stage of an update that was sent before.
    pub async fn poll_update(
        &self,
        target: &Target,
        update_id: UpdateId,
        wait: UpdateWait,
        deadline: Deadline,
    ) -> Result<UpdateAnswer, EngineError> {
        update::poll_update(&self.shared, target, update_id, wait, deadline).await
    }

    /// A run's state.
    pub async fn describe(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Description, EngineError> {
        look::describe(&self.shared, target, deadline).await
    }

    /// A part of a run's history; may wait for news.
    pub async fn history(
        &self,
        target: &Target,
        request: HistoryRequest,
        deadline: Deadline,
    ) -> Result<HistoryPage, EngineError> {
        look::history(&self.shared, target, request, deadline).await
    }

    /// Refuses a namespace that there is not.
    pub async fn require_namespace(&self, namespace: &Namespace) -> Result<(), EngineError> {
        ask::require_namespace(&self.shared, namespace).await.map(drop)
    }

    /// A namespace's runs, newest first.
    pub async fn list(
        &self,
        request: ListRequest,
        deadline: Deadline,
    ) -> Result<ListPage, EngineError> {
        timeout_at(deadline, list::list(&self.shared, request))
            .await
            .unwrap_or(Err(EngineError::DeadlineExceeded("the log did not answer")))
    }

    /// Takes the next workflow task of a queue; nothing when the deadline passes.
    pub async fn poll_workflow_task(
        &self,
        poll: Poll,
        deadline: Deadline,
    ) -> Result<Option<PolledWorkflowTask>, EngineError> {
        match matching::poll(&self.shared, poll, TaskKind::Workflow, deadline).await? {
            Some(Handed::Workflow(task)) => Ok(Some(*task)),
            Some(Handed::Activity(_) | Handed::Nothing) | None => Ok(None),
        }
    }

    /// Takes the next activity attempt of a queue; nothing when the deadline passes.
    pub async fn poll_activity_task(
        &self,
        poll: Poll,
        deadline: Deadline,
    ) -> Result<Option<PolledActivityTask>, EngineError> {
        match matching::poll(&self.shared, poll, TaskKind::Activity, deadline).await? {
            Some(Handed::Activity(task)) => Ok(Some(*task)),
            Some(Handed::Workflow(_) | Handed::Nothing) | None => Ok(None),
        }
    }

    /// Waits with a worker that offers Nexus services until the deadline, or until its process shuts
    /// down: nobody can call them yet.
    pub async fn poll_nexus_task(&self, poll: Poll, deadline: Deadline) -> Result<(), EngineError> {
        matching::poll(&self.shared, poll, TaskKind::Nexus, deadline).await.map(drop)
    }

    /// A workflow task that was polled reached nobody: it is offered again as it is.
    pub fn give_back_workflow_task(&self, token: TaskToken) {
        matching::give_back_token(&self.shared, token, TaskKind::Workflow);
    }

    /// An activity attempt that was polled reached nobody: it is offered again as it is.
    pub fn give_back_activity_task(&self, token: TaskToken) {
        matching::give_back_token(&self.shared, token, TaskKind::Activity);
    }

    /// Answers a workflow task.
    pub async fn complete_workflow_task(
        &self,
        token: &TaskToken,
        completion: Completion,
        deadline: Deadline,
    ) -> Result<Completed, EngineError> {
        tasks::complete_workflow_task(&self.shared, token, completion, deadline).await
    }

    /// Says that a workflow task could not be processed.
    pub async fn fail_workflow_task(
        &self,
        token: &TaskToken,
        failure: TaskFailure,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let input = tasks::failed_task(token, failure);
        self.feed(&Target::from(&token.run), input, Retry::Never, deadline).await
    }

    /// Answers a lone query ([`PolledWorkflowTask::lone_query`]).
    pub async fn answer_query(
        &self,
        token: &TaskToken,
        answer: QueryAnswer,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let id = token.request_id.as_str();
        ask(&self.shared, &Target::from(&token.run), deadline, Retry::Never, |reply| {
            Request::Read(Read::AnswerQuery(id.to_owned(), answer.clone(), reply))
        })
        .await
    }

    /// Answers an activity attempt.
    pub async fn resolve_activity(
        &self,
        activity: &ActivityTarget,
        outcome: ActivityOutcome,
        identity: Identity,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        resolve_activity(&self.shared, activity, outcome, identity, deadline).await
    }

    /// Tells that an activity attempt is alive.
    pub async fn heartbeat_activity(
        &self,
        activity: &ActivityTarget,
        details: Payloads,
        identity: Identity,
        deadline: Deadline,
    ) -> Result<HeartbeatReply, EngineError> {
        tasks::heartbeat_activity(&self.shared, activity, details, identity, deadline).await
    }

    /// The sticky worker of a run is gone.
    pub async fn reset_sticky(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        self.feed(target, Input::ResetSticky, Retry::Again, deadline).await
    }

    /// Begins a run again from an earlier point, as a new run, whose id is the answer.
    pub async fn reset_workflow(
        &self,
        target: &Target,
        request: ResetWorkflow,
        deadline: Deadline,
    ) -> Result<RunId, EngineError> {
        reset::reset(&self.shared, target, request, deadline).await
    }

    /// Attaches to a run, or changes its options; its workflow does not hear of it.
    pub async fn update_workflow_options(
        &self,
        target: &Target,
        update: OptionsUpdate,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let known = !update.event.attached_request_id.is_empty();
        let retry = if known { Retry::Again } else { Retry::Never };
        self.feed(target, Input::UpdateOptions(Box::new(update)), retry, deadline).await
    }

    /// Hands out no tasks of a run until further notice.
    pub async fn pause_workflow(
        &self,
        target: &Target,
        request: PauseWorkflow,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let retry = if request.request_id.is_empty() { Retry::Never } else { Retry::Again };
        self.feed(target, Input::Pause(Box::new(request)), retry, deadline).await
    }

    /// Lets a paused run go on.
    pub async fn unpause_workflow(
        &self,
        target: &Target,
        request: PauseWorkflow,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        self.feed(target, Input::Unpause(Box::new(request)), Retry::Never, deadline).await
    }

    /// Removes a run and everything of it; one that is open is terminated first. Waits until it is
    /// gone, or the deadline: that it will go is durable by then.
    pub async fn delete_workflow(
        &self,
        target: &Target,
        identity: Identity,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        delete::delete(&self.shared, target, identity, deadline).await
    }

    /// Removes a closed run whose time is over, unless it owes somebody something; whether it is gone.
    /// One that nobody can read is removed as well. The run does it itself: whoever removes records from
    /// under it leaves a process that believes in them.
    pub async fn expire_run(
        &self,
        address: &RunAddress,
        deadline: Deadline,
    ) -> Result<bool, EngineError> {
        expire::expire(&self.shared, address, deadline).await
    }

    /// Lets a quarantined run try again.
    pub async fn resume_quarantined(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<(), EngineError> {
        let slot = ask::locate(&self.shared, target, deadline).await?;
        if quarantine::resume(&self.shared, &slot) {
            return Ok(());
        }
        let message = "the run is not quarantined".to_owned();
        Err(steadfast_core::Rejection::Invalid(message).into())
    }

    /// Runs workflow code of a task queue in this process.
    pub fn host_workflows(
        &self,
        namespace: Namespace,
        task_queue: TaskQueue,
        host: Arc<dyn WorkflowHost>,
    ) {
        self.shared.hosts.add(&namespace, &task_queue, &host);
        self.shared.wake_queue(namespace, task_queue);
    }

    /// Runs activity code of a task queue in this process.
    pub fn host_activities(
        &self,
        namespace: Namespace,
        task_queue: TaskQueue,
        host: Arc<dyn ActivityHost>,
    ) {
        let worker = Arc::new(Worker { namespace, task_queue, host });
        if let Some(node) = lock(&self.shared.node).as_ref() {
            // A node that is ending needs no workers.
            drop(node.send_message(node::Message::StartWorker(worker)));
        }
    }
}
