//! What a start is made from.

use steadfast_core::{
    Blanks, RequestId, Span,
    input::Signal,
    start::{OnConflict, StartRequest, WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
};
use steadfast_temporal_api::{
    api::{
        common::v1 as common, enums::v1 as enums, taskqueue::v1 as taskqueue,
        workflow::v1 as workflow, workflowservice::v1 as proto,
    },
    well_known::Duration,
};

use super::{callback, core_user_metadata, enums as map, opaque, payload, priority, retry, time};
use crate::{config::CallbackRules, fault::Fault};

/// Temporal's own partitions of a queue are called so.
const RESERVED_QUEUE_PREFIX: &str = "/_sys/";

/// `StartWorkflowExecutionRequest`'s content.
pub(crate) fn start(
    mut request: proto::StartWorkflowExecutionRequest,
    request_id: RequestId,
    rules: &CallbackRules,
) -> Result<StartRequest, Fault> {
    let on_conflict = on_conflict(request.on_conflict_options)?;
    callback::admit(&mut request.completion_callbacks, rules)?;
    let links = callback::without_callbacks_links(request.links, &request.completion_callbacks);
    let (reuse_policy, conflict_policy) =
        policies(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    let cron_schedule = request.cron_schedule;
    let start_delay = delay(request.workflow_start_delay, &cron_schedule)?;
    let blanks = blanks(
        request.header.as_ref(),
        request.workflow_execution_timeout.as_ref(),
        request.workflow_run_timeout.as_ref(),
    );
    Ok(StartRequest {
        workflow_type: request.workflow_type.unwrap_or_default().name.into(),
        task_queue: queue(request.task_queue)?,
        input: payload::core_list(request.input),
        workflow_execution_timeout: time::span(
            "WorkflowExecutionTimeoutSeconds",
            request.workflow_execution_timeout,
        )?,
        workflow_run_timeout: time::span(
            "WorkflowRunTimeoutSeconds",
            request.workflow_run_timeout,
        )?,
        workflow_task_timeout: time::span(
            "WorkflowTaskTimeoutSeconds",
            request.workflow_task_timeout,
        )?,
        identity: request.identity.into(),
        request_id,
        reuse_policy,
        conflict_policy,
        retry_policy: retry::from_proto(request.retry_policy)?,
        cron_schedule,
        start_delay,
        memo: payload::core_memo(request.memo),
        search_attributes: payload::core_search_attributes(request.search_attributes),
        header: payload::core_header(request.header),
        user_metadata: core_user_metadata(request.user_metadata),
        links: self::links(&links),
        completion_callbacks: request.completion_callbacks.iter().map(opaque).collect(),
        priority: request.priority.map(priority::from_proto),
        request_eager_execution: request.request_eager_execution,
        versioning: request.versioning_override.as_ref().map(opaque),
        blanks,
        on_conflict,
    })
}

fn on_conflict(options: Option<workflow::OnConflictOptions>) -> Result<Option<OnConflict>, Fault> {
    let Some(options) = options else {
        return Ok(None);
    };
    if options.attach_completion_callbacks && !options.attach_request_id {
        return Err(Fault::invalid(
            "attaching request ID is required for attaching completion callbacks",
        ));
    }
    Ok(Some(OnConflict {
        request_id: options.attach_request_id,
        completion_callbacks: options.attach_completion_callbacks,
        links: options.attach_links,
    }))
}

/// `SignalWithStartWorkflowExecutionRequest`'s content: the start and the signal.
pub(crate) fn signal_with_start(
    request: proto::SignalWithStartWorkflowExecutionRequest,
    request_id: RequestId,
) -> Result<(StartRequest, Signal), Fault> {
    if request.signal_name.is_empty() {
        return Err(Fault::invalid("SignalName is not set on request."));
    }
    let signal = Signal {
        name: request.signal_name,
        input: payload::core_list(request.signal_input),
        identity: request.identity.clone().into(),
        header: payload::core_header(request.header.clone()),
        request_id: request_id.clone(),
        external: None,
        links: links(&request.links),
    };
    let start = proto::StartWorkflowExecutionRequest {
        workflow_type: request.workflow_type,
        task_queue: request.task_queue,
        input: request.input,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: request.workflow_task_timeout,
        identity: request.identity,
        workflow_id_reuse_policy: request.workflow_id_reuse_policy,
        workflow_id_conflict_policy: request.workflow_id_conflict_policy,
        retry_policy: request.retry_policy,
        cron_schedule: request.cron_schedule,
        memo: request.memo,
        search_attributes: request.search_attributes,
        header: request.header,
        workflow_start_delay: request.workflow_start_delay,
        user_metadata: request.user_metadata,
        links: request.links,
        versioning_override: request.versioning_override,
        priority: request.priority,
        ..proto::StartWorkflowExecutionRequest::default()
    };
    // It brings no callbacks.
    let start = self::start(start, request_id, &CallbackRules::default())?;
    Ok((start, signal))
}

/// What a start says nothing with.
fn blanks(
    header: Option<&common::Header>,
    execution_timeout: Option<&Duration>,
    run_timeout: Option<&Duration>,
) -> Blanks {
    Blanks::of([
        payload::blank_header(header),
        (Blanks::EXECUTION_TIMEOUT, time::is_blank(execution_timeout)),
        (Blanks::RUN_TIMEOUT, time::is_blank(run_timeout)),
    ])
}

/// Both policies; a deprecated reuse policy and a conflict policy exclude each other.
#[expect(deprecated, reason = "Temporal serves it still")]
fn policies(
    reuse: i32,
    conflict: i32,
) -> Result<(WorkflowIdReusePolicy, WorkflowIdConflictPolicy), Fault> {
    let reuse = enums::WorkflowIdReusePolicy::try_from(reuse)
        .map_err(|_| Fault::invalid("unknown WorkflowIdReusePolicy"))?;
    let conflict = enums::WorkflowIdConflictPolicy::try_from(conflict)
        .map_err(|_| Fault::invalid("unknown WorkflowIdConflictPolicy"))?;
    let unset = conflict == enums::WorkflowIdConflictPolicy::Unspecified;
    if reuse == enums::WorkflowIdReusePolicy::TerminateIfRunning && !unset {
        return Err(Fault::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be \
             used together with a WorkflowIDConflictPolicy.",
        ));
    }
    if reuse == enums::WorkflowIdReusePolicy::RejectDuplicate
        && conflict == enums::WorkflowIdConflictPolicy::TerminateExisting
    {
        return Err(Fault::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be \
             used together with WorkflowIdConflictPolicy \
             WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING.",
        ));
    }
    Ok((map::core_reuse(reuse), map::core_conflict(conflict)))
}

fn delay(delay: Option<Duration>, cron_schedule: &str) -> Result<Span, Fault> {
    if delay.is_some() && !cron_schedule.is_empty() {
        return Err(Fault::invalid(
            "CronSchedule and WorkflowStartDelay may not be used together.",
        ));
    }
    time::span("WorkflowStartDelay", delay)
}

/// The task queue of a request: there must be one.
pub(crate) fn queue(
    queue: Option<taskqueue::TaskQueue>,
) -> Result<steadfast_core::TaskQueue, Fault> {
    let name = queue.ok_or_else(|| Fault::invalid("taskQueue is not set"))?.name;
    if name.is_empty() {
        return Err(Fault::invalid("missing task queue name"));
    }
    if name.starts_with(RESERVED_QUEUE_PREFIX) {
        return Err(Fault::invalid(format!(
            "task queue name cannot start with reserved prefix {RESERVED_QUEUE_PREFIX}"
        )));
    }
    Ok(name.into())
}

/// The links of a request, as the engine carries them.
pub(crate) fn links(links: &[common::Link]) -> Vec<bytes::Bytes> {
    links.iter().map(opaque).collect()
}
