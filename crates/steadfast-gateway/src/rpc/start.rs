//! Starting workflows.

use steadfast_core::Rejection;
use steadfast_engine::{
    EngineError,
    api::{StartWorkflow, Started},
};
use steadfast_temporal_api::api::{
    errordetails::v1::WorkflowExecutionAlreadyStartedFailure, workflowservice::v1 as proto,
};
use tonic::Code;

use crate::{
    context::{Context, Patience, namespace, request_id},
    convert::{enums, event::Names, start, task},
    fault::Fault,
};

pub(crate) async fn start_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::StartWorkflowExecutionRequest,
) -> Result<proto::StartWorkflowExecutionResponse, Fault> {
    let namespace = namespace(request.namespace.clone())?;
    let workflow_id = request.workflow_id.clone();
    let request_id = request_id(request.request_id.clone());
    let names = context.names(&namespace).await?;
    let start = StartWorkflow {
        namespace,
        workflow_id: workflow_id.clone().into(),
        request: start::start(request, request_id, &context.config.callbacks)?,
        signal: None,
        traceparent: None,
    };
    let started = context.engine.start_workflow(start, context.soon()).await;
    let started = started.map_err(|error| not_started(error, &workflow_id))?;
    Ok(started_response(context, started, names))
}

pub(crate) async fn signal_with_start_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::SignalWithStartWorkflowExecutionRequest,
) -> Result<proto::SignalWithStartWorkflowExecutionResponse, Fault> {
    let namespace = namespace(request.namespace.clone())?;
    let workflow_id = request.workflow_id.clone();
    let request_id = request_id(request.request_id.clone());
    let (request, signal) = start::signal_with_start(request, request_id)?;
    let start = StartWorkflow {
        namespace,
        workflow_id: workflow_id.clone().into(),
        request,
        signal: Some(signal),
        traceparent: None,
    };
    let started = context.engine.start_workflow(start, context.soon()).await;
    let started = started.map_err(|error| not_started(error, &workflow_id))?;
    Ok(proto::SignalWithStartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        started: started.started,
        ..proto::SignalWithStartWorkflowExecutionResponse::default()
    })
}

/// What a start led to.
pub(super) fn started_response(
    context: &Context,
    started: Started,
    names: Names,
) -> proto::StartWorkflowExecutionResponse {
    proto::StartWorkflowExecutionResponse {
        run_id: started.run_id.to_string(),
        first_execution_run_id: started.first_run_id.to_string(),
        started: started.started,
        status: enums::status(started.status).into(),
        eager_workflow_task: started.task.map(|task| task::workflow(*task, names, context.page())),
        ..proto::StartWorkflowExecutionResponse::default()
    }
}

/// A start that was refused, with the run that holds the id.
pub(super) fn not_started(error: EngineError, workflow_id: &str) -> Fault {
    match error {
        EngineError::Rejected(Rejection::AlreadyStarted { run_id, start_request_id }) => {
            let message = format!(
                "Workflow execution is already running. WorkflowId: {workflow_id}, RunId: {run_id}."
            );
            Fault::new(Code::AlreadyExists, message).with(&WorkflowExecutionAlreadyStartedFailure {
                start_request_id: start_request_id.to_string(),
                run_id: run_id.to_string(),
                first_execution_run_id: run_id.to_string(),
            })
        }
        error @ (EngineError::NotFound { .. }
        | EngineError::NamespaceNotFound(_)
        | EngineError::Rejected(_)
        | EngineError::Quarantined(_)
        | EngineError::Unavailable(_)
        | EngineError::Exhausted { .. }
        | EngineError::DeadlineExceeded(_)
        | EngineError::QueryFailed(_)
        | EngineError::ShuttingDown) => error.into(),
    }
}
