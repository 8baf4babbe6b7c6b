//! Updates: requests that the workflow's own code accepts or rejects, and answers.
//!
//! An admitted update lives only in the process: a client that waits asks again after a crash. From
//! its acceptance on it is history. Follows `service/history/workflow/update/{update,registry}.go`.

mod carried_over;
mod commands;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::carried_over::CarriedOver;
use super::{ReplayError, Run};
use crate::{
    Effect, EventId, Failure, Identity, Rejection, Transition, UpdateId,
    effect::UpdateStage,
    event::{
        UpdateOutcome, UpdateRequest, WorkflowExecutionUpdateAccepted,
        WorkflowExecutionUpdateCompleted,
    },
    failure::{ApplicationFailure, FailureInfo},
    input::{Reply, UpdateReply},
    limits::LimitError,
};

/// A workflow task that failed so often is not waited for (`failUpdateWorkflowTaskAttemptCount`).
const FAILING_ATTEMPT: i32 = 3;

/// An update that the workflow accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// Its accepted event.
    pub accepted_event_id: EventId,
    /// Which handler.
    pub name: String,
    /// Who asked.
    pub identity: Identity,
    /// Its answer, once there is one.
    pub completed: Option<Completed>,
}

/// The end of an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completed {
    /// Its completed event.
    pub event_id: EventId,
    /// The answer.
    pub outcome: UpdateOutcome,
}

/// An update that the workflow has not answered for.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// What was asked.
    pub request: UpdateRequest,
    /// Its place in the order of arrival.
    pub position: u64,
    /// Whether the workflow task that is out carries it.
    pub delivered: bool,
    /// Whether its request is in the history already: the worker reads it there.
    pub in_history: bool,
}

impl Run {
    pub(super) fn on_update_accepted(
        &mut self,
        id: EventId,
        accepted: &WorkflowExecutionUpdateAccepted,
    ) -> Result<(), ReplayError> {
        let update_id = UpdateId::new(accepted.protocol_instance_id.as_str());
        self.session.admitted.remove(&update_id);
        let carried_over = self.updates_admitted.remove(&update_id);
        let carried_over = carried_over.as_ref().map(|carried_over| &carried_over.request);
        let request = accepted.accepted_request.as_ref().or(carried_over);
        let update = Update {
            accepted_event_id: id,
            name: request.map(|request| request.name.clone()).unwrap_or_default(),
            identity: request.map(|request| request.identity.clone()).unwrap_or_default(),
            completed: None,
        };
        match self.updates.insert(update_id, Arc::new(update)) {
            None => Ok(()),
            Some(_) => Err(self.dangling("WorkflowExecutionUpdateAccepted")),
        }
    }

    pub(super) fn on_update_completed(
        &mut self,
        id: EventId,
        completed: &WorkflowExecutionUpdateCompleted,
    ) -> Result<(), ReplayError> {
        match self.updates.get_mut(&completed.update_id) {
            Some(update) if update.completed.is_none() => {
                let outcome = completed.outcome.clone();
                Arc::make_mut(update).completed = Some(Completed { event_id: id, outcome });
                Ok(())
            }
            Some(_) | None => Err(self.dangling("WorkflowExecutionUpdateCompleted")),
        }
    }

    /// How far an update is, as far as this run knows it.
    pub fn update_state(&self, update_id: &UpdateId) -> Option<UpdateReply> {
        if let Some(update) = self.updates.get(update_id) {
            return Some(match &update.completed {
                Some(completed) => UpdateReply::Completed(completed.outcome.clone()),
                None if self.status.is_open() => UpdateReply::Accepted,
                None => UpdateReply::Completed(unanswered()),
            });
        }
        self.session.admitted.contains_key(update_id).then_some(UpdateReply::Admitted)
    }

    fn updates_open(&self) -> impl Iterator<Item = &UpdateId> {
        let accepted = self.updates.iter();
        accepted.filter(|(_, update)| update.completed.is_none()).map(|(id, _)| id)
    }
}

