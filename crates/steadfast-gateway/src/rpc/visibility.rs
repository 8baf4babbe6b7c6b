//! Lists and counts of runs, in Temporal's filter language.

use steadfast_core::search_attribute;
use steadfast_temporal_api::api::{
    filter::v1 as filter, workflow::v1 as workflow, workflowservice::v1 as proto,
};
use steadfast_visibility::{ListRequest, QueryError, RunInfo, Visibility};
use tonic::Code;

use crate::{
    context::{Context, Patience},
    convert::{enums as map, execution, payload, time, workflow_type},
    fault::Fault,
};

pub(crate) async fn list_workflow_executions(
    context: &Context,
    _patience: Patience,
    request: proto::ListWorkflowExecutionsRequest,
) -> Result<proto::ListWorkflowExecutionsResponse, Fault> {
    let (executions, next_page_token) =
        list(context, request.namespace, request.query, request.page_size, request.next_page_token)
            .await?;
    Ok(proto::ListWorkflowExecutionsResponse { executions, next_page_token })
}

pub(crate) async fn scan_workflow_executions(
    context: &Context,
    _patience: Patience,
    request: proto::ScanWorkflowExecutionsRequest,
) -> Result<proto::ScanWorkflowExecutionsResponse, Fault> {
    let (executions, next_page_token) =
        list(context, request.namespace, request.query, request.page_size, request.next_page_token)
            .await?;
    Ok(proto::ScanWorkflowExecutionsResponse { executions, next_page_token })
}

pub(crate) async fn list_open_workflow_executions(
    context: &Context,
    _patience: Patience,
    request: proto::ListOpenWorkflowExecutionsRequest,
) -> Result<proto::ListOpenWorkflowExecutionsResponse, Fault> {
    use proto::list_open_workflow_executions_request::Filters;
    let mut query = vec!["ExecutionStatus = 'Running'".to_owned()];
    query.extend(started("StartTime", request.start_time_filter));
    match request.filters {
        Some(Filters::ExecutionFilter(filter)) => query.extend(of_execution(&filter)),
        Some(Filters::TypeFilter(filter)) => query.push(equals("WorkflowType", &filter.name)),
        None => {}
    }
    let (executions, next_page_token) = list(
        context,
        request.namespace,
        query.join(" AND "),
        request.maximum_page_size,
        request.next_page_token,
    )
    .await?;
    Ok(proto::ListOpenWorkflowExecutionsResponse { executions, next_page_token })
}

pub(crate) async fn list_closed_workflow_executions(
    context: &Context,
    _patience: Patience,
    request: proto::ListClosedWorkflowExecutionsRequest,
) -> Result<proto::ListClosedWorkflowExecutionsResponse, Fault> {
    use proto::list_closed_workflow_executions_request::Filters;
    let mut query = vec!["ExecutionStatus != 'Running'".to_owned()];
    query.extend(started("CloseTime", request.start_time_filter));
    match request.filters {
        Some(Filters::ExecutionFilter(filter)) => query.extend(of_execution(&filter)),
        Some(Filters::TypeFilter(filter)) => query.push(equals("WorkflowType", &filter.name)),
        Some(Filters::StatusFilter(filter)) => {
            query.push(format!("ExecutionStatus = {}", filter.status));
        }
        None => {}
    }
    let (executions, next_page_token) = list(
        context,
        request.namespace,
        query.join(" AND "),
        request.maximum_page_size,
        request.next_page_token,
    )
    .await?;
    Ok(proto::ListClosedWorkflowExecutionsResponse { executions, next_page_token })
}

/// A comparison with a text, which may hold quotes.
fn equals(name: &str, text: &str) -> String {
    format!("{name} = '{}'", text.replace('\'', "''"))
}

fn of_execution(filter: &filter::WorkflowExecutionFilter) -> Vec<String> {
    let mut query = vec![equals("WorkflowId", &filter.workflow_id)];
    if !filter.run_id.is_empty() {
        query.push(equals("RunId", &filter.run_id));
    }
    query
}

fn started(name: &str, filter: Option<filter::StartTimeFilter>) -> Vec<String> {
    let Some(filter) = filter else { return Vec::new() };
    let bound = |sign: &str, at: Option<steadfast_temporal_api::well_known::Timestamp>| {
        let at = at?;
        let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        Some(format!("{name} {sign} {nanos}"))
    };
    let bounds = [bound(">=", filter.earliest_time), bound("<=", filter.latest_time)];
    bounds.into_iter().flatten().collect()
}

