//! What changes a run from outside without its workflow hearing of it: attached requests, completion
//! callbacks, options. Follows `service/history/api/updateworkflowoptions` and the conflict options of
//! `StartWorkflowExecution`.

use super::Run;
use crate::{
    Event, EventId, Rejection, Transition,
    event::WorkflowExecutionOptionsUpdated,
    input::{OptionsUpdate, Reply},
    limits::LimitError,
};

impl Run {
    pub(super) fn on_options_updated(
        &mut self,
        event: &Event,
        updated: &WorkflowExecutionOptionsUpdated,
    ) {
        let request_id = &updated.attached_request_id;
        if !request_id.is_empty() {
            self.requests_attached.insert(request_id.clone(), event.id);
        }
        self.on_callbacks_attached(&updated.attached_completion_callbacks, request_id, event.at);
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
        let attached = self.run.callbacks.len();
        let new = event.attached_completion_callbacks.len();
        let max = self.limits.callbacks_max;
        if new > 0 && attached + new > max {
            return Err(Rejection::Limit(LimitError::TooManyCallbacks { max, attached }));
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
