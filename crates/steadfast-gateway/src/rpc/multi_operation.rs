//! `ExecuteMultiOperation`: a start and an update that belong together. Its error tells of each what
//! became of it.

use steadfast_engine::api::{OperationFate, StartWorkflow, UpdateWithStartError, UpdateWorkflow};
use steadfast_temporal_api::{
    api::{
        errordetails::v1::{
            MultiOperationExecutionFailure, multi_operation_execution_failure::OperationStatus,
        },
        failure::v1::MultiOperationExecutionAborted,
        workflowservice::v1 as proto,
    },
    well_known,
};
use tonic::Code;

use super::{
    start::{not_started, started_response},
    update,
};
use crate::{
    context::{Context, Patience, namespace, request_id},
    convert::{start, update as convert},
    fault::Fault,
};

/// What its users call it.
const FAILED: &str = "Update-with-Start could not be executed.";

pub(crate) async fn execute_multi_operation(
    context: &Context,
    patience: Patience,
    request: proto::ExecuteMultiOperationRequest,
) -> Result<proto::ExecuteMultiOperationResponse, Fault> {
    use proto::execute_multi_operation_response::{Response, response};
    let namespace = namespace(request.namespace)?;
    let names = context.names(&namespace).await?;
    let (start, update) = operations(request.operations)?;
    let (start, update) = match (check_start(&names.namespace, &start), check_update(&update)) {
        (Ok(()), Ok(())) => (start, update),
        (start, update) => return Err(both_failed(start.err(), update.err())),
    };
    let workflow_id = start.workflow_id.clone();
    let named = update.workflow_execution.clone().unwrap_or_default().workflow_id;
    if named != workflow_id {
        let message = "WorkflowId is not consistent with previous operation(s).";
        return Err(both_failed(None, Some(Fault::invalid(message))));
    }
    let request_id = request_id(start.request_id.clone());
    let asked = start::start(start, request_id, &context.config.callbacks);
    let wait = update::wait(update.wait_policy);
    let updated = convert::core_request(update.request);
    let (asked, wait, updated) = match (asked, wait, updated) {
        (Ok(asked), Ok(wait), Ok(updated)) => (asked, wait, updated),
        (asked, wait, updated) => {
            return Err(both_failed(asked.err(), wait.err().or(updated.err())));
        }
    };
    let start = StartWorkflow {
        namespace,
        workflow_id: workflow_id.clone().into(),
        request: asked,
        signal: None,
        traceparent: None,
    };
    let first_execution_run_id = steadfast_core::RunId::default();
    let update = UpdateWorkflow { request: updated, wait, first_execution_run_id };
    let deadline = context.within(context.config.update_poll_timeout, patience);
    let done = context.engine.update_with_start(start, update, deadline).await;
    let (started, answer) = done.map_err(|error| failed(error, &workflow_id))?;
    let responses = vec![
        Response {
            response: Some(response::Response::StartWorkflow(started_response(
                context, started, names,
            ))),
        },
        Response { response: Some(response::Response::UpdateWorkflow(update::response(&answer))) },
    ];
    Ok(proto::ExecuteMultiOperationResponse { responses })
}

/// The two operations: Temporal allows no others, and no other order.
fn operations(
    operations: Vec<proto::execute_multi_operation_request::Operation>,
) -> Result<(proto::StartWorkflowExecutionRequest, proto::UpdateWorkflowExecutionRequest), Fault> {
    use proto::execute_multi_operation_request::operation::Operation;
    let mut operations = operations.into_iter().map(|operation| operation.operation);
    match (operations.next(), operations.next(), operations.next()) {
        (
            Some(Some(Operation::StartWorkflow(start))),
            Some(Some(Operation::UpdateWorkflow(update))),
            None,
        ) => Ok((start, update)),
        _ => Err(Fault::invalid("Operations have to be exactly [Start, Update].")),
    }
}

fn check_start(namespace: &str, start: &proto::StartWorkflowExecutionRequest) -> Result<(), Fault> {
    if !start.namespace.is_empty() && start.namespace != namespace {
        let message = "Operation namespace did not match request's namespace.";
        return Err(Fault::invalid(message));
    }
    if !start.cron_schedule.is_empty() {
        return Err(Fault::invalid("CronSchedule is not allowed."));
    }
    if start.request_eager_execution {
        return Err(Fault::invalid("RequestEagerExecution is not supported."));
    }
    if start.workflow_start_delay.is_some() {
        return Err(Fault::invalid("WorkflowStartDelay is not supported."));
    }
    Ok(())
}

fn check_update(update: &proto::UpdateWorkflowExecutionRequest) -> Result<(), Fault> {
    if !update.first_execution_run_id.is_empty() {
        return Err(Fault::invalid("FirstExecutionRunId is not allowed."));
    }
    let run_id = update.workflow_execution.as_ref().map(|execution| &execution.run_id);
    if run_id.is_some_and(|run_id| !run_id.is_empty()) {
        return Err(Fault::invalid("RunId is not allowed."));
    }
    Ok(())
}

fn failed(error: UpdateWithStartError, workflow_id: &str) -> Fault {
    let status = |fate: OperationFate| match fate {
        OperationFate::Done => OperationStatus::default(),
        OperationFate::Aborted => aborted(),
        OperationFate::Failed(error) => of_fault(not_started(error, workflow_id)),
    };
    whole(vec![status(error.start), status(error.update)])
}

/// One of them cannot be right: the other is not done either.
fn both_failed(start: Option<Fault>, update: Option<Fault>) -> Fault {
    let status = |fault: Option<Fault>| fault.map_or_else(aborted, of_fault);
    whole(vec![status(start), status(update)])
}

fn aborted() -> OperationStatus {
    let fault = Fault::new(Code::Aborted, "Operation was aborted.");
    of_fault(fault.with(&MultiOperationExecutionAborted::default()))
}

fn of_fault(fault: Fault) -> OperationStatus {
    let details = fault.detail.into_iter();
    let details = details.map(|any| well_known::Any { type_url: any.type_url, value: any.value });
    OperationStatus { code: fault.code.into(), message: fault.message, details: details.collect() }
}

/// The whole's code is that of the first operation that failed by itself.
fn whole(statuses: Vec<OperationStatus>) -> Fault {
    let own = |status: &&OperationStatus| {
        status.code != i32::from(Code::Ok) && status.code != i32::from(Code::Aborted)
    };
    let code = statuses.iter().find(own).map_or(Code::Aborted, |status| Code::from(status.code));
    Fault::new(code, FAILED).with(&MultiOperationExecutionFailure { statuses })
}
