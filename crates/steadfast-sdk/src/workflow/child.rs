//! Child workflows.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use serde::de::DeserializeOwned;
use steadfast_core::{
    EventId, Execution, Failure, Payloads, RetryPolicy, WorkflowId, WorkflowType,
    command::{CommandKind, RequestCancelExternalWorkflow, StartChildWorkflow},
    failure::{ChildFailure, FailureInfo},
    start::{ParentClosePolicy, WorkflowIdReusePolicy},
};

use super::{
    activity::CancellationType,
    context::WorkflowContext,
    error::{ApplicationError, ChildFailed},
    external::ExternalWorkflow,
    slot::Slot,
    state::{Origin, State, Ticket},
};
use crate::payload::{self, ConversionError};

/// A child that was asked for.
pub(crate) struct PendingChild {
    ticket: Ticket,
    event_id: Option<EventId>,
    pub(crate) execution: Execution,
    pub(crate) workflow_type: WorkflowType,
    shielded: bool,
    cancellation: CancellationType,
    cancel_requested: bool,
    started: Slot<Result<(), Failure>>,
    closed: Slot<Result<Payloads, Failure>>,
}

impl PendingChild {
    fn failed(&self, cause: Failure, info: ChildFailure) -> Failure {
        let info = ChildFailure {
            execution: self.execution.clone(),
            workflow_type: self.workflow_type.clone(),
            initiated_event_id: self.event_id.unwrap_or_default(),
            ..info
        };
        Failure {
            message: "child workflow failed".to_owned(),
            cause: Some(Box::new(cause)),
            info: FailureInfo::ChildWorkflow(info),
            ..Failure::default()
        }
    }
}

fn canceled(details: Payloads) -> Failure {
    Failure {
        message: "child workflow cancelled".to_owned(),
        info: FailureInfo::Canceled { details, identity: Default::default() },
        ..Failure::default()
    }
}

impl State {
    fn start_child(&mut self, order: &Order) -> u64 {
        let number = self.children.take_number();
        let mut command = order.command.clone();
        if command.workflow_id.is_empty() {
            command.workflow_id = WorkflowId::new(self.random.uuid().to_string());
        }
        let execution =
            Execution { workflow_id: command.workflow_id.clone(), run_id: Default::default() };
        let workflow_type = command.workflow_type.clone();
        let command = CommandKind::StartChildWorkflow(Box::new(command));
        let ticket = self.issue(command, Origin::Child(number));
        let child = PendingChild {
            ticket,
            event_id: None,
            execution,
            workflow_type,
            shielded: order.shielded,
            cancellation: order.cancellation,
            cancel_requested: false,
            started: Slot::Empty,
            closed: Slot::Empty,
        };
        self.children.insert(number, child);
        number
    }

    /// The child's command became this event.
    pub(crate) fn bind_child(&mut self, number: u64, event_id: EventId) {
        self.children.bind(number, event_id);
        if let Some(child) = self.children.get_mut(number) {
            child.event_id = Some(event_id);
        }
    }

    /// The history says that the child runs.
    pub(crate) fn child_started(&mut self, initiated_event_id: EventId, execution: &Execution) {
        if let Some(child) = self.children.by_event(initiated_event_id) {
            child.execution = execution.clone();
            child.started.fill(Ok(()));
        }
    }

    /// The history says how the child ended, or that it could not start.
    pub(crate) fn resolve_child(
        &mut self,
        initiated_event_id: EventId,
        result: Result<&Payloads, (Failure, ChildFailure)>,
    ) {
        let Some(child) = self.children.by_event(initiated_event_id) else {
            return;
        };
        match result {
            Ok(result) => {
                child.closed.fill(Ok(result.clone()));
            }
            Err((cause, info)) => {
                let failure = child.failed(cause, info);
                child.started.fill(Err(failure.clone()));
                child.closed.fill(Err(failure));
            }
        }
    }

    fn cancel_child(&mut self, number: u64) {
        let Some(child) = self.children.get_mut(number) else {
            return;
        };
        if !child.closed.is_open() || child.cancel_requested {
            return;
        }
        child.cancel_requested = true;
        let ticket = child.ticket;
        let abandoned = child.cancellation == CancellationType::Abandon;
        let withdrawn = !abandoned && self.outgoing.withdraw(ticket);
        let Some(child) = self.children.get_mut(number) else {
            return;
        };
        let mut target = child.execution.clone();
        target.run_id = Default::default();
        if withdrawn || child.cancellation != CancellationType::WaitCompleted {
            let failure = child.failed(canceled(Payloads::new()), ChildFailure::default());
            child.started.fill(Err(failure.clone()));
            child.closed.fill(Err(failure));
        }
        if !withdrawn && !abandoned {
            let request = RequestCancelExternalWorkflow {
                execution: target,
                child_workflow_only: true,
                ..RequestCancelExternalWorkflow::default()
            };
            let command = CommandKind::RequestCancelExternalWorkflow(Box::new(request));
            self.issue(command, Origin::Other);
        }
    }

    /// The workflow is cancelled.
    pub(crate) fn cancel_children(&mut self) {
        for number in self.children.numbers() {
            if self.children.get_mut(number).is_some_and(|child| !child.shielded) {
                self.cancel_child(number);
            }
        }
    }
}

struct Order {
    command: StartChildWorkflow,
    shielded: bool,
    cancellation: CancellationType,
}

