//! A paused run is open, but its workflow gets no tasks, its activities are not handed out, and
//! updates and queries are refused. What a worker has already, it may answer. Follows
//! `service/history/api/{pauseworkflow,unpauseworkflow}` and `ApplyWorkflowExecutionPausedEvent`,
//! but for one thing: a task that nobody has yet waits on, where Temporal fails it and makes another.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Run, Status};
use crate::{
    Effect, Identity, Rejection, RequestId, Timestamp, Transition,
    event::{WorkflowExecutionPaused, WorkflowExecutionUnpaused},
    input::{PauseWorkflow, Reply},
    search_attribute::keyword_list,
};

/// The search attribute that says who paused what, as Temporal sets it.
pub const PAUSE_ATTRIBUTE: &str = "TemporalPauseInfo";

/// Who paused the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub identity: Identity,
    /// Why, for people.
    pub reason: String,
    /// Repeats carry the same id.
    pub request_id: RequestId,
}

impl Run {
    pub(super) fn on_paused(&mut self, at: Timestamp, paused: &WorkflowExecutionPaused) {
        self.status = Status::Paused;
        self.pause = Some(Arc::new(Pause {
            at,
            identity: paused.identity.clone(),
            reason: paused.reason.clone(),
            request_id: paused.request_id.clone(),
        }));
        self.show_pause();
    }

    pub(super) fn on_unpaused(&mut self) {
        self.status = Status::Running;
        self.pause = None;
        self.show_pause();
    }

    /// Keeps the search attribute right (`buildTemporalPauseInfoEntries`).
    pub(super) fn show_pause(&mut self) {
        let mut entries = Vec::new();
        if let Some(pause) = &self.pause {
            entries.push(format!("Workflow:{}", self.key().workflow_id));
            if !pause.reason.is_empty() {
                entries.push(format!("Reason:{}", pause.reason));
            }
        }
        let paused = self.activities.values().filter(|activity| activity.paused.is_some());
        let types: BTreeSet<_> =
            paused.map(|activity| activity.scheduled.activity_type.clone()).collect();
        entries.extend(types.iter().map(|kind| format!("property:activityType={kind}")));
        if entries.is_empty() {
            self.search_attributes.remove(PAUSE_ATTRIBUTE);
        } else {
            self.search_attributes.insert(PAUSE_ATTRIBUTE.to_owned(), keyword_list(&entries));
        }
    }
}

impl Transition<'_> {
    pub(super) fn pause(&mut self, request: PauseWorkflow) -> Result<Reply, Rejection> {
        self.require_open()?;
        self.check_pause(&request)?;
        if let Some(pause) = &self.run.pause {
            let repeat = !request.request_id.is_empty() && pause.request_id == request.request_id;
            return if repeat {
                Ok(Reply::Duplicate)
            } else {
                Err(Rejection::Paused("workflow is already paused."))
            };
        }
        let event = WorkflowExecutionPaused {
            identity: request.identity,
            reason: request.reason,
            request_id: request.request_id,
        };
        self.arrival(event, Vec::new());
        Ok(Reply::Done)
    }

    pub(super) fn unpause(&mut self, request: PauseWorkflow) -> Result<Reply, Rejection> {
        self.require_open()?;
        self.check_pause(&request)?;
        if self.run.status != Status::Paused {
            return Err(Rejection::Paused("workflow is not paused."));
        }
        let event = WorkflowExecutionUnpaused {
            identity: request.identity,
            reason: request.reason,
            request_id: request.request_id,
        };
        self.arrival(event, Vec::new());
        self.schedule_workflow_task();
        // What was offered meanwhile was refused, or nobody took it.
        let offers = self.run.pending_effects().into_iter().filter(|effect| {
            matches!(effect, Effect::OfferActivity { .. } | Effect::OfferWorkflowTask { .. })
        });
        self.effects.retain(|effect| !matches!(effect, Effect::OfferWorkflowTask { .. }));
        self.effects.extend(offers);
        Ok(Reply::Done)
    }

    fn check_pause(&self, request: &PauseWorkflow) -> Result<(), Rejection> {
        self.limits.optional_name("reason", &request.reason)?;
        self.limits.optional_name("request id", request.request_id.as_str())?;
        self.limits.optional_name("identity", request.identity.as_str())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
