//! What changes a run from outside without its workflow hearing of it: attached requests, completion
//! callbacks, options. Follows `service/history/api/updateworkflowoptions` and the conflict options of
//! `StartWorkflowExecution`.

use bytes::Bytes;

use super::Run;
use crate::{
    EventId, Rejection, Transition,
    event::WorkflowExecutionOptionsUpdated,
    input::{OptionsUpdate, Reply},
    limits::LimitError,
};

impl Run {
    pub(super) fn on_options_updated(
        &mut self,
        id: EventId,
        updated: &WorkflowExecutionOptionsUpdated,
    ) {
        if !updated.attached_request_id.is_empty() {
            self.requests_attached.insert(updated.attached_request_id.clone(), id);
        }
        self.callbacks_attached.extend(updated.attached_completion_callbacks.iter().cloned());
        if !updated.options.is_empty() {
            self.options = Some(updated.options.clone());
        }
    }

    pub(super) fn on_options_numbered(
        &mut self,
        id: EventId,
        updated: &WorkflowExecutionOptionsUpdated,
    ) {
        if let Some(known) = self.requests_attached.get_mut(&updated.attached_request_id) {
            *known = id;
        }
    }

    /// Where to report the close: from the start, and attached since.
    pub fn completion_callbacks(&self) -> Vec<Bytes> {
        self.started.completion_callbacks.iter().chain(&self.callbacks_attached).cloned().collect()
    }
}

impl Transition<'_> {
    pub(super) fn update_options(&mut self, update: OptionsUpdate) -> Result<Reply, Rejection> {
        self.require_open()?;
        let OptionsUpdate { event, links } = update;
        let request_id = &event.attached_request_id;
        let known = self.run.opened.request_id == *request_id
            || self.run.requests_attached.contains_key(request_id);
        if !request_id.is_empty() && known {
            return Ok(Reply::Duplicate);
        }
        self.limits.optional_name("RequestId", request_id.as_str())?;
        let callbacks = self.run.started.completion_callbacks.len()
            + self.run.callbacks_attached.len()
            + event.attached_completion_callbacks.len();
        let max = self.limits.callbacks_max;
        if !event.attached_completion_callbacks.is_empty() && callbacks > max {
            let what = "completion callbacks";
            return Err(Rejection::Limit(LimitError::TooMany { what, max }));
        }
        let attached = self.run.requests_attached.len();
        let max = self.limits.request_ids_max;
        if attached >= max {
            let what = "attached requests";
            return Err(Rejection::Limit(LimitError::TooMany { what, max }));
        }
        self.arrival(event, links);
        Ok(Reply::Done)
    }
}

#[cfg(test)]
mod tests;
