//! What the engine does after the acknowledgement: one match, an arm per effect.

use std::sync::Arc;

use steadfast_core::{Effect, EventId, TaskQueue};

use super::{Arguments, Live};
use crate::{
    api::TaskKind,
    callbacks,
    context::Shared,
    delivery,
    matching::{QueueKey, Reference, TaskName},
    slot::Slot,
    trace, worker,
};

/// Whether the effect is a message that somebody will answer for.
pub(super) fn is_send(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(_))
}

impl Live {
    /// Runs the effects of a transition that is durable.
    pub(super) fn run_effects(&mut self, ctx: &Arguments, effects: Vec<Effect>) {
        let _entered = trace::effects(&self.run, effects.len()).entered();
        for effect in effects {
            match effect {
                Effect::UpdateStage { update_id, stage } => self.update_went_on(&update_id, stage),
                Effect::CallBack { index } => {
                    if let Some(call) = callbacks::call_of(&self.run, index, &ctx.shared.config) {
                        callbacks::send(&ctx.shared, &ctx.slot, index, call);
                    }
                }
                effect @ (Effect::OfferWorkflowTask { .. }
                | Effect::OfferActivity { .. }
                | Effect::WithdrawActivity { .. }
                | Effect::Send(_)
                | Effect::Closed) => perform(&ctx.shared, &ctx.slot, effect),
            }
        }
    }
}

/// Performs an effect that needs nothing of the run's actor.
pub(crate) fn perform(shared: &Arc<Shared>, slot: &Arc<Slot>, effect: Effect) {
    match effect {
        Effect::OfferWorkflowTask { task_queue, scheduled_event_id, attempt, sticky, line } => {
            let task = TaskName::Workflow { scheduled_event_id, attempt };
            let reference = Reference { slot: slot.clone(), task, line };
            offer_workflow_task(shared, task_queue, reference, sticky);
        }
        Effect::OfferActivity { task_queue, scheduled_event_id, attempt, line } => {
            worker::ensure_service(shared, &slot.key().namespace, &task_queue);
            let task = TaskName::Activity { scheduled_event_id, attempt, started_by: None };
            let reference = Reference { slot: slot.clone(), task, line };
            offer(shared, task_queue, reference, TaskKind::Activity);
        }
        Effect::WithdrawActivity { task_queue, scheduled_event_id } => {
            withdraw(shared, slot, task_queue, scheduled_event_id);
        }
        Effect::Send(outbound) => delivery::send(shared, slot, *outbound),
        // Whoever waits, waits at the run's actor, which has told them. Callbacks are a closed run's, and
        // those have an actor.
        Effect::UpdateStage { .. } | Effect::CallBack { .. } | Effect::Closed => {}
    }
}

fn offer_workflow_task(
    shared: &Arc<Shared>,
    task_queue: TaskQueue,
    reference: Reference,
    sticky: bool,
) {
    let slot = &reference.slot;
    let namespace = &slot.key().namespace;
    if shared.hosts.has_workflow(namespace, &task_queue, &slot.address.workflow_type) {
        // The run's actor does it itself, in its next turn.
        shared.follow(slot, slot.wake());
        return;
    }
    if sticky {
        let key = queue_key(slot, task_queue.clone(), TaskKind::Workflow);
        if !shared.matching.is_alive(&key) {
            shared.unstick(slot);
            return;
        }
    }
    offer(shared, task_queue, reference, TaskKind::Workflow);
}

fn offer(shared: &Arc<Shared>, task_queue: TaskQueue, reference: Reference, kind: TaskKind) {
    shared.metrics.tasks_offered.add(1, &[]);
    let key = queue_key(&reference.slot, task_queue, kind);
    if let Some(found) = shared.matching.offer(key, reference) {
        shared.hand_over(found);
    }
}

fn withdraw(shared: &Shared, slot: &Arc<Slot>, task_queue: TaskQueue, scheduled: EventId) {
    let key = queue_key(slot, task_queue, TaskKind::Activity);
    shared.matching.withdraw(&key, slot, scheduled);
}

fn queue_key(slot: &Slot, task_queue: TaskQueue, kind: TaskKind) -> QueueKey {
    QueueKey { namespace: slot.key().namespace.clone(), task_queue, kind }
}
