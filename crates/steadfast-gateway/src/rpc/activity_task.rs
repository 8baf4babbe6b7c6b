//! Activity attempts: polling for them and answering them, with the token of the attempt.

use steadfast_core::input::{ActivityOutcome, HeartbeatReply};
use steadfast_engine::api::{ActivityTarget, Poll};
use steadfast_temporal_api::api::workflowservice::v1 as proto;

use crate::{
    context::{Context, Patience},
    convert::{failure, opaque, payload, task},
    fault::Fault,
    token::Kind,
};

pub(crate) async fn poll_activity_task_queue(
    context: &Context,
    patience: Patience,
    request: proto::PollActivityTaskQueueRequest,
) -> Result<proto::PollActivityTaskQueueResponse, Fault> {
    let namespace = context.namespace(request.namespace).await?;
    let metadata = request.task_queue_metadata;
    let poll = Poll {
        namespace,
        task_queue: context.queue(request.task_queue)?,
        sticky_of: None,
        identity: request.identity.into(),
        worker_instance_key: request.worker_instance_key,
        max_tasks_per_second: metadata.and_then(|metadata| metadata.max_tasks_per_second),
        capabilities: request.deployment_options.as_ref().map(opaque),
    };
    let deadline = context.within(context.config.poll_timeout, patience);
    let polled = context.engine.poll_activity_task(poll, deadline).await?;
    Ok(polled.map_or_else(Default::default, task::activity))
}

async fn attempt(
    context: &Context,
    namespace: &str,
    bytes: &[u8],
) -> Result<ActivityTarget, Fault> {
    context.task(Kind::Activity, namespace, bytes).await.map(ActivityTarget::Token)
}

/// Tells the engine how an attempt ended.
pub(super) async fn resolve(
    context: &Context,
    activity: &ActivityTarget,
    outcome: ActivityOutcome,
    identity: String,
) -> Result<(), Fault> {
    let deadline = context.soon();
    Ok(context.engine.resolve_activity(activity, outcome, identity.into(), deadline).await?)
}

/// Tells the engine that an attempt is alive.
pub(super) async fn heartbeat(
    context: &Context,
    activity: &ActivityTarget,
    details: Option<steadfast_temporal_api::api::common::v1::Payloads>,
    identity: String,
) -> Result<HeartbeatReply, Fault> {
    let (details, deadline) = (payload::core_list(details), context.soon());
    Ok(context.engine.heartbeat_activity(activity, details, identity.into(), deadline).await?)
}

/// A failed attempt's outcome.
pub(super) fn failed(
    failure: Option<steadfast_temporal_api::api::failure::v1::Failure>,
    last_heartbeat: Option<steadfast_temporal_api::api::common::v1::Payloads>,
) -> ActivityOutcome {
    ActivityOutcome::Failed {
        failure: failure::maybe_from_proto(failure).unwrap_or_default(),
        last_heartbeat: last_heartbeat.map(|details| payload::core_list(Some(details))),
    }
}

pub(crate) async fn record_activity_task_heartbeat(
    context: &Context,
    _patience: Patience,
    request: proto::RecordActivityTaskHeartbeatRequest,
) -> Result<proto::RecordActivityTaskHeartbeatResponse, Fault> {
    let activity = attempt(context, &request.namespace, &request.task_token).await?;
    let reply = heartbeat(context, &activity, request.details, request.identity).await?;
    Ok(proto::RecordActivityTaskHeartbeatResponse {
        cancel_requested: reply.cancel_requested,
        activity_paused: reply.paused,
        activity_reset: reply.reset,
    })
}

pub(crate) async fn respond_activity_task_completed(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskCompletedRequest,
) -> Result<proto::RespondActivityTaskCompletedResponse, Fault> {
    let activity = attempt(context, &request.namespace, &request.task_token).await?;
    let outcome = ActivityOutcome::Completed(payload::core_list(request.result));
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskCompletedResponse {})
}

pub(crate) async fn respond_activity_task_failed(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskFailedRequest,
) -> Result<proto::RespondActivityTaskFailedResponse, Fault> {
    let activity = attempt(context, &request.namespace, &request.task_token).await?;
    let outcome = failed(request.failure, request.last_heartbeat_details);
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskFailedResponse::default())
}

pub(crate) async fn respond_activity_task_canceled(
    context: &Context,
    _patience: Patience,
    request: proto::RespondActivityTaskCanceledRequest,
) -> Result<proto::RespondActivityTaskCanceledResponse, Fault> {
    let activity = attempt(context, &request.namespace, &request.task_token).await?;
    let outcome = ActivityOutcome::Canceled(payload::core_list(request.details));
    resolve(context, &activity, outcome, request.identity).await?;
    Ok(proto::RespondActivityTaskCanceledResponse {})
}