/// A child workflow: set its options, then await its result, or [`Child::started`] for a handle.
///
/// Its id is a fresh UUID unless one is given. Dropping it leaves the child alone.
#[must_use = "futures do nothing unless awaited"]
pub struct Child<O> {
    ctx: WorkflowContext,
    order: Order,
    invalid: Option<ConversionError>,
    number: Option<u64>,
    output: PhantomData<fn() -> O>,
}

impl<O: DeserializeOwned> Child<O> {
    pub(super) fn new(
        ctx: WorkflowContext,
        workflow_type: String,
        input: Result<Payloads, ConversionError>,
    ) -> Self {
        let (input, invalid) = match input {
            Ok(input) => (input, None),
            Err(error) => (Payloads::new(), Some(error)),
        };
        let command = StartChildWorkflow {
            workflow_type: WorkflowType::new(workflow_type),
            input,
            ..StartChildWorkflow::default()
        };
        let order = Order {
            command,
            shielded: ctx.shielded,
            cancellation: CancellationType::WaitCompleted,
        };
        Self { ctx, order, invalid, number: None, output: PhantomData }
    }

    /// Its id, instead of a fresh UUID.
    pub fn workflow_id(mut self, workflow_id: impl Into<String>) -> Self {
        self.order.command.workflow_id = workflow_id.into().into();
        self
    }

    /// Where its workflow tasks go, instead of the parent's queue.
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.order.command.task_queue = task_queue.into().into();
        self
    }

    /// How long its whole chain of runs may take.
    pub fn execution_timeout(mut self, limit: Duration) -> Self {
        self.order.command.workflow_execution_timeout = limit.into();
        self
    }

    /// How long one run of it may take.
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.order.command.workflow_run_timeout = limit.into();
        self
    }

    /// How failed runs are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.order.command.retry_policy = Some(policy);
        self
    }

    /// What becomes of it when the parent closes.
    pub fn parent_close_policy(mut self, policy: ParentClosePolicy) -> Self {
        self.order.command.parent_close_policy = policy;
        self
    }

    /// Whether its id may have been used before.
    pub fn reuse_policy(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.order.command.workflow_id_reuse_policy = policy;
        self
    }

    /// What its cancellation means to the parent; the default waits for how it ends.
    pub fn cancellation(mut self, cancellation: CancellationType) -> Self {
        self.order.cancellation = cancellation;
        self
    }

    /// Waits until the child runs.
    pub async fn started(mut self) -> Result<ChildHandle<O>, ChildFailed> {
        futures::future::poll_fn(|cx| self.poll_started(cx)).await?;
        let number = self.number.unwrap_or_default();
        let execution = match self.ctx.shared.lock().children.get_mut(number) {
            Some(child) => child.execution.clone(),
            None => Execution::default(),
        };
        Ok(ChildHandle { child: self, execution })
    }

    /// The child's number, once it is asked for.
    fn ordered(&mut self) -> Result<u64, ChildFailed> {
        if let Some(error) = self.invalid.take() {
            return Err(invalid(&error));
        }
        if let Some(number) = self.number {
            return Ok(number);
        }
        let mut state = self.ctx.shared.lock();
        if state.is_cancelled(self.ctx.shielded) {
            return Err(ChildFailed::new(canceled(Payloads::new())));
        }
        Ok(*self.number.insert(state.start_child(&self.order)))
    }

    fn poll_started(&mut self, cx: &Context<'_>) -> Poll<Result<(), ChildFailed>> {
        let number = match self.ordered() {
            Ok(number) => number,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let mut state = self.ctx.shared.lock();
        let Some(child) = state.children.get_mut(number) else {
            return Poll::Pending;
        };
        child.started.poll(cx).map(|result| result.map_err(ChildFailed::new))
    }
}

impl<O: DeserializeOwned> Future for Child<O> {
    type Output = Result<O, ChildFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let number = match self.ordered() {
            Ok(number) => number,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let mut state = self.ctx.shared.lock();
        let Some(child) = state.children.get_mut(number) else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = child.closed.poll(cx) else {
            return Poll::Pending;
        };
        let event_id = child.event_id;
        state.children.remove(number, event_id);
        drop(state);
        Poll::Ready(match result {
            Ok(result) => payload::decode_list(&result).map_err(|error| invalid(&error)),
            Err(failure) => Err(ChildFailed::new(failure)),
        })
    }
}

fn invalid(error: &ConversionError) -> ChildFailed {
    let error = ApplicationError::new("ConversionError", error.to_string()).non_retryable();
    ChildFailed::new(error.into_failure())
}

impl<O> Drop for Child<O> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.ctx.shared.lock();
            let event_id = state.children.get_mut(number).and_then(|child| child.event_id);
            state.children.remove(number, event_id);
        }
    }
}

/// A child that runs.
pub struct ChildHandle<O> {
    child: Child<O>,
    execution: Execution,
}

impl<O: DeserializeOwned> ChildHandle<O> {
    /// Its workflow id and run id.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// The child as a target of signals.
    pub fn external(&self) -> ExternalWorkflow {
        let workflow_id = self.execution.workflow_id.clone();
        let mut external = ExternalWorkflow::new(self.child.ctx.clone(), workflow_id);
        external.child_only = true;
        external
    }

    /// Asks it to cancel; [`ChildHandle::result`] tells how it ends.
    pub fn cancel(&self) {
        if let Some(number) = self.child.number {
            self.child.ctx.shared.lock().cancel_child(number);
        }
    }

    /// Waits for its result.
    pub async fn result(self) -> Result<O, ChildFailed> {
        self.child.await
    }
}
