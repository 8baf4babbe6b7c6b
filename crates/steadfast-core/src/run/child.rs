//! Child workflows, from the parent's side: started, heard of, and dealt with when the parent
//! closes.
//!
//! The child's first run id follows from the parent's run and the initiated event, so a message
//! that is sent again finds the run it made. What children report is recorded once per initiated
//! event.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ReplayError, Run, derive::derived_run_id};
use crate::{
    Blanks, Effect, Event, EventId, Execution, Identity, Priority, Rejection, RunId, RunKey,
    Transition,
    command::StartChildWorkflow,
    effect::{Outbound, OutboundMessage},
    event::{
        ChildWorkflowExecutionStarted, ParentRef, StartChildWorkflowExecutionInitiated,
        UserMetadata, WorkflowTaskFailedCause,
    },
    input::{RequestCancel, Start, Terminate},
    start::{Lineage, ParentClosePolicy, StartRequest, WorkflowIdConflictPolicy},
};

mod report;

/// Who acts when a parent closes, in the child's history (Temporal's `IdentityHistoryService`).
const CLOSER: &str = "history-service";

/// A child that is to start, or runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// What was asked.
    pub initiated: Arc<StartChildWorkflowExecutionInitiated>,
    /// The event that asked.
    pub initiated_event_id: EventId,
    /// What the user says of it.
    pub user_metadata: Option<Box<UserMetadata>>,
    /// Its started event; 0 until that has a number.
    pub started_event_id: EventId,
    /// Its first run; empty until the parent heard that it runs.
    pub started_run: RunId,
}

impl Child {
    /// Whether the parent heard that it runs.
    pub fn is_started(&self) -> bool {
        !self.started_run.is_empty()
    }

    /// The child as its workflow id addresses it, in its first run. After a reset it is the child
    /// that the run before started, if it did.
    fn first_run(&self, parent: &Run) -> RunKey {
        let author = parent.author_of(self.initiated_event_id);
        RunKey {
            namespace: self.initiated.namespace.clone(),
            workflow_id: self.initiated.workflow_id.clone(),
            run_id: derived_run_id(&author, self.initiated_event_id, "child"),
        }
    }
}

/// Children that nobody answered for: their starts are sent again after a takeover.
pub(crate) fn unstarted(run: &Run) -> Vec<Outbound> {
    let children = run.children.values().filter(|child| !child.is_started());
    children.map(|child| run.start_of(child)).collect()
}

/// What a closed run owes its children: the parent close policy of each.
pub(crate) fn outbound_on_close(run: &Run) -> Vec<Outbound> {
    let children = run.children.values();
    children.filter_map(|child| run.closing_message(child)).collect()
}

impl Run {
    pub(super) fn on_child_initiated(
        &mut self,
        event: &Event,
        initiated: &StartChildWorkflowExecutionInitiated,
    ) -> Result<(), ReplayError> {
        let child = Child {
            initiated: Arc::new(initiated.clone()),
            initiated_event_id: event.id,
            user_metadata: event.user_metadata.clone(),
            started_event_id: 0,
            started_run: RunId::default(),
        };
        self.children.insert(event.id, Arc::new(child));
        Ok(())
    }

    pub(super) fn on_child_started(
        &mut self,
        id: EventId,
        started: &ChildWorkflowExecutionStarted,
    ) -> Result<(), ReplayError> {
        match self.children.get_mut(&started.initiated_event_id) {
            Some(child) => {
                let child = Arc::make_mut(child);
                child.started_event_id = id;
                child.started_run = started.execution.run_id.clone();
                Ok(())
            }
            None => Err(self.dangling("ChildWorkflowExecutionStarted")),
        }
    }

    /// The child may have ended in the same buffer: then nobody asks for the number any more.
    pub(super) fn on_child_start_numbered(&mut self, id: EventId, initiated_event_id: EventId) {
        if let Some(child) = self.children.get_mut(&initiated_event_id) {
            Arc::make_mut(child).started_event_id = id;
        }
    }

    pub(super) fn on_child_ended(
        &mut self,
        initiated_event_id: EventId,
    ) -> Result<(), ReplayError> {
        match self.children.remove(&initiated_event_id) {
            Some(_) => Ok(()),
            None => Err(self.dangling("child end")),
        }
    }

