//! Updates that a reset carried over: the history has them as admitted, and so outlives the process.
//!
//! The worker reads the request in the Admitted event and gets no message for it; the Accepted event
//! then names no request (Temporal's `registry.go`, `VisitUpdates`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Admitted;
use crate::{
    Change, EventId, Run, Transition, UpdateId,
    event::{UpdateRequest, WorkflowExecutionUpdateAdmitted},
};

/// An update that the history has as admitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CarriedOver {
    /// Its Admitted event.
    pub admitted_event_id: EventId,
    /// What was asked.
    pub request: UpdateRequest,
}

impl Run {
    pub(in crate::run) fn on_update_carried_over(
        &mut self,
        id: EventId,
        admitted: &WorkflowExecutionUpdateAdmitted,
    ) {
        let request = admitted.request.clone();
        let update_id = request.update_id.clone();
        if self.updates.contains_key(&update_id) {
            return;
        }
        let carried_over = Arc::new(CarriedOver { admitted_event_id: id, request });
        self.updates_admitted.insert(update_id, carried_over);
        self.await_carried_over();
    }

    pub(in crate::run) fn on_update_refused(&mut self, update_id: &UpdateId) {
        self.updates_admitted.remove(update_id);
    }

    /// Puts carried-over updates among those that the workflow has not answered for.
    pub(in crate::run) fn await_carried_over(&mut self) {
        for (update_id, carried_over) in &self.updates_admitted {
            let admitted = self.session.admitted.entry(update_id.clone());
            admitted.or_insert_with(|| Admitted {
                request: carried_over.request.clone(),
                position: u64::try_from(carried_over.admitted_event_id).unwrap_or(0),
                delivered: false,
                in_history: true,
            });
        }
    }
}

impl Transition<'_> {
    /// The update is refused: the process forgets it, and so does the history's state.
    pub(in crate::run) fn forget_admitted(&mut self, update_id: &UpdateId) -> bool {
        if self.run.updates_admitted.contains_key(update_id) {
            self.change(Change::UpdateRefused(update_id.clone()));
        }
        self.run.session.admitted.remove(update_id).is_some()
    }
}
