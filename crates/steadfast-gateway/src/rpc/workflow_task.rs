//! Workflow tasks: polling for them and answering them.

use steadfast_core::{Span, TaskQueue, event::WorkflowTaskFailedCause, input::Sticky};
use steadfast_engine::api::{Completion, Poll, QueryAnswers, TaskFailure, TaskToken};
use steadfast_temporal_api::api::{
    enums::v1 as enums, query::v1 as query_proto, taskqueue::v1 as taskqueue,
    workflowservice::v1 as proto,
};

use super::query;
use crate::{
    context::{Context, Patience, namespace},
    convert::{
        command::{self, BadCommand},
        core_worker, failure,
        message::Messages,
        opaque, task, time,
    },
    fault::Fault,
    token::Kind,
};

/// How long a sticky task waits when the worker does not say.
const STICKY_TIMEOUT_DEFAULT: Span = Span::from_secs(5);

pub(crate) async fn poll_workflow_task_queue(
    context: &Context,
    patience: Patience,
    request: proto::PollWorkflowTaskQueueRequest,
) -> Result<proto::PollWorkflowTaskQueueResponse, Fault> {
    let namespace = namespace(request.namespace)?;
    let names = context.names(&namespace).await?;
    let sticky_of = request.task_queue.as_ref().and_then(main_queue);
    let poll = Poll {
        namespace,
        task_queue: context.queue(request.task_queue)?,
        sticky_of,
        identity: request.identity.into(),
        worker_instance_key: request.worker_instance_key,
        max_tasks_per_second: None,
        capabilities: request.deployment_options.as_ref().map(opaque),
    };
    let deadline = context.within(context.config.poll_timeout, patience);
    let polled = context.engine.poll_workflow_task(poll, deadline).await?;
    Ok(polled.map_or_else(Default::default, |polled| task::workflow(polled, names, context.page())))
}

/// The main queue of a sticky one.
fn main_queue(queue: &taskqueue::TaskQueue) -> Option<TaskQueue> {
    let sticky = queue.kind() == enums::TaskQueueKind::Sticky && !queue.normal_name.is_empty();
    sticky.then(|| queue.normal_name.as_str().into())
}

pub(crate) async fn respond_workflow_task_completed(
    context: &Context,
    _patience: Patience,
    request: proto::RespondWorkflowTaskCompletedRequest,
) -> Result<proto::RespondWorkflowTaskCompletedResponse, Fault> {
    let token = context.task(Kind::Workflow, &request.namespace, &request.task_token).await?;
    let identity = request.identity.clone();
    let completion = match completion(request) {
        Ok(completion) => completion,
        Err(bad) => return Err(refuse(context, &token, bad, identity).await),
    };
    let names = context.names(&token.run.namespace).await?;
    let completed =
        context.engine.complete_workflow_task(&token, completion, context.soon()).await?;
    let next = completed.next.map(|next| task::workflow(*next, names, context.page()));
    Ok(proto::RespondWorkflowTaskCompletedResponse {
        workflow_task: next,
        activity_tasks: completed.eager.into_iter().map(task::activity).collect(),
        reset_history_event_id: completed.dropped_after.unwrap_or_default(),
    })
}

/// A command that nobody can carry out: the workflow task fails, and its worker hears why.
async fn refuse(context: &Context, token: &TaskToken, bad: BadCommand, identity: String) -> Fault {
    let BadCommand { cause, message } = bad;
    let message = format!("{cause:?}: {message}");
    let failure = steadfast_core::Failure::server(message.clone());
    let failure = TaskFailure { cause, failure: Some(failure), identity: identity.into() };
    match context.engine.fail_workflow_task(token, failure, context.soon()).await {
        Ok(()) => Fault::invalid(message),
        Err(error) => error.into(),
    }
}

fn completion(
    request: proto::RespondWorkflowTaskCompletedRequest,
) -> Result<Completion, BadCommand> {
    #[expect(deprecated, reason = "older SDKs send the legacy fields")]
    let (binary_checksum, worker) =
        (request.binary_checksum, request.worker_version_stamp.map(core_worker));
    let mut messages = Messages::new(request.messages);
    Ok(Completion {
        commands: command::from_proto(request.commands, &mut messages)?,
        identity: request.identity.into(),
        sticky: request.sticky_attributes.and_then(sticky),
        eager_activities: true,
        return_new_task: request.return_new_workflow_task,
        force_new_task: request.force_create_new_workflow_task,
        query_answers: answers(request.query_results),
        sdk_metadata: request.sdk_metadata.as_ref().map(opaque),
        metering_metadata: request.metering_metadata.as_ref().map(opaque),
        worker,
        binary_checksum,
    })
}

fn sticky(attributes: taskqueue::StickyExecutionAttributes) -> Option<Sticky> {
    let queue = attributes.worker_task_queue.filter(|queue| !queue.name.is_empty())?;
    let timeout = time::lenient_span(attributes.schedule_to_start_timeout);
    Some(Sticky {
        task_queue: queue.name.into(),
        schedule_to_start_timeout: timeout.set().unwrap_or(STICKY_TIMEOUT_DEFAULT),
    })
}

fn answers(
    results: std::collections::HashMap<String, query_proto::WorkflowQueryResult>,
) -> QueryAnswers {
    let answer = |(id, result): (String, query_proto::WorkflowQueryResult)| {
        let failed = result.result_type == i32::from(enums::QueryResultType::Failed);
        let answer = query::answer(failed, result.answer, result.error_message, result.failure);
        (id, answer)
    };
    results.into_iter().map(answer).collect()
}

pub(crate) async fn respond_workflow_task_failed(
    context: &Context,
    _patience: Patience,
    request: proto::RespondWorkflowTaskFailedRequest,
) -> Result<proto::RespondWorkflowTaskFailedResponse, Fault> {
    let token = context.task(Kind::Workflow, &request.namespace, &request.task_token).await?;
    let failure = TaskFailure {
        cause: cause(request.cause),
        failure: failure::maybe_from_proto(request.failure),
        identity: request.identity.into(),
    };
    context.engine.fail_workflow_task(&token, failure, context.soon()).await?;
    Ok(proto::RespondWorkflowTaskFailedResponse {})
}

/// The cause of that number; one that this build does not know counts as the worker's own trouble.
fn cause(number: i32) -> WorkflowTaskFailedCause {
    use WorkflowTaskFailedCause as Cause;
    const CAUSES: [Cause; 7] = [
        Cause::NonDeterministicError,
        Cause::ResetStickyTaskQueue,
        Cause::BadBinary,
        Cause::GrpcMessageTooLarge,
        Cause::PayloadsTooLarge,
        Cause::UnhandledCommand,
        Cause::FeatureDisabled,
    ];
    let known = CAUSES.into_iter().find(|cause| *cause as i32 == number);
    known.unwrap_or(Cause::WorkflowWorkerUnhandledFailure)
}

impl Context {
    /// The bounds of one page of history.
    pub(crate) fn page(&self) -> task::Page {
        task::Page {
            events_max: self.config.history_page_events_max,
            bytes_max: self.config.history_page_bytes_max,
        }
    }
}
