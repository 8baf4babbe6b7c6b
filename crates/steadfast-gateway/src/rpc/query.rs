//! Queries: asking, and a worker's answer to a query that is a task of its own.

use steadfast_core::{Failure, failure::ApplicationFailure, failure::FailureInfo};
use steadfast_engine::api::{Query, QueryAnswer, Target};
use steadfast_temporal_api::api::{
    common::v1 as common, enums::v1 as enums, errordetails::v1::QueryFailedFailure,
    failure::v1 as failure_proto, query::v1 as query_proto, workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience},
    convert::{enums as map, failure, payload},
    fault::Fault,
    token::Kind,
};

pub(crate) async fn query_workflow(
    context: &Context,
    patience: Patience,
    request: proto::QueryWorkflowRequest,
) -> Result<proto::QueryWorkflowResponse, Fault> {
    use enums::QueryRejectCondition as Reject;
    let mut target = context.target(request.namespace, request.execution).await?;
    let query = request.query.ok_or_else(|| Fault::invalid("Query is not set on request."))?;
    if query.query_type.is_empty() {
        return Err(Fault::invalid("QueryType is not set on request."));
    }
    let reject = Reject::try_from(request.query_reject_condition)
        .map_err(|_| Fault::invalid("unknown QueryRejectCondition"))?;
    let query = Query {
        name: query.query_type,
        args: payload::core_list(query.query_args),
        header: payload::core_header(query.header),
        reject_not_open: reject == Reject::NotOpen,
        reject_not_completed_cleanly: reject == Reject::NotCompletedCleanly,
    };
    if target.execution.run_id.is_empty() {
        // The answer names the run that gave it.
        let described = context.engine.describe(&target, context.soon()).await?;
        target.execution.run_id = described.run.key().run_id.clone();
    }
    let answer = context.engine.query(&target, query, context.as_long_as(patience)).await?;
    match answer {
        QueryAnswer::Result(result) => Ok(proto::QueryWorkflowResponse {
            // An answer without values is an answer still: clients decode the list.
            query_result: Some(payload::list(&result).unwrap_or_default()),
            link: Some(link(&target, "Query processed")),
            ..proto::QueryWorkflowResponse::default()
        }),
        QueryAnswer::Rejected(status) => Ok(proto::QueryWorkflowResponse {
            query_rejected: Some(query_proto::QueryRejected { status: map::status(status).into() }),
            link: Some(link(&target, "Query rejected")),
            ..proto::QueryWorkflowResponse::default()
        }),
        QueryAnswer::Failed(failed) => {
            let failure = Some(failure::to_proto(&failed));
            Err(Fault::invalid(failed.message).with(&QueryFailedFailure { failure }))
        }
    }
}

/// The run that a query came to.
fn link(target: &Target, reason: &str) -> common::Link {
    use common::link::{Variant, Workflow};
    let variant = Variant::Workflow(Workflow {
        namespace: target.namespace.to_string(),
        workflow_id: target.execution.workflow_id.to_string(),
        run_id: target.execution.run_id.to_string(),
        reason: reason.to_owned(),
    });
    common::Link { variant: Some(variant) }
}

pub(crate) async fn respond_query_task_completed(
    context: &Context,
    _patience: Patience,
    request: proto::RespondQueryTaskCompletedRequest,
) -> Result<proto::RespondQueryTaskCompletedResponse, Fault> {
    let token = context.task(Kind::Query, &request.namespace, &request.task_token).await?;
    let failed = request.completed_type == i32::from(enums::QueryResultType::Failed);
    let answer = answer(failed, request.query_result, request.error_message, request.failure);
    context.engine.answer_query(&token, answer, context.soon()).await?;
    Ok(proto::RespondQueryTaskCompletedResponse {})
}

/// A worker's answer: older SDKs give a message, newer ones a whole failure.
pub(super) fn answer(
    failed: bool,
    result: Option<common::Payloads>,
    message: String,
    failure: Option<failure_proto::Failure>,
) -> QueryAnswer {
    if !failed {
        return QueryAnswer::Result(payload::core_list(result));
    }
    let failure = failure.map_or_else(
        || Failure {
            message: message.clone(),
            info: FailureInfo::Application(ApplicationFailure::default()),
            ..Failure::default()
        },
        failure::from_proto,
    );
    let message = if message.is_empty() { failure.message.clone() } else { message };
    QueryAnswer::Failed(Box::new(Failure { message, ..failure }))
}
