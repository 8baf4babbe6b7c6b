//! Signals and cancel requests that the workflow sends to other runs.
//!
//! Each is sent until its target, or its absence, answers; the request id follows from this run and
//! the initiated event, so a message that is sent again changes nothing at its target.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ReplayError, Run, derive::derived_run_id};
use crate::{
    Effect, Event, EventId, EventKind, Execution, Identity, Namespace, Rejection, RequestId,
    RunKey, Transition, WorkflowId,
    command::{RequestCancelExternalWorkflow, SignalExternalWorkflow},
    effect::{Outbound, OutboundMessage},
    event::{
        ExternalWorkflowExecutionCancelRequested, ExternalWorkflowExecutionSignaled,
        RequestCancelExternalWorkflowExecutionFailed,
        RequestCancelExternalWorkflowExecutionInitiated, SignalExternalWorkflowExecutionFailed,
        SignalExternalWorkflowExecutionInitiated, UserMetadata, WorkflowTaskFailedCause,
    },
    input::{ExternalReport, Reply, RequestCancel, Signal},
};

/// A message to another run that nobody answered for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The event that asked for it.
    pub initiated_event_id: EventId,
    /// What is sent.
    pub content: Content,
}

/// What is sent: the initiated event's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// A signal.
    Signal(Arc<SignalExternalWorkflowExecutionInitiated>),
    /// A cancel request.
    Cancel(Arc<RequestCancelExternalWorkflowExecutionInitiated>),
}

/// Messages that nobody answered for: they are sent again after a takeover.
pub(crate) fn undelivered(run: &Run) -> Vec<Outbound> {
    run.external.values().map(|message| run.outbound(message)).collect()
}

impl Run {
    pub(super) fn on_external_initiated(&mut self, event: &Event) -> Result<(), ReplayError> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "evolve sends only these two kinds")]
        let content = match &event.kind {
            EventKind::SignalExternalWorkflowExecutionInitiated(a) => {
                Content::Signal(Arc::new((**a).clone()))
            }
            EventKind::RequestCancelExternalWorkflowExecutionInitiated(a) => {
                Content::Cancel(Arc::new((**a).clone()))
            }
            _ => return Err(self.dangling("external message")),
        };
        let message = Message { initiated_event_id: event.id, content };
        self.external.insert(event.id, Arc::new(message));
        Ok(())
    }

    pub(super) fn on_external_ended(
        &mut self,
        initiated_event_id: EventId,
    ) -> Result<(), ReplayError> {
        match self.external.remove(&initiated_event_id) {
            Some(_) => Ok(()),
            None => Err(self.dangling("end of an external message")),
        }
    }

    /// A message was answered for without an event of its own.
    pub(super) fn on_delivered(&mut self, initiated_event_id: EventId) -> Result<(), ReplayError> {
        self.on_external_ended(initiated_event_id)
    }

    /// The run that a child knows as its parent: this one, or one whose history it has.
    fn parent_of(&self, child: &WorkflowId) -> Execution {
        let known = self.children.values().find(|known| known.initiated.workflow_id == *child);
        known.map_or_else(
            || self.key().execution(),
            |known| self.author_of(known.initiated_event_id).execution(),
        )
    }

    fn outbound(&self, message: &Message) -> Outbound {
        let id = message.initiated_event_id;
        // After a reset the message is the one that the run before sent, if it did.
        let author = self.author_of(id);
        let request_id: RequestId = derived_run_id(&author, id, "message").as_str().into();
        let own = self.key().execution();
        let message = match &message.content {
            Content::Signal(asked) => OutboundMessage::Signal {
                to: target(&asked.namespace, &asked.execution),
                signal: Box::new(Signal {
                    name: asked.signal_name.clone(),
                    input: asked.input.clone(),
                    identity: Identity::new("history-service"),
                    header: asked.header.clone(),
                    request_id,
                    external: Some(own),
                    links: Vec::new(),
                }),
                only_child_of: asked
                    .child_workflow_only
                    .then(|| self.parent_of(&asked.execution.workflow_id)),
            },
            Content::Cancel(asked) => OutboundMessage::RequestCancel {
                to: target(&asked.namespace, &asked.execution),
                request: Box::new(RequestCancel {
                    reason: asked.reason.clone(),
                    identity: Identity::new("history-service"),
                    request_id,
                    external: Some((
                        if asked.child_workflow_only {
                            self.parent_of(&asked.execution.workflow_id)
                        } else {
                            own
                        },
                        id,
                    )),
                    child_workflow_only: asked.child_workflow_only,
                    ..RequestCancel::default()
                }),
            },
        };
        Outbound { from: self.key().clone(), initiated_event_id: id, message }
    }
}

fn target(namespace: &Namespace, execution: &Execution) -> RunKey {
    RunKey {
        namespace: namespace.clone(),
        workflow_id: execution.workflow_id.clone(),
        run_id: execution.run_id.clone(),
    }
}

