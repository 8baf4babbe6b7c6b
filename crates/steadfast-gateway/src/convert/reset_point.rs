//! Where the builds of workers took a chain of runs over.

use steadfast_core::{Span, event::ResetPoint};
use steadfast_temporal_api::api::workflow::v1 as workflow;

use super::time;

/// These points, in Temporal's form. A run that went on as another is kept for so long.
#[expect(deprecated, reason = "older SDKs have checksums instead of builds")]
pub(crate) fn to_proto<'a>(
    points: impl IntoIterator<Item = &'a ResetPoint>,
    retention: Span,
) -> workflow::ResetPoints {
    let points = points.into_iter().map(|point| workflow::ResetPointInfo {
        build_id: point.build_id.clone(),
        binary_checksum: point.binary_checksum.clone(),
        run_id: point.run_id.to_string(),
        first_workflow_task_completed_id: point.first_task_completed_event_id,
        create_time: Some(time::timestamp(point.created_at)),
        expire_time: point.ended_at.map(|at| time::timestamp(at + retention)),
        resettable: point.resettable,
    });
    workflow::ResetPoints { points: points.collect() }
}
