//! Signals: messages that a workflow only receives. Each is recorded once per request id.

use super::Run;
use crate::{
    Change, Execution, Rejection, RequestId, Transition,
    event::WorkflowExecutionSignaled,
    input::{Reply, Signal},
    limits::LimitError,
};

impl Run {
    pub(super) fn on_request_seen(&mut self, request_id: &RequestId) {
        if self.requests_seen.insert(request_id.clone()) {
            self.requests_in_order.push_back(request_id.clone());
        }
    }

    pub(super) fn on_request_forgotten(&mut self) {
        if let Some(oldest) = self.requests_in_order.pop_front() {
            self.requests_seen.remove(&oldest);
        }
    }

    /// Whether this run was started as a child by the run `asker`.
    pub fn is_child_of(&self, asker: &Execution) -> bool {
        self.started.parent.as_ref().is_some_and(|parent| parent.execution == *asker)
    }
}

impl Transition<'_> {
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<Reply, Rejection> {
        if self.seen(&signal.request_id) {
            return Ok(Reply::Duplicate);
        }
        self.require_open()?;
        self.check_signal(&signal)?;
        self.see(&signal.request_id);
        let event = WorkflowExecutionSignaled {
            signal_name: signal.name,
            input: signal.input,
            identity: signal.identity,
            header: signal.header,
            external_workflow_execution: signal.external,
            request_id: signal.request_id,
        };
        self.arrival(event, signal.links);
        self.schedule_workflow_task();
        Ok(Reply::Done)
    }

    fn check_signal(&self, signal: &Signal) -> Result<(), Rejection> {
        self.refuse_while_closing()?;
        self.limits.name("SignalName", &signal.name)?;
        self.limits.optional_name("RequestId", signal.request_id.as_str())?;
        self.limits.payloads("SignalWorkflowExecution.Input", &signal.input)?;
        self.refuse_own(signal.external.as_ref())?;
        let max = self.limits.signals_total_max;
        if max > 0 && self.run.signal_count >= max as u64 {
            let what = "signals for this workflow";
            return Err(Rejection::Limit(LimitError::TooMany { what, max }));
        }
        Ok(())
    }

    /// A workflow that tried to close in vain, and is about to try again, gets no more news.
    pub(crate) fn refuse_while_closing(&self) -> Result<(), Rejection> {
        let session = &self.run.session;
        let closing = session.close_attempted && session.task_out.is_some();
        if closing { Err(Rejection::Closing) } else { Ok(()) }
    }

    /// A workflow may not signal or cancel itself through the engine.
    pub(crate) fn refuse_own(&self, asker: Option<&Execution>) -> Result<(), Rejection> {
        if asker.is_some_and(|asker| *asker == self.run.key().execution()) {
            let message = "a workflow cannot signal or cancel itself as an external workflow";
            return Err(Rejection::Invalid(message.to_owned()));
        }
        Ok(())
    }

    /// Whether this request was recorded before.
    pub(crate) fn seen(&self, request_id: &RequestId) -> bool {
        !request_id.is_empty() && self.run.requests_seen.contains(request_id)
    }

    /// Remembers a request; beyond the limit the oldest one is no longer recognised.
    pub(crate) fn see(&mut self, request_id: &RequestId) {
        if request_id.is_empty() || self.limits.request_ids_max == 0 {
            return;
        }
        if self.run.requests_seen.len() >= self.limits.request_ids_max {
            self.change(Change::RequestForgotten);
        }
        self.change(Change::RequestSeen(request_id.clone()));
    }
}

#[cfg(test)]
mod tests;