impl Transition<'_> {
    /// A namespace that is not too long, and a run id that could be one.
    fn require_target(
        &self,
        command: &str,
        namespace: &Namespace,
        execution: &Execution,
        cause: WorkflowTaskFailedCause,
    ) -> Result<(), Rejection> {
        if !namespace.is_empty() {
            self.require_name(command, "Namespace", namespace.as_str(), cause)?;
        }
        let run_id = &execution.run_id;
        if run_id.is_empty() || uuid::Uuid::try_parse(run_id.as_str()).is_ok() {
            return Ok(());
        }
        let workflow_id = &execution.workflow_id;
        let message =
            format!("Invalid RunId set on {command}. WorkflowId={workflow_id} RunId={run_id}");
        Err(Rejection::BadCompletion { cause, message })
    }

    pub(crate) fn command_signal_external(
        &mut self,
        command: SignalExternalWorkflow,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadSignalWorkflowExecutionAttributes;
        let name = "SignalExternalWorkflowExecutionCommand";
        self.require_name(name, "WorkflowId", command.execution.workflow_id.as_str(), cause)?;
        self.require_name(name, "SignalName", &command.signal_name, cause)?;
        self.require_target(name, &command.namespace, &command.execution, cause)?;
        let field = "SignalExternalWorkflowExecutionCommandAttributes.Input";
        self.require_payloads(field, &command.input, cause)?;
        let pending = self.count_pending(|content| matches!(content, Content::Signal(_)));
        let limit = self.limits.pending_signals_max;
        let cause = WorkflowTaskFailedCause::PendingSignalsLimitExceeded;
        require_room("signals to external workflows", pending, limit, cause)?;
        let initiated = SignalExternalWorkflowExecutionInitiated {
            workflow_task_completed_event_id: task_completed,
            namespace: self.own_unless_named(command.namespace),
            execution: command.execution,
            signal_name: command.signal_name,
            input: command.input,
            child_workflow_only: command.child_workflow_only,
            header: command.header,
        };
        self.send_external(initiated, user_metadata);
        Ok(())
    }

    pub(crate) fn command_cancel_external(
        &mut self,
        command: RequestCancelExternalWorkflow,
        task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let cause = WorkflowTaskFailedCause::BadRequestCancelExternalAttributes;
        let name = "RequestCancelExternalWorkflowExecutionCommand";
        self.require_name(name, "WorkflowId", command.execution.workflow_id.as_str(), cause)?;
        self.require_target(name, &command.namespace, &command.execution, cause)?;
        let same_task = self.run.children.values().any(|child| {
            child.initiated.workflow_task_completed_event_id == task_completed
                && child.initiated.workflow_id == command.execution.workflow_id
        });
        if same_task {
            let message = format!(
                "Start and RequestCancel for child workflow is not allowed in same workflow task. \
                 WorkflowId={}",
                command.execution.workflow_id
            );
            return Err(Rejection::BadCompletion { cause, message });
        }
        let pending = self.count_pending(|content| matches!(content, Content::Cancel(_)));
        let limit = self.limits.pending_cancels_max;
        let cause = WorkflowTaskFailedCause::PendingRequestCancelLimitExceeded;
        require_room("requests to cancel external workflows", pending, limit, cause)?;
        let initiated = RequestCancelExternalWorkflowExecutionInitiated {
            workflow_task_completed_event_id: task_completed,
            namespace: self.own_unless_named(command.namespace),
            execution: command.execution,
            child_workflow_only: command.child_workflow_only,
            reason: command.reason,
        };
        self.send_external(initiated, user_metadata);
        Ok(())
    }

    fn send_external(
        &mut self,
        initiated: impl Into<EventKind>,
        user_metadata: Option<Box<UserMetadata>>,
    ) {
        let id = self.event_with(initiated, user_metadata, Vec::new());
        if let Some(message) = self.run.external.get(&id) {
            let outbound = self.run.outbound(message);
            self.effect(Effect::Send(Box::new(outbound)));
        }
    }

    fn own_unless_named(&self, namespace: Namespace) -> Namespace {
        if namespace.is_empty() { self.run.key().namespace.clone() } else { namespace }
    }

    fn count_pending(&self, counts: impl Fn(&Content) -> bool) -> usize {
        self.run.external.values().filter(|message| counts(&message.content)).count()
    }

    /// Records what became of a message; a repeat, or news to a closed run, changes nothing.
    pub(crate) fn external_report(&mut self, report: &ExternalReport) -> Result<Reply, Rejection> {
        let initiated_event_id = report.initiated_event_id;
        let known = self.run.external.get(&initiated_event_id).cloned();
        let Some(message) = known.filter(|_| self.run.status.is_open()) else {
            return Ok(Reply::Duplicate);
        };
        let kind = match (&message.content, report.outcome) {
            (Content::Signal(asked), Ok(())) => {
                EventKind::from(ExternalWorkflowExecutionSignaled {
                    initiated_event_id,
                    namespace: asked.namespace.clone(),
                    execution: asked.execution.clone(),
                })
            }
            (Content::Signal(asked), Err(cause)) => {
                EventKind::from(SignalExternalWorkflowExecutionFailed {
                    cause,
                    workflow_task_completed_event_id: asked.workflow_task_completed_event_id,
                    namespace: asked.namespace.clone(),
                    execution: asked.execution.clone(),
                    initiated_event_id,
                })
            }
            (Content::Cancel(asked), Ok(())) => {
                EventKind::from(ExternalWorkflowExecutionCancelRequested {
                    initiated_event_id,
                    namespace: asked.namespace.clone(),
                    execution: asked.execution.clone(),
                })
            }
            (Content::Cancel(asked), Err(cause)) => {
                EventKind::from(RequestCancelExternalWorkflowExecutionFailed {
                    cause,
                    workflow_task_completed_event_id: asked.workflow_task_completed_event_id,
                    namespace: asked.namespace.clone(),
                    execution: asked.execution.clone(),
                    initiated_event_id,
                })
            }
        };
        self.arrival(kind, Vec::new());
        self.schedule_workflow_task();
        Ok(Reply::Done)
    }
}

fn require_room(
    what: &str,
    pending: usize,
    limit: usize,
    cause: WorkflowTaskFailedCause,
) -> Result<(), Rejection> {
    if pending < limit {
        return Ok(());
    }
    let message = format!(
        "the number of pending {what}, {pending}, has reached the per-workflow limit of {limit}"
    );
    Err(Rejection::BadCompletion { cause, message })
}

#[cfg(test)]
mod tests;
