//! The newer words for what an operator does to an activity: the same requests for a workflow's
//! activity, by its id, and for one that stands alone. Newer CLIs say them for both.

use steadfast_temporal_api::api::{common::v1 as common, workflowservice::v1 as proto};

use super::activity_control;
use crate::{
    context::{Context, Patience},
    fault::Fault,
};

/// The run whose activity is meant; an activity that stands alone has none.
fn owner(workflow_id: String, run_id: String) -> Result<common::WorkflowExecution, Fault> {
    if workflow_id.is_empty() {
        return Err(Fault::new(
            tonic::Code::Unimplemented,
            "activities that stand alone are not implemented",
        ));
    }
    Ok(common::WorkflowExecution { workflow_id, run_id })
}

pub(crate) async fn pause_activity_execution(
    context: &Context,
    patience: Patience,
    request: proto::PauseActivityExecutionRequest,
) -> Result<proto::PauseActivityExecutionResponse, Fault> {
    use proto::pause_activity_request::Activity;
    let request = proto::PauseActivityRequest {
        namespace: request.namespace,
        execution: Some(owner(request.workflow_id, request.run_id)?),
        identity: request.identity,
        activity: Some(Activity::Id(request.activity_id)),
        reason: request.reason,
        request_id: request.request_id,
    };
    activity_control::pause_activity(context, patience, request).await?;
    Ok(proto::PauseActivityExecutionResponse {})
}

pub(crate) async fn unpause_activity_execution(
    context: &Context,
    patience: Patience,
    request: proto::UnpauseActivityExecutionRequest,
) -> Result<proto::UnpauseActivityExecutionResponse, Fault> {
    use proto::unpause_activity_request::Activity;
    let request = proto::UnpauseActivityRequest {
        namespace: request.namespace,
        execution: Some(owner(request.workflow_id, request.run_id)?),
        identity: request.identity,
        activity: Some(Activity::Id(request.activity_id)),
        jitter: request.jitter,
        ..proto::UnpauseActivityRequest::default()
    };
    activity_control::unpause_activity(context, patience, request).await?;
    Ok(proto::UnpauseActivityExecutionResponse {})
}

pub(crate) async fn reset_activity_execution(
    context: &Context,
    patience: Patience,
    request: proto::ResetActivityExecutionRequest,
) -> Result<proto::ResetActivityExecutionResponse, Fault> {
    use proto::reset_activity_request::Activity;
    let request = proto::ResetActivityRequest {
        namespace: request.namespace,
        execution: Some(owner(request.workflow_id, request.run_id)?),
        identity: request.identity,
        activity: Some(Activity::Id(request.activity_id)),
        reset_heartbeat: request.reset_heartbeat,
        keep_paused: request.keep_paused,
        jitter: request.jitter,
        restore_original_options: request.restore_original_options,
    };
    activity_control::reset_activity(context, patience, request).await?;
    Ok(proto::ResetActivityExecutionResponse {})
}

pub(crate) async fn update_activity_execution_options(
    context: &Context,
    patience: Patience,
    request: proto::UpdateActivityExecutionOptionsRequest,
) -> Result<proto::UpdateActivityExecutionOptionsResponse, Fault> {
    use proto::update_activity_options_request::Activity;
    let request = proto::UpdateActivityOptionsRequest {
        namespace: request.namespace,
        execution: Some(owner(request.workflow_id, request.run_id)?),
        identity: request.identity,
        activity: Some(Activity::Id(request.activity_id)),
        activity_options: request.activity_options,
        update_mask: request.update_mask,
        restore_original: request.restore_original,
    };
    let answer = activity_control::update_activity_options(context, patience, request).await?;
    let activity_options = answer.activity_options;
    Ok(proto::UpdateActivityExecutionOptionsResponse { activity_options })
}