pub(crate) async fn count_workflow_executions(
    context: &Context,
    _patience: Patience,
    request: proto::CountWorkflowExecutionsRequest,
) -> Result<proto::CountWorkflowExecutionsResponse, Fault> {
    use proto::count_workflow_executions_response::AggregationGroup;
    let namespace = context.namespace(request.namespace).await?;
    let visibility = visibility(context)?;
    let count = visibility.count(&namespace, &request.query, context.soon()).await?;
    let groups = count.groups.iter().map(|group| AggregationGroup {
        group_values: group.values.iter().map(payload::to_proto).collect(),
        count: i64::try_from(group.count).unwrap_or(i64::MAX),
    });
    Ok(proto::CountWorkflowExecutionsResponse {
        count: i64::try_from(count.total).unwrap_or(i64::MAX),
        groups: groups.collect(),
    })
}

pub(crate) async fn get_search_attributes(
    _context: &Context,
    _patience: Patience,
    _request: proto::GetSearchAttributesRequest,
) -> Result<proto::GetSearchAttributesResponse, Fault> {
    let keys = system_attributes();
    Ok(proto::GetSearchAttributesResponse { keys: keys.collect() })
}

/// What every namespace can be searched by, with the number of its type.
pub(super) fn system_attributes() -> impl Iterator<Item = (String, i32)> {
    let system = search_attribute::SYSTEM.into_iter();
    let predefined = search_attribute::PREDEFINED.into_iter();
    let all = system.chain(predefined.map(|(name, kind, _)| (name, kind)));
    all.map(|(name, kind)| (name.to_owned(), kind.number()))
}

/// The list of runs; there is none where it is switched off.
fn visibility(context: &Context) -> Result<&Visibility, Fault> {
    context.visibility.as_ref().ok_or_else(|| {
        Fault::new(Code::Unavailable, "visibility is switched off (visibility.enabled)")
    })
}

/// A page of a namespace's runs, and where the next one starts.
async fn list(
    context: &Context,
    name: String,
    query: String,
    page_size: i32,
    page_token: Vec<u8>,
) -> Result<(Vec<workflow::WorkflowExecutionInfo>, Vec<u8>), Fault> {
    let namespace = context.namespace(name).await?;
    let request = ListRequest {
        namespace,
        query,
        page_size: usize::try_from(page_size).unwrap_or(0),
        page_token: page_token.into(),
    };
    let page = visibility(context)?.list(request, context.soon()).await?;
    let runs = page.runs.iter().map(info).collect();
    Ok((runs, page.next_page_token.into()))
}

/// A run as lists show it: how long an open one is they leave out.
fn info(run: &RunInfo) -> workflow::WorkflowExecutionInfo {
    let parent = run.parent.as_ref();
    let closed = |number: i64| if run.status.is_open() { 0 } else { number };
    workflow::WorkflowExecutionInfo {
        execution: Some(execution(&run.execution)),
        r#type: workflow_type(&run.workflow_type),
        start_time: Some(time::timestamp(run.start_time)),
        close_time: run.close_time.map(time::timestamp),
        status: map::status(run.status).into(),
        history_length: closed(run.history_length),
        parent_execution: parent.map(|(_, parent)| execution(parent)),
        execution_time: Some(time::timestamp(run.execution_time)),
        memo: Some(payload::memo(&run.memo).unwrap_or_default()),
        search_attributes: Some(
            payload::search_attributes(&run.search_attributes).unwrap_or_default(),
        ),
        task_queue: run.task_queue.to_string(),
        state_transition_count: closed(run.state_transition_count),
        history_size_bytes: closed(i64::try_from(run.history_size_bytes).unwrap_or(i64::MAX)),
        execution_duration: run.execution_duration.and_then(time::duration),
        root_execution: Some(execution(&run.root)),
        ..workflow::WorkflowExecutionInfo::default()
    }
}

impl From<QueryError> for Fault {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        match error {
            QueryError::Invalid(_) => Self::invalid(message),
            QueryError::PageToken(_) => Self::invalid("Invalid NextPageToken."),
            QueryError::Deadline => Self::new(Code::DeadlineExceeded, message),
            QueryError::Unavailable(_) => Self::new(Code::Unavailable, message),
        }
    }
}
