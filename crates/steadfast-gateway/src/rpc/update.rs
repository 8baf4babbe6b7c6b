//! Updates: sending one and waiting for a stage of it.

use steadfast_core::{Execution, UpdateId, event::UpdateRequest};
use steadfast_engine::api::{Target, UpdateAnswer, UpdateWait, UpdateWorkflow};
use steadfast_temporal_api::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage, update::v1 as update_proto,
    workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience},
    convert::{execution, update},
    fault::Fault,
};

pub(crate) async fn update_workflow_execution(
    context: &Context,
    patience: Patience,
    request: proto::UpdateWorkflowExecutionRequest,
) -> Result<proto::UpdateWorkflowExecutionResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let wait = wait(request.wait_policy)?;
    let mut asked = update::core_request(request.request)?;
    if asked.update_id.is_empty() {
        asked.update_id = uuid::Uuid::new_v4().to_string().into();
    }
    let first_execution_run_id = request.first_execution_run_id.into();
    let answer = send(context, patience, &target, asked, wait, first_execution_run_id).await?;
    Ok(response(&answer))
}

/// How far an update is, for its caller.
pub(super) fn response(answer: &UpdateAnswer) -> proto::UpdateWorkflowExecutionResponse {
    proto::UpdateWorkflowExecutionResponse {
        update_ref: Some(reference(&answer.run.execution(), &answer.update_id)),
        stage: stage(answer.stage).into(),
        outcome: answer.outcome.as_ref().map(update::outcome),
        ..proto::UpdateWorkflowExecutionResponse::default()
    }
}

async fn send(
    context: &Context,
    patience: Patience,
    target: &Target,
    request: UpdateRequest,
    wait: UpdateWait,
    first_execution_run_id: steadfast_core::RunId,
) -> Result<UpdateAnswer, Fault> {
    let deadline = context.within(context.config.update_poll_timeout, patience);
    let update = UpdateWorkflow { request, wait, first_execution_run_id };
    Ok(context.engine.update(target, update, deadline).await?)
}

pub(crate) async fn poll_workflow_execution_update(
    context: &Context,
    patience: Patience,
    request: proto::PollWorkflowExecutionUpdateRequest,
) -> Result<proto::PollWorkflowExecutionUpdateResponse, Fault> {
    let named =
        request.update_ref.ok_or_else(|| Fault::invalid("UpdateRef is not set on request."))?;
    let target = context.target(request.namespace, named.workflow_execution).await?;
    // Who does not say what to wait for hears how far it is.
    let wait = request.wait_policy.map_or(Ok(UpdateWait::Admitted), |policy| wait(Some(policy)))?;
    let deadline = context.within(context.config.update_poll_timeout, patience);
    let answer =
        context.engine.poll_update(&target, named.update_id.into(), wait, deadline).await?;
    Ok(proto::PollWorkflowExecutionUpdateResponse {
        outcome: answer.outcome.as_ref().map(update::outcome),
        stage: stage(answer.stage).into(),
        update_ref: Some(reference(&answer.run.execution(), &answer.update_id)),
    })
}

fn reference(run: &Execution, update_id: &UpdateId) -> update_proto::UpdateRef {
    update_proto::UpdateRef {
        workflow_execution: Some(execution(run)),
        update_id: update_id.to_string(),
    }
}

/// Until when the caller waits.
pub(crate) fn wait(policy: Option<update_proto::WaitPolicy>) -> Result<UpdateWait, Fault> {
    let stage = policy.unwrap_or_default().lifecycle_stage;
    match Stage::try_from(stage) {
        Ok(Stage::Unspecified | Stage::Accepted) => Ok(UpdateWait::Accepted),
        Ok(Stage::Admitted) => Ok(UpdateWait::Admitted),
        Ok(Stage::Completed) => Ok(UpdateWait::Completed),
        Err(_) => Err(Fault::invalid("unknown WaitPolicy.LifecycleStage")),
    }
}

/// How far an update is.
pub(crate) fn stage(stage: UpdateWait) -> Stage {
    match stage {
        UpdateWait::Admitted => Stage::Admitted,
        UpdateWait::Accepted => Stage::Accepted,
        UpdateWait::Completed => Stage::Completed,
    }
}