impl Transition<'_> {
    pub(crate) fn admit_update(&mut self, request: UpdateRequest) -> Result<Reply, Rejection> {
        self.limits.name("UpdateId", request.update_id.as_str())?;
        if let Some(state) = self.run.update_state(&request.update_id) {
            return Ok(Reply::Update(state));
        }
        self.require_open()?;
        self.require_updatable()?;
        self.limits.name("Update Name", &request.name)?;
        self.limits.payloads("Update Input", &request.args)?;
        self.require_room_for_update()?;
        let admitted = &mut self.run.session.admitted;
        let last = admitted.values().map(|admitted| admitted.position).max();
        let position = last.map_or(0, |last| last + 1);
        let update_id = request.update_id.clone();
        let admission = Admitted { request, position, delivered: false, in_history: false };
        admitted.insert(update_id, admission);
        self.schedule_speculative_task();
        Ok(Reply::Update(UpdateReply::Admitted))
    }

    /// Refuses an update that the workflow could not answer as things are.
    fn require_updatable(&self) -> Result<(), Rejection> {
        if self.run.status == super::Status::Paused {
            return Err(Rejection::Paused("Workflow is paused. Cannot update the workflow."));
        }
        if self.run.pending_task().is_some_and(|task| task.attempt >= FAILING_ATTEMPT) {
            let why = "Unable to perform workflow execution update due to Workflow Task in failed \
                       state.";
            return Err(Rejection::NotReady(why));
        }
        self.refuse_while_closing()
    }

    fn require_room_for_update(&self) -> Result<(), Rejection> {
        let in_flight = self.run.session.admitted.len() + self.run.updates_open().count();
        let total = self.run.session.admitted.len() + self.run.updates.len();
        for (what, count, max) in [
            ("concurrent in-flight updates", in_flight, self.limits.updates_in_flight_max),
            ("distinct updates in this workflow", total, self.limits.updates_total_max),
        ] {
            if max > 0 && count >= max {
                return Err(Rejection::Limit(LimitError::TooMany { what, max }));
            }
        }
        Ok(())
    }

    /// The updates that go to the worker with the workflow task, in their order of arrival.
    pub(crate) fn updates_to_deliver(&mut self) -> Vec<UpdateRequest> {
        let mut waiting: Vec<_> = self.run.session.admitted.values_mut().collect();
        waiting.sort_by_key(|admitted| admitted.position);
        let deliver = |admitted: &mut Admitted| {
            admitted.delivered = true;
            (!admitted.in_history).then(|| admitted.request.clone())
        };
        waiting.into_iter().filter_map(deliver).collect()
    }

    /// Whether an update waits that the task which is out, or just ended, did not carry.
    pub(crate) fn has_undelivered_updates(&self) -> bool {
        self.run.session.admitted.values().any(|admitted| !admitted.delivered)
    }

    /// The task that carried updates failed: they go with the next one.
    pub(crate) fn forget_deliveries(&mut self) {
        for admitted in self.run.session.admitted.values_mut() {
            admitted.delivered = false;
        }
    }

    /// The worker completed its task and said nothing of an update it got: it never will.
    pub(crate) fn reject_unprocessed_updates(&mut self) {
        let admitted = self.run.session.admitted.iter();
        let silent: Vec<UpdateId> =
            admitted.filter(|(_, admitted)| admitted.delivered).map(|(id, _)| id.clone()).collect();
        for update_id in silent {
            self.forget_admitted(&update_id);
            let stage = UpdateStage::Rejected(Box::new(unprocessed()));
            self.effect(Effect::UpdateStage { update_id, stage });
        }
    }

    /// The run closes: what was accepted fails, what was not is aborted.
    pub(crate) fn abort_updates(&mut self) {
        let accepted: Vec<UpdateId> = self.run.updates_open().cloned().collect();
        for update_id in accepted {
            let stage = UpdateStage::Completed(unanswered());
            self.update_stage(update_id, stage);
        }
        for update_id in std::mem::take(&mut self.run.session.admitted).into_keys() {
            self.effect(Effect::UpdateStage { update_id, stage: UpdateStage::Aborted });
        }
    }

    /// Announces an end. An acceptance in the same transition is not announced apart: whoever
    /// waits for it gets the outcome at once.
    fn update_stage(&mut self, update_id: UpdateId, stage: UpdateStage) {
        self.effects.retain(|effect| {
            !matches!(effect, Effect::UpdateStage { update_id: other, stage: UpdateStage::Accepted }
                if *other == update_id)
        });
        self.effect(Effect::UpdateStage { update_id, stage });
    }
}

/// The outcome of an update that was accepted by a run which closed before answering it.
fn unanswered() -> UpdateOutcome {
    let message =
        "Workflow Update failed because the Workflow completed before the Update completed.";
    UpdateOutcome::Failure(Box::new(server_failure("AcceptedUpdateCompletedWorkflow", message)))
}

fn unprocessed() -> Failure {
    let message = "Workflow Update is rejected because it wasn't processed by worker. Probably, \
                   Workflow Update is not supported by the worker.";
    server_failure("UnprocessedUpdate", message)
}

fn server_failure(kind: &str, message: &str) -> Failure {
    let info = ApplicationFailure {
        kind: kind.to_owned(),
        non_retryable: true,
        ..ApplicationFailure::default()
    };
    Failure {
        message: message.to_owned(),
        source: "Server".to_owned(),
        info: FailureInfo::Application(info),
        ..Failure::default()
    }
}

#[cfg(test)]
mod tests;