    fn to_child(&self, child: &Child, message: OutboundMessage) -> Outbound {
        let (from, initiated_event_id) = (self.key().clone(), child.initiated_event_id);
        Outbound { from, initiated_event_id, message }
    }

    /// The message that starts a child, from its initiated event.
    fn start_of(&self, child: &Child) -> Outbound {
        let key = child.first_run(self);
        let asked = &child.initiated;
        let request = StartRequest {
            workflow_type: asked.workflow_type.clone(),
            task_queue: asked.task_queue.clone(),
            input: asked.input.clone(),
            workflow_execution_timeout: asked.workflow_execution_timeout,
            workflow_run_timeout: asked.workflow_run_timeout,
            workflow_task_timeout: asked.workflow_task_timeout,
            identity: Identity::default(),
            request_id: key.run_id.as_str().into(),
            reuse_policy: asked.workflow_id_reuse_policy,
            conflict_policy: WorkflowIdConflictPolicy::Fail,
            retry_policy: asked.retry_policy.clone(),
            cron_schedule: asked.cron_schedule.clone(),
            memo: asked.memo.clone(),
            search_attributes: asked.search_attributes.clone(),
            header: asked.header.clone(),
            user_metadata: child.user_metadata.as_deref().cloned(),
            priority: Priority::merged(asked.priority.as_ref(), self.started.priority.as_ref()),
            blanks: asked.blanks.with(Blanks::RUN_TIMEOUT),
            ..StartRequest::default()
        };
        let parent = ParentRef {
            namespace: self.key().namespace.clone(),
            execution: self.key().execution(),
            initiated_event_id: child.initiated_event_id,
        };
        let root = self.started.root.clone().unwrap_or_else(|| self.key().execution());
        let lineage =
            Lineage { parent: Some(parent), root: Some(root), attempt: 1, ..Lineage::default() };
        let start = Box::new(Start { request, lineage, signal: None });
        self.to_child(child, OutboundMessage::StartChild { key, start })
    }

    /// What the parent close policy sends a child. The policy follows the child over its chain of
    /// runs, so it names the chain's first run and not a current one.
    fn closing_message(&self, child: &Child) -> Option<Outbound> {
        let first = child.first_run(self);
        let first_execution_run_id =
            if child.is_started() { child.started_run.clone() } else { first.run_id.clone() };
        let to = RunKey { run_id: RunId::default(), ..first };
        let message = match child.initiated.parent_close_policy {
            ParentClosePolicy::Abandon if child.is_started() => return None,
            ParentClosePolicy::Abandon => return Some(self.start_of(child)),
            ParentClosePolicy::Terminate => {
                let request = Box::new(Terminate {
                    reason: "by parent close policy".to_owned(),
                    identity: CLOSER.into(),
                    first_execution_run_id,
                    ..Terminate::default()
                });
                OutboundMessage::Terminate { to, request }
            }
            ParentClosePolicy::RequestCancel => {
                let id = derived_run_id(self.key(), child.initiated_event_id, "close");
                let request = Box::new(RequestCancel {
                    reason: "by parent close policy".to_owned(),
                    identity: CLOSER.into(),
                    request_id: id.as_str().into(),
                    external: Some((
                        self.author_of(child.initiated_event_id).execution(),
                        child.initiated_event_id,
                    )),
                    first_execution_run_id,
                    child_workflow_only: true,
                    links: Vec::new(),
                });
                OutboundMessage::RequestCancel { to, request }
            }
        };
        Some(self.to_child(child, message))
    }
}

