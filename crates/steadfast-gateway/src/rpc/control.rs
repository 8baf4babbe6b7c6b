//! Signalling, cancelling and terminating runs.

use steadfast_core::input::{RequestCancel, Signal, Terminate};
use steadfast_temporal_api::api::workflowservice::v1 as proto;

use crate::{
    context::{Context, Patience, request_id, shown_request_id},
    convert::{opaque, payload, start},
    fault::Fault,
};

pub(crate) async fn signal_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::SignalWorkflowExecutionRequest,
) -> Result<proto::SignalWorkflowExecutionResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    if request.signal_name.is_empty() {
        return Err(Fault::invalid("SignalName is not set on request."));
    }
    let signal = Signal {
        name: request.signal_name,
        input: payload::core_list(request.input),
        identity: request.identity.into(),
        header: payload::core_header(request.header),
        request_id: shown_request_id(request.request_id),
        external: None,
        links: start::links(&request.links),
    };
    context.engine.signal(&target, signal, context.soon()).await?;
    Ok(proto::SignalWorkflowExecutionResponse::default())
}

pub(crate) async fn request_cancel_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::RequestCancelWorkflowExecutionRequest,
) -> Result<proto::RequestCancelWorkflowExecutionResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let cancel = RequestCancel {
        reason: request.reason,
        identity: request.identity.into(),
        request_id: request_id(request.request_id),
        first_execution_run_id: request.first_execution_run_id.into(),
        links: request.links.iter().map(opaque).collect(),
        ..RequestCancel::default()
    };
    context.engine.request_cancel(&target, cancel, context.soon()).await?;
    Ok(proto::RequestCancelWorkflowExecutionResponse {})
}

pub(crate) async fn terminate_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::TerminateWorkflowExecutionRequest,
) -> Result<proto::TerminateWorkflowExecutionResponse, Fault> {
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let terminate = Terminate {
        reason: request.reason,
        details: payload::core_list(request.details),
        identity: request.identity.into(),
        first_execution_run_id: request.first_execution_run_id.into(),
        links: request.links.iter().map(opaque).collect(),
    };
    context.engine.terminate(&target, terminate, context.soon()).await?;
    Ok(proto::TerminateWorkflowExecutionResponse {})
}
