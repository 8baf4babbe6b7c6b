//! What a workflow says of updates: accepted, rejected, answered.

use crate::{
    Effect, EventId, Failure, Rejection, Transition, UpdateId,
    command::AcceptUpdate,
    effect::UpdateStage,
    event::{
        UpdateOutcome, UpdateRequest, UserMetadata, WorkflowExecutionUpdateAccepted,
        WorkflowExecutionUpdateCompleted, WorkflowTaskFailedCause,
    },
};

impl Transition<'_> {
    pub(crate) fn command_accept_update(
        &mut self,
        command: AcceptUpdate,
        _task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let update_id = command.update_id;
        if self.run.updates.contains_key(&update_id) {
            return Err(wrong_state(&update_id, "Acceptance", "Accepted"));
        }
        let in_history = self.run.updates_admitted.contains_key(&update_id);
        let request = self.request_of(&update_id, command.request)?;
        let message_id = if command.request_message_id.is_empty() {
            format!("{update_id}/request")
        } else {
            command.request_message_id
        };
        let accepted = WorkflowExecutionUpdateAccepted {
            protocol_instance_id: update_id.as_str().to_owned(),
            accepted_request_message_id: message_id,
            accepted_request_sequencing_event_id: command.request_sequencing_event_id,
            // The Admitted event has it, when a reset carried the update over.
            accepted_request: (!in_history).then_some(request),
        };
        self.event_with(accepted, user_metadata, Vec::new());
        self.effect(Effect::UpdateStage { update_id, stage: UpdateStage::Accepted });
        Ok(())
    }

    /// What was asked: known here, or brought back by the worker.
    fn request_of(
        &self,
        update_id: &UpdateId,
        brought_back: Option<UpdateRequest>,
    ) -> Result<UpdateRequest, Rejection> {
        if let Some(admitted) = self.run.session.admitted.get(update_id) {
            return Ok(admitted.request.clone());
        }
        let room = self.run.updates.len() < self.limits.updates_total_max;
        brought_back.filter(|_| room).ok_or_else(|| unknown(update_id))
    }

    pub(crate) fn command_reject_update(
        &mut self,
        update_id: UpdateId,
        failure: Failure,
        _task_completed: EventId,
        _user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        if self.run.updates.contains_key(&update_id) {
            return Err(wrong_state(&update_id, "Rejection", "Accepted"));
        }
        if !self.forget_admitted(&update_id) {
            return Err(unknown(&update_id));
        }
        let stage = UpdateStage::Rejected(Box::new(failure));
        self.effect(Effect::UpdateStage { update_id, stage });
        Ok(())
    }

    pub(crate) fn command_complete_update(
        &mut self,
        update_id: UpdateId,
        outcome: UpdateOutcome,
        _task_completed: EventId,
        user_metadata: Option<Box<UserMetadata>>,
    ) -> Result<(), Rejection> {
        let Some(update) = self.run.updates.get(&update_id) else {
            return Err(if self.run.session.admitted.contains_key(&update_id) {
                wrong_state(&update_id, "Response", "Sent")
            } else {
                unknown(&update_id)
            });
        };
        if update.completed.is_some() {
            return Err(wrong_state(&update_id, "Response", "Completed"));
        }
        let completed = WorkflowExecutionUpdateCompleted {
            update_id: update_id.clone(),
            identity: update.identity.clone(),
            accepted_event_id: update.accepted_event_id,
            outcome: outcome.clone(),
        };
        self.event_with(completed, user_metadata, Vec::new());
        self.update_stage(update_id, UpdateStage::Completed(outcome));
        Ok(())
    }
}

fn unknown(update_id: &UpdateId) -> Rejection {
    bad(format!(
        "update {update_id} wasn't found on the server. This is most likely a transient error \
         which will be resolved automatically by retries"
    ))
}

fn wrong_state(update_id: &UpdateId, message: &str, state: &str) -> Rejection {
    bad(format!(
        "invalid state transition attempted for Update {update_id}: received *update.{message} \
         message while in state {state}"
    ))
}

fn bad(message: String) -> Rejection {
    let cause = WorkflowTaskFailedCause::BadUpdateWorkflowExecutionMessage;
    Rejection::BadCompletion { cause, message }
}