impl Transition<'_> {
    /// The run closes in the transition that asked for children: their starts are not sent, except
    /// those that the parent close policy sends again.
    pub(crate) fn withdraw_child_starts(&mut self) {
        self.effects.retain(|effect| {
            !matches!(effect, Effect::Send(outbound)
                if matches!(outbound.message, OutboundMessage::StartChild { .. }))
        });
    }

    /// A child started while its parent closed: the policy may have missed it, and goes out again.
    fn child_started_too_late(&mut self, child: &Child) {
        if child.initiated.parent_close_policy != ParentClosePolicy::Abandon
            && let Some(message) = self.run.closing_message(child)
        {
            self.effect(Effect::Send(Box::new(message)));
        }
    }

    pub(crate) fn command_start_child(
        &mut self,
        command: StartChildWorkflow,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        self.check_child(&command)?;
        let initiated = self.initiated(command, task_completed);
        let id = self.event_with(initiated, user_metadata, Vec::new());
        if let Some(child) = self.run.children.get(&id) {
            let start = self.run.start_of(child);
            self.effect(Effect::Send(Box::new(start)));
        }
        Ok(())
    }

    fn check_child(&self, command: &StartChildWorkflow) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadStartChildExecutionAttributes;
        let bad = |message: String| Err(Rejection::BadCompletion { cause, message });
        let name = "StartChildWorkflowExecutionCommand";
        self.require_name(name, "Required field WorkflowId", command.workflow_id.as_str(), cause)?;
        let workflow_type = command.workflow_type.as_str();
        self.require_name(name, "Required field WorkflowType", workflow_type, cause)?;
        for (field, text) in
            [("Namespace", command.namespace.as_str()), ("TaskQueue", command.task_queue.as_str())]
        {
            if !text.is_empty() {
                self.require_name(name, field, text, cause)?;
            }
        }
        let field = "StartChildWorkflowExecutionCommandAttributes.Input";
        self.require_payloads(field, &command.input, cause)?;
        if let Some(policy) = &command.retry_policy
            && let Err(error) = policy.check()
        {
            return bad(format!("invalid WorkflowRetryPolicy on {name}: {error}"));
        }
        if !command.cron_schedule.is_empty()
            && let Err(error) = super::successor::check_cron(&command.cron_schedule)
        {
            return bad(format!("invalid CronSchedule on {name}: {error}"));
        }
        let limit = self.limits.pending_children_max;
        if self.run.children.len() >= limit {
            let cause = WorkflowTaskFailedCause::PendingChildWorkflowsLimitExceeded;
            let message = format!(
                "the number of pending child workflow executions, {}, has reached the per-workflow \
                 limit of {limit}",
                self.run.children.len(),
            );
            return Err(Rejection::BadCompletion { cause, message });
        }
        Ok(())
    }

    /// The initiated event: the command with its empty fields taken over from the parent.
    fn initiated(
        &self,
        command: StartChildWorkflow,
        task_completed: EventId,
    ) -> StartChildWorkflowExecutionInitiated {
        let run_timeout =
            command.workflow_run_timeout.shorter_limit(command.workflow_execution_timeout);
        let task_timeout =
            command.workflow_task_timeout.set().unwrap_or(super::workflow_task::DEFAULT_TIMEOUT);
        let own = self.run.key();
        let namespace =
            if command.namespace.is_empty() { own.namespace.clone() } else { command.namespace };
        let task_queue = if command.task_queue.is_empty() {
            self.run.started.task_queue.clone()
        } else {
            command.task_queue
        };
        StartChildWorkflowExecutionInitiated {
            namespace,
            workflow_id: command.workflow_id,
            workflow_type: command.workflow_type,
            task_queue,
            input: command.input,
            workflow_execution_timeout: command.workflow_execution_timeout,
            workflow_run_timeout: run_timeout,
            workflow_task_timeout: task_timeout.shorter_limit(run_timeout),
            parent_close_policy: command.parent_close_policy,
            workflow_task_completed_event_id: task_completed,
            workflow_id_reuse_policy: command.workflow_id_reuse_policy,
            retry_policy: command.retry_policy.map(crate::RetryPolicy::with_defaults),
            cron_schedule: command.cron_schedule,
            header: command.header,
            memo: command.memo,
            inherit_build_id: command.inherit_build_id,
            search_attributes: command.search_attributes,
            priority: command.priority,
            blanks: command.blanks,
        }
    }
}

/// The execution that a child's events name.
fn execution(child: &Child, run_id: RunId) -> Execution {
    Execution { workflow_id: child.initiated.workflow_id.clone(), run_id }
}

#[cfg(test)]
mod tests;
