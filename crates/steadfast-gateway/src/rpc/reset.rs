//! Resetting a run: it ends, and another goes on from an earlier point of its history.

use steadfast_core::{
    EventId,
    input::{PostResetOperation, ReapplyExclude, Reset, Signal},
};
use steadfast_engine::api::ResetWorkflow;
use steadfast_temporal_api::api::{
    enums::v1 as enums, workflow::v1 as workflow, workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience, request_id},
    convert::{payload, start},
    fault::Fault,
};

pub(crate) async fn reset_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::ResetWorkflowExecutionRequest,
) -> Result<proto::ResetWorkflowExecutionResponse, Fault> {
    let exclude = excluded(&request)?;
    let target = context.target(request.namespace, request.workflow_execution).await?;
    let request_id = request_id(request.request_id);
    let operations = request.post_reset_operations.into_iter();
    let operations = operations.map(|asked| operation(asked, &request.identity));
    let reset = Reset {
        workflow_task_finish_event_id: EventId::from(request.workflow_task_finish_event_id),
        reason: request.reason,
        request_id,
        exclude,
        operations: operations.collect::<Result<_, _>>()?,
        identity: request.identity.as_str().into(),
        ..Reset::default()
    };
    let reset = ResetWorkflow { reset };
    let run_id = context.engine.reset_workflow(&target, reset, context.soon()).await?;
    Ok(proto::ResetWorkflowExecutionResponse { run_id: run_id.to_string() })
}

/// What is not carried over to the new run. The older field says what is.
#[expect(deprecated, reason = "older SDKs send the legacy field")]
fn excluded(request: &proto::ResetWorkflowExecutionRequest) -> Result<Vec<ReapplyExclude>, Fault> {
    use enums::{ResetReapplyExcludeType as Exclude, ResetReapplyType as Reapply};
    let mut excluded = Vec::new();
    match Reapply::try_from(request.reset_reapply_type) {
        Ok(Reapply::Unspecified | Reapply::AllEligible) => {}
        Ok(Reapply::Signal) => excluded.push(ReapplyExclude::Update),
        Ok(Reapply::None) => excluded.extend([ReapplyExclude::Signal, ReapplyExclude::Update]),
        Err(_) => return Err(Fault::invalid("unknown ResetReapplyType")),
    }
    for number in &request.reset_reapply_exclude_types {
        excluded.push(match Exclude::try_from(*number) {
            Ok(Exclude::Signal) => ReapplyExclude::Signal,
            Ok(Exclude::Update) => ReapplyExclude::Update,
            Ok(Exclude::Nexus) => ReapplyExclude::Nexus,
            Ok(Exclude::CancelRequest) => ReapplyExclude::CancelRequest,
            Ok(Exclude::Unspecified) | Err(_) => {
                return Err(Fault::invalid("unknown ResetReapplyExcludeType"));
            }
        });
    }
    Ok(excluded)
}

fn operation(
    operation: workflow::PostResetOperation,
    identity: &str,
) -> Result<PostResetOperation, Fault> {
    use workflow::post_reset_operation::Variant;
    match operation.variant {
        Some(Variant::SignalWorkflow(signal)) => Ok(PostResetOperation::Signal(Box::new(Signal {
            name: signal.signal_name,
            input: payload::core_list(signal.input),
            identity: identity.into(),
            header: payload::core_header(signal.header),
            request_id: request_id(String::new()),
            external: None,
            links: start::links(&signal.links),
        }))),
        Some(Variant::UpdateWorkflowOptions(_)) => {
            let message = "workflow options in post-reset operations are not built yet";
            Err(Fault::new(tonic::Code::Unimplemented, message))
        }
        None => Err(Fault::invalid("a post-reset operation has no variant")),
    }
}
