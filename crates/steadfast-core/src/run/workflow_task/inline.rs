//! What a worker gets with the acknowledgement of its workflow task: activities that it runs itself,
//! and the next workflow task, so that neither goes over a task queue.

use crate::{
    Effect, EventId, Identity, RequestId, Transition,
    input::{ActivityTask, Reply, StartActivity, StartWorkflowTask, WorkflowTask},
    run::{Status, derive::derived_run_id},
};

impl Transition<'_> {
    /// Starts activities in the very record that schedules them: their starts are as durable as any.
    /// What was cancelled by a later command of the same task is left out.
    pub(super) fn start_eagerly(
        &mut self,
        scheduled: Vec<EventId>,
        identity: &Identity,
    ) -> Vec<ActivityTask> {
        if self.run.status != Status::Running {
            return Vec::new();
        }
        scheduled.into_iter().filter_map(|id| self.start_one_eagerly(id, identity)).collect()
    }

    fn start_one_eagerly(&mut self, id: EventId, identity: &Identity) -> Option<ActivityTask> {
        let request_id = derived_run_id(self.run.key(), id, "eager").as_str().into();
        let (scheduled_event_id, attempt, identity) = (id, 1, identity.clone());
        let input = StartActivity { scheduled_event_id, attempt, request_id, identity };
        let Ok(Reply::Activity(task)) = self.start_activity(input) else {
            return None;
        };
        let offers_it = |effect: &Effect| {
            matches!(effect, Effect::OfferActivity { scheduled_event_id, .. }
                if *scheduled_event_id == id)
        };
        self.effects.retain(|effect| !offers_it(effect));
        Some(*task)
    }

    /// Hands the next workflow task out, if one waits and may start now, to whoever answered the
    /// last one. A worker without stickiness gets its full history like any other.
    pub(super) fn next_at_once(
        &mut self,
        request_id: RequestId,
        identity: &Identity,
    ) -> Option<Box<WorkflowTask>> {
        let pending = self.run.pending_task()?;
        let input = StartWorkflowTask {
            scheduled_event_id: pending.scheduled_event_id,
            attempt: pending.attempt,
            request_id,
            identity: identity.clone(),
        };
        let Ok(Reply::WorkflowTask(task)) = self.start_workflow_task(input) else {
            return None;
        };
        self.effects.retain(|effect| !matches!(effect, Effect::OfferWorkflowTask { .. }));
        Some(task)
    }
}

#[cfg(test)]
mod tests;
