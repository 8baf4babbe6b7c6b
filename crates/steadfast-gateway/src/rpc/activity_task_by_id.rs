//! Activities answered by name: asynchronous completion without the attempt's token.

use steadfast_core::input::ActivityOutcome;
use steadfast_engine::api::ActivityTarget;
use steadfast_temporal_api::api::workflowservice::v1 as proto;

use super::activity_task::{failed, heartbeat, resolve};
use crate::{
    context::{Context, Patience, namespace, target_of},
    convert::payload,
    fault::Fault,
};

/// The activity of that name in a run; without a run id, in the workflow's current one.
fn named(
    name: String,
    workflow_id: String,
    run_id: String,
    activity_id: String,
) -> Result<ActivityTarget, Fault> {
    let target = target_of(namespace(name)?, workflow_id, run_id)?;
    if activity_id.is_empty() {
        return Err(Fault::invalid("ActivityID is not set on request."));
    }
    Ok(ActivityTarget::Id(target, activity_id.into()))
}

pub(crate) async fn record_activity_task_heartbeat_by_id(
    context: &Context,
    _patience: Patience,
    request: proto::RecordActivityTaskHeartbeatByIdRequest,
) -> Result<proto::RecordActivityTaskHeartbeatByIdResponse, Fault> {
    let activity =
        named(request.namespace, request.workflow_id, request.run_id, request.activity_id)?;
    let reply = heartbeat(context, &activity, request.details, request.identity).await?;
    Ok(proto::RecordActivityTaskHeartbeatByIdResponse {
        cancel_requested: reply.cancel_requested,
        activity_paused: reply.paused,
        activity_reset: reply.reset,
    })
}

pub(crate) async fn respond_activity_task_completed_by_id(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskCompletedByIdRequest,
) -> Result<proto::RespondActivityTaskCompletedByIdResponse, Fault> {
    let activity =
        named(request.namespace, request.workflow_id, request.run_id, request.activity_id)?;
    let outcome = ActivityOutcome::Completed(payload::core_list(request.result));
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskCompletedByIdResponse {})
}

pub(crate) async fn respond_activity_task_failed_by_id(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskFailedByIdRequest,
) -> Result<proto::RespondActivityTaskFailedByIdResponse, Fault> {
    let activity =
        named(request.namespace, request.workflow_id, request.run_id, request.activity_id)?;
    let outcome = failed(request.failure, request.last_heartbeat_details);
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskFailedByIdResponse::default())
}

pub(crate) async fn respond_activity_task_canceled_by_id(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskCanceledByIdRequest,
) -> Result<proto::RespondActivityTaskCanceledByIdResponse, Fault> {
    let activity =
        named(request.namespace, request.workflow_id, request.run_id, request.activity_id)?;
    let outcome = ActivityOutcome::Canceled(payload::core_list(request.details));
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskCanceledByIdResponse {})
}
