//! Workers telling of themselves.

use steadfast_temporal_api::api::workflowservice::v1 as proto;

use crate::{
    context::{Context, Patience, namespace, target},
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

pub(crate) async fn shutdown_worker(
    context: &Context,
    _patience: Patience,
    request: proto::ShutdownWorkerRequest,
) -> Result<proto::ShutdownWorkerResponse, Fault> {
    let namespace = namespace(request.namespace)?;
    context.namespaces.describe(&namespace).await?;
    let sticky = request.sticky_task_queue.into();
    context.engine.shutdown_worker(&namespace, &sticky, &request.worker_instance_key);
    Ok(proto::ShutdownWorkerResponse {})
}
