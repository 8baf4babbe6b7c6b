//! `sf.poll.<namespace>.<queue>.workflow`: a worker waits for a workflow task.

use std::sync::Arc;

use steadfast_core::{Event, Failure, Identity, event::WorkflowTaskFailedCause};
use steadfast_engine::api::{
    PolledWorkflowTask, Query, QueryAnswer, QueryTask, TaskFailure, TaskToken,
};
use steadfast_protocol::{
    ErrorCode, TaskKind,
    message::{self, millis},
    subject::Token,
};

use crate::{
    activity::{poll_request, wire_token},
    api::fitting,
    door::{Answer, Context, Polled},
    fault::Fault,
};

pub(crate) async fn poll(
    context: &Context,
    token: Token,
    queue: Token,
    body: &[u8],
) -> Result<Answer, Fault> {
    let (poll, deadline) = poll_request(context, token, queue, body)?;
    let identity = poll.identity.clone();
    let Some(task) = context.engine.poll_workflow_task(poll, deadline).await? else {
        return Ok(Answer::Empty);
    };
    let (token, is_query) = (task.token.clone(), task.lone_query.is_some());
    let traceparent = task.traceparent.clone();
    let task = workflow_task(task, context.page_bytes_max())?;
    match Answer::task(context, &task, Polled::Workflow(token.clone()), traceparent) {
        Err(fault) if fault.code == ErrorCode::PayloadTooLarge => {
            undeliverable(context, &token, is_query, identity, &fault).await;
            Err(fault)
        }
        answer => answer,
    }
}

/// The task is out, but larger than NATS takes: it fails, and says why in the history.
async fn undeliverable(
    context: &Context,
    token: &TaskToken,
    is_query: bool,
    identity: Identity,
    fault: &Fault,
) {
    let failure = Failure::server(fault.message.clone());
    let told = if is_query {
        let answer = QueryAnswer::Failed(Box::new(failure));
        context.engine.answer_query(token, answer, context.soon()).await
    } else {
        let cause = WorkflowTaskFailedCause::GrpcMessageTooLarge;
        let failure = TaskFailure { cause, failure: Some(failure), identity };
        context.engine.fail_workflow_task(token, failure, context.soon()).await
    };
    if let Err(error) = told {
        // Its timeout ends it all the same.
        tracing::warn!(%error, "a workflow task too large to send was not failed");
    }
}

fn workflow_task(
    polled: PolledWorkflowTask,
    page_bytes_max: usize,
) -> Result<message::WorkflowTask, Fault> {
    let kind = if polled.lone_query.is_some() { TaskKind::Query } else { TaskKind::Workflow };
    let task = polled.task;
    let written = without_tail(&polled.history, &task.tail);
    let (history, next_event_id) = fitting(written, page_bytes_max);
    Ok(message::WorkflowTask {
        started_event_id: polled.token.started_event_id,
        attempt: polled.token.attempt,
        token: wire_token(kind, polled.token).encode()?,
        workflow_id: polled.run.workflow_id,
        run_id: polled.run.run_id,
        workflow_type: polled.workflow_type,
        previous_started_event_id: task.previous_started_event_id,
        history,
        next_event_id,
        tail: task.tail,
        updates: task.updates,
        queries: polled.queries.into_iter().map(query_task).collect(),
        lone_query: polled.lone_query.map(query_task),
        sticky: task.sticky,
        timeout_ms: millis(task.timeout),
        scheduled_at_ms: polled.scheduled_at.as_millis(),
        started_at_ms: polled.started_at.as_millis(),
        traceparent: polled.traceparent,
    })
}

/// The events that are in the log: the task's own come apart from them.
fn without_tail<'a>(history: &'a [Arc<Event>], tail: &[Event]) -> &'a [Arc<Event>] {
    let Some(first) = tail.first() else {
        return history;
    };
    let written = history.partition_point(|event| event.id < first.id);
    &history[..written]
}

fn query_task(task: QueryTask) -> message::QueryTask {
    let Query { name, args, header, .. } = task.query;
    message::QueryTask { id: task.id, name, args, header }
}
