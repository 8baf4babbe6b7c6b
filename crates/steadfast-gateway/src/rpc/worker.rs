//! Workers telling of themselves, and who asks for that.

use steadfast_temporal_api::api::{worker::v1 as worker, workflowservice::v1 as proto};
use steadfast_visibility::QueryError;

use crate::{
    context::{Context, Patience},
    fault::Fault,
    workers::{Asked, Filter},
};

pub(crate) async fn reset_sticky_task_queue(
    context: &Context,
    _patience: Patience,
    request: proto::ResetStickyTaskQueueRequest,
) -> Result<proto::ResetStickyTaskQueueResponse, Fault> {
    let target = context.target(request.namespace, request.execution).await?;
    context.engine.reset_sticky(&target, context.soon()).await?;
    Ok(proto::ResetStickyTaskQueueResponse {})
}

pub(crate) async fn shutdown_worker(
    context: &Context,
    _patience: Patience,
    request: proto::ShutdownWorkerRequest,
) -> Result<proto::ShutdownWorkerResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    if let Some(last) = request.worker_heartbeat {
        context.workers.heard(&namespace, last);
    }
    let sticky = request.sticky_task_queue.into();
    context.engine.shutdown_worker(&namespace, &sticky, &request.worker_instance_key);
    Ok(proto::ShutdownWorkerResponse {})
}

pub(crate) async fn record_worker_heartbeat(
    context: &Context,
    _patience: Patience,
    request: proto::RecordWorkerHeartbeatRequest,
) -> Result<proto::RecordWorkerHeartbeatResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    for heartbeat in request.worker_heartbeat {
        context.workers.heard(&namespace, heartbeat);
    }
    Ok(proto::RecordWorkerHeartbeatResponse {})
}

#[expect(deprecated, reason = "older clients read the full form")]
pub(crate) async fn list_workers(
    context: &Context,
    _patience: Patience,
    request: proto::ListWorkersRequest,
) -> Result<proto::ListWorkersResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let asked = asked(&request.query, request.include_system_workers)?;
    // The place is the last key, as it is. No size means all that there are.
    let after = String::from_utf8(request.next_page_token)
        .map_err(|_| Fault::invalid("invalid next_page_token"))?;
    let max = usize::try_from(request.page_size).ok().filter(|size| *size > 0);
    let (page, more) = context.workers.list(&namespace, &asked, &after, max.unwrap_or(usize::MAX));
    let last = page.last().filter(|_| more).map(|last| last.worker_instance_key.clone());
    Ok(proto::ListWorkersResponse {
        workers: page.iter().map(listed).collect(),
        workers_info: page
            .into_iter()
            .map(|heartbeat| worker::WorkerInfo { worker_heartbeat: Some(heartbeat) })
            .collect(),
        next_page_token: last.unwrap_or_default().into_bytes(),
    })
}

pub(crate) async fn count_workers(
    context: &Context,
    _patience: Patience,
    request: proto::CountWorkersRequest,
) -> Result<proto::CountWorkersResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let asked = asked(&request.query, request.include_system_workers)?;
    let count = context.workers.count(&namespace, &asked);
    Ok(proto::CountWorkersResponse { count: i64::try_from(count).unwrap_or(i64::MAX) })
}

pub(crate) async fn describe_worker(
    context: &Context,
    _patience: Patience,
    request: proto::DescribeWorkerRequest,
) -> Result<proto::DescribeWorkerResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let key = request.worker_instance_key;
    let found = context.workers.describe(&namespace, &key);
    let heartbeat = found.ok_or_else(|| Fault::not_found(format!("Worker {key} not found")))?;
    let worker_info = Some(worker::WorkerInfo { worker_heartbeat: Some(heartbeat) });
    Ok(proto::DescribeWorkerResponse { worker_info })
}

fn asked(query: &str, with_system: bool) -> Result<Asked, Fault> {
    let filter = Filter::parse(query).map_err(QueryError::Invalid)?;
    Ok(Asked { filter, with_system })
}

fn listed(heartbeat: &worker::WorkerHeartbeat) -> worker::WorkerListInfo {
    let heartbeat = heartbeat.clone();
    let host = heartbeat.host_info.unwrap_or_default();
    worker::WorkerListInfo {
        worker_instance_key: heartbeat.worker_instance_key,
        worker_identity: heartbeat.worker_identity,
        task_queue: heartbeat.task_queue,
        deployment_version: heartbeat.deployment_version,
        sdk_name: heartbeat.sdk_name,
        sdk_version: heartbeat.sdk_version,
        status: heartbeat.status,
        start_time: heartbeat.start_time,
        host_name: host.host_name,
        worker_grouping_key: host.worker_grouping_key,
        process_id: host.process_id,
        plugins: heartbeat.plugins,
        drivers: heartbeat.drivers,
    }
}
