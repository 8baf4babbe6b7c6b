//! Signals and cancel requests to other workflows.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use serde::Serialize;
use steadfast_core::{
    EventId, Execution, RunId, WorkflowId,
    command::{CommandKind, RequestCancelExternalWorkflow, SignalExternalWorkflow},
    event::ExternalFailedCause,
};

use super::{
    context::WorkflowContext,
    error::{ExternalFailed, WorkflowError},
    slot::Slot,
    state::{Origin, State},
};
use crate::payload::{self, ConversionError};

/// A message on its way.
pub(crate) struct PendingExternal {
    event_id: Option<EventId>,
    slot: Slot<Result<(), ExternalFailedCause>>,
}

impl State {
    fn send(&mut self, command: CommandKind) -> u64 {
        let number = self.externals.take_number();
        self.issue(command, Origin::External(number));
        self.externals.insert(number, PendingExternal { event_id: None, slot: Slot::Empty });
        number
    }

    /// The message's command became this event.
    pub(crate) fn bind_external(&mut self, number: u64, event_id: EventId) {
        self.externals.bind(number, event_id);
        if let Some(external) = self.externals.get_mut(number) {
            external.event_id = Some(event_id);
        }
    }

    /// The history says whether the message arrived.
    pub(crate) fn resolve_external(
        &mut self,
        initiated_event_id: EventId,
        result: Result<(), ExternalFailedCause>,
    ) {
        if let Some(external) = self.externals.by_event(initiated_event_id) {
            external.slot.fill(result);
        }
    }
}

/// Another workflow of the same namespace.
#[derive(Clone)]
pub struct ExternalWorkflow {
    ctx: WorkflowContext,
    target: Execution,
    pub(super) child_only: bool,
}

impl ExternalWorkflow {
    pub(super) fn new(ctx: WorkflowContext, workflow_id: WorkflowId) -> Self {
        let target = Execution { workflow_id, run_id: RunId::default() };
        Self { ctx, target, child_only: false }
    }

    /// One run of it, rather than the current one.
    pub fn run_id(mut self, run_id: impl Into<String>) -> Self {
        self.target.run_id = run_id.into().into();
        self
    }

    /// Signals it.
    pub fn signal<T: Serialize + ?Sized>(&self, name: impl Into<String>, input: &T) -> Delivery {
        let name = name.into();
        let child_workflow_only = self.child_only;
        let command = payload::encode_list(input).map(|input| {
            CommandKind::SignalExternalWorkflow(Box::new(SignalExternalWorkflow {
                execution: self.target.clone(),
                signal_name: name,
                input,
                child_workflow_only,
                ..SignalExternalWorkflow::default()
            }))
        });
        self.deliver("signal", command)
    }

    /// Asks it to cancel.
    pub fn cancel(&self, reason: impl Into<String>) -> Delivery {
        let command =
            CommandKind::RequestCancelExternalWorkflow(Box::new(RequestCancelExternalWorkflow {
                execution: self.target.clone(),
                child_workflow_only: self.child_only,
                reason: reason.into(),
                ..RequestCancelExternalWorkflow::default()
            }));
        self.deliver("cancel request", Ok(command))
    }

    fn deliver(
        &self,
        what: &'static str,
        command: Result<CommandKind, ConversionError>,
    ) -> Delivery {
        let (ctx, target) = (self.ctx.clone(), self.target.clone());
        Delivery { ctx, what, target, command: Some(command), number: None }
    }
}

/// Ends when the other workflow has the message.
#[must_use = "futures do nothing unless awaited"]
pub struct Delivery {
    ctx: WorkflowContext,
    what: &'static str,
    target: Execution,
    command: Option<Result<CommandKind, ConversionError>>,
    number: Option<u64>,
}

impl Future for Delivery {
    type Output = Result<(), WorkflowError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.ctx.shared.lock();
        if let Some(command) = this.command.take() {
            match command {
                Ok(command) => this.number = Some(state.send(command)),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        let Some(number) = this.number else {
            return Poll::Pending;
        };
        let Some(external) = state.externals.get_mut(number) else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = external.slot.poll(cx) else {
            return Poll::Pending;
        };
        let event_id = external.event_id;
        state.externals.remove(number, event_id);
        Poll::Ready(result.map_err(|cause| {
            let (what, target) = (this.what, this.target.clone());
            ExternalFailed { what, target, cause }.into()
        }))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.ctx.shared.lock();
            let event_id = state.externals.get_mut(number).and_then(|sent| sent.event_id);
            state.externals.remove(number, event_id);
        }
    }
}
