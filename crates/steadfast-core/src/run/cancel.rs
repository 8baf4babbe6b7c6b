//! Ending a run from outside: cooperative cancellation and termination.
//!
//! Follows `service/history/api/{requestcancelworkflow,terminateworkflow}`: a cancel request is
//! idempotent, also towards a closed run; a termination is not.

use crate::{
    Change, Rejection, RunId, Transition,
    event::{WorkflowExecutionCancelRequested, WorkflowExecutionTerminated},
    input::{Reply, RequestCancel, Terminate},
};

impl Transition<'_> {
    pub(crate) fn request_cancel(&mut self, request: RequestCancel) -> Result<Reply, Rejection> {
        if !self.run.status.is_open() {
            return Ok(Reply::Duplicate);
        }
        self.require_chain(&request.first_execution_run_id)?;
        let asker = request.external.as_ref().map(|(execution, _)| execution);
        self.refuse_own(asker)?;
        if request.child_workflow_only && !asker.is_some_and(|asker| self.run.is_child_of(asker)) {
            return Err(Rejection::NotParent);
        }
        if self.run.cancel_requested.is_some() {
            return Ok(Reply::Duplicate);
        }
        self.limits.optional_name("RequestId", request.request_id.as_str())?;
        let (execution, initiated) = request.external.unzip();
        let event = WorkflowExecutionCancelRequested {
            cause: request.reason,
            external_initiated_event_id: initiated.unwrap_or_default(),
            external_workflow_execution: execution,
            identity: request.identity,
        };
        self.arrival(event, request.links);
        self.change(Change::CancelRequested(request.request_id));
        self.schedule_workflow_task();
        Ok(Reply::Done)
    }

    pub(crate) fn terminate(&mut self, request: Terminate) -> Result<Reply, Rejection> {
        self.require_open()?;
        self.require_chain(&request.first_execution_run_id)?;
        self.limits.payloads("TerminateWorkflowExecution.Details", &request.details)?;
        let event = WorkflowExecutionTerminated {
            reason: request.reason,
            details: request.details,
            identity: request.identity,
        };
        self.close_run_with(event, None, request.links);
        Ok(Reply::Done)
    }

    /// The caller may mean a certain chain of runs, by its first.
    fn require_chain(&self, first_run_id: &RunId) -> Result<(), Rejection> {
        if first_run_id.is_empty() || *first_run_id == self.run.started.first_execution_run_id {
            Ok(())
        } else {
            Err(Rejection::WrongFirstRun)
        }
    }
}

#[cfg(test)]
mod tests;
