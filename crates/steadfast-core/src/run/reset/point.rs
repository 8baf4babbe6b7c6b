//! Reset points: where each build of the workers took a chain of runs over, so that a reset can go back to
//! before a bad one. They follow from the completed workflow tasks (`addResetPointFromCompletion`).

use std::sync::Arc;

use crate::{
    EventId, Run, Timestamp,
    event::{ResetPoint, WorkflowTaskCompleted},
};

/// How many are kept, the newest (`history.maxAutoResetPoints`).
const POINTS_MAX: usize = 20;

impl Run {
    pub(in crate::run) fn note_reset_point(
        &mut self,
        id: EventId,
        at: Timestamp,
        completed: &WorkflowTaskCompleted,
    ) {
        let build_id = completed.worker.as_ref().map_or("", |worker| worker.build_id.as_str());
        let checksum = completed.binary_checksum.as_str();
        let is_known =
            |point: &ResetPoint| point.build_id == build_id && point.binary_checksum == checksum;
        if (build_id.is_empty() && checksum.is_empty()) || self.reset_points.iter().any(is_known) {
            return;
        }
        let point = ResetPoint {
            build_id: build_id.to_owned(),
            binary_checksum: checksum.to_owned(),
            run_id: self.key().run_id.clone(),
            first_task_completed_event_id: id,
            created_at: at,
            resettable: self.children.is_empty() && self.external.is_empty(),
            ended_at: None,
        };
        let points = Arc::make_mut(&mut self.reset_points);
        points.push(point);
        let surplus = points.len().saturating_sub(POINTS_MAX);
        points.drain(..surplus);
    }
}
