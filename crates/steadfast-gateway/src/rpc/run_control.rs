//! What an operator does to a run: pause, unpause, delete, other options.

use steadfast_core::{
    event::WorkflowExecutionOptionsUpdated,
    input::{OptionsUpdate, PauseWorkflow},
};
use steadfast_temporal_api::api::{
    history::v1 as history, workflow::v1 as workflow, workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience, namespace, request_id, target_of},
    convert::opaque,
    fault::Fault,
};

pub(crate) async fn pause_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::PauseWorkflowExecutionRequest,
) -> Result<proto::PauseWorkflowExecutionResponse, Fault> {
    let target = target_of(namespace(request.namespace)?, request.workflow_id, request.run_id)?;
    let pause = PauseWorkflow {
        identity: request.identity.into(),
        reason: request.reason,
        request_id: request_id(request.request_id),
    };
    context.engine.pause_workflow(&target, pause, context.soon()).await?;
    Ok(proto::PauseWorkflowExecutionResponse {})
}

pub(crate) async fn unpause_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::UnpauseWorkflowExecutionRequest,
) -> Result<proto::UnpauseWorkflowExecutionResponse, Fault> {
    let target = target_of(namespace(request.namespace)?, request.workflow_id, request.run_id)?;
    let unpause = PauseWorkflow {
        identity: request.identity.into(),
        reason: request.reason,
        request_id: request_id(request.request_id),
    };
    context.engine.unpause_workflow(&target, unpause, context.soon()).await?;
    Ok(proto::UnpauseWorkflowExecutionResponse {})
}

pub(crate) async fn delete_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::DeleteWorkflowExecutionRequest,
) -> Result<proto::DeleteWorkflowExecutionResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let nobody = steadfast_core::Identity::default();
    context.engine.delete_workflow(&target, nobody, context.soon()).await?;
    Ok(proto::DeleteWorkflowExecutionResponse {})
}

pub(crate) async fn update_workflow_execution_options(
    context: &Context,
    _patience: Patience,
    request: proto::UpdateWorkflowExecutionOptionsRequest,
) -> Result<proto::UpdateWorkflowExecutionOptionsResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let mask = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
    let asked = request.workflow_execution_options.unwrap_or_default();
    let known = context.engine.describe(&target, context.soon()).await?;
    let mut options = options_of(&known.run);
    for path in &mask {
        match path.split('.').next().unwrap_or_default() {
            "versioning_override" | "versioningOverride" => {
                options.versioning_override = asked.versioning_override.clone();
            }
            "priority" => options.priority = asked.priority.clone(),
            _ => {
                let message = format!("unknown field in UpdateMask: {path:?}");
                return Err(Fault::invalid(message));
            }
        }
    }
    if !mask.is_empty() {
        let event = history::WorkflowExecutionOptionsUpdatedEventAttributes {
            unset_versioning_override: options.versioning_override.is_none()
                && mask.iter().any(|path| path.starts_with("versioning")),
            versioning_override: options.versioning_override.clone(),
            priority: options.priority.clone(),
            ..history::WorkflowExecutionOptionsUpdatedEventAttributes::default()
        };
        let update = OptionsUpdate {
            event: WorkflowExecutionOptionsUpdated {
                options: opaque(&event),
                identity: request.identity.into(),
                ..WorkflowExecutionOptionsUpdated::default()
            },
            links: Vec::new(),
        };
        context.engine.update_workflow_options(&target, update, context.soon()).await?;
    }
    Ok(proto::UpdateWorkflowExecutionOptionsResponse {
        workflow_execution_options: Some(options),
        update_time: None,
    })
}

/// A run's options as they were last changed.
fn options_of(run: &steadfast_core::Run) -> workflow::WorkflowExecutionOptions {
    let event: history::WorkflowExecutionOptionsUpdatedEventAttributes =
        run.options.as_ref().and_then(crate::convert::clear).unwrap_or_default();
    workflow::WorkflowExecutionOptions {
        versioning_override: event.versioning_override,
        priority: event
            .priority
            .or_else(|| run.started.priority.as_ref().map(crate::convert::priority::to_proto)),
        ..workflow::WorkflowExecutionOptions::default()
    }
}
