//! Workers telling of themselves.

use steadfast_temporal_api::api::workflowservice::v1 as proto;

use crate::{
    context::{Context, Patience, target},
    fault::Fault,
};

pub(crate) async fn reset_sticky_task_queue(
    context: &Context,
    _patience: Patience,
    request: proto::ResetStickyTaskQueueRequest,
) -> Result<proto::ResetStickyTaskQueueResponse, Fault> {
    let target = target(request.namespace, request.execution)?;
    context.engine.reset_sticky(&target, context.soon()).await?;
    Ok(proto::ResetStickyTaskQueueResponse {})
}

/// A worker leaves: its sticky queue loses its poller, and tasks there fall back by themselves.
pub(crate) async fn shutdown_worker(
    _context: &Context,
    _patience: Patience,
    _request: proto::ShutdownWorkerRequest,
) -> Result<proto::ShutdownWorkerResponse, Fault> {
    Ok(proto::ShutdownWorkerResponse {})
}
