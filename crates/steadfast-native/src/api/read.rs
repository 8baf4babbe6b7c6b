//! Requests that read: `describe`, `history`, `result`.

use std::sync::Arc;

use steadfast_core::{Event, EventId, EventKind, Execution, RunId};
use steadfast_engine::api::HistoryRequest;
use steadfast_protocol::{
    message::{self, WorkflowResult},
    subject::Token,
};

use crate::{
    describe,
    door::{Answer, Context, read, target},
    fault::Fault,
};

pub(super) async fn describe(
    context: &Context,
    token: Token,
    body: &[u8],
) -> Result<Answer, Fault> {
    let request: message::Describe = read(body)?;
    let target = target(token, request.namespace, request.workflow_id, request.run_id)?;
    let description = context.engine.describe(&target, context.soon()).await?;
    Answer::new(context, &describe::describe(&description))
}

pub(super) async fn history(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let request: message::History = read(body)?;
    let target = target(token, request.namespace, request.workflow_id, request.run_id)?;
    let deadline =
        if request.wait_new { context.within(request.timeout_ms) } else { context.soon() };
    let max_events = match usize::try_from(request.max_events) {
        Ok(0) | Err(_) => context.config.history_page_default,
        Ok(max) => max,
    };
    let request = HistoryRequest {
        from_event_id: request.from_event_id.max(1),
        max_events,
        wait_new: request.wait_new,
        close_event_only: request.close_event_only,
    };
    let page = context.engine.history(&target, request, deadline).await?;
    let (events, cut_at) = fitting(&page.events, context.page_bytes_max());
    let page = message::HistoryPage {
        run_id: page.run.run_id,
        events,
        next_event_id: cut_at.or(page.next_event_id),
        status: page.status,
    };
    Answer::new(context, &page)
}

/// The events that fit into an answer, and the first one that does not. One always fits.
pub(crate) fn fitting(events: &[Arc<Event>], bytes_max: usize) -> (Vec<Event>, Option<EventId>) {
    let mut bytes = 0;
    let mut fits = Vec::with_capacity(events.len());
    for event in events {
        bytes += usize::try_from(event.approximate_bytes()).unwrap_or(usize::MAX);
        if bytes > bytes_max && !fits.is_empty() {
            return (fits, Some(event.id));
        }
        fits.push(Event::clone(event));
    }
    (fits, None)
}

pub(super) async fn result(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let request: message::AwaitResult = read(body)?;
    let mut target = target(token, request.namespace, request.workflow_id, request.run_id)?;
    let deadline = context.within(request.timeout_ms);
    loop {
        let close = HistoryRequest {
            from_event_id: 1,
            max_events: 1,
            wait_new: true,
            close_event_only: true,
        };
        let page = context.engine.history(&target, close, deadline).await?;
        let Some(event) = page.events.last().filter(|_| !page.status.is_open()) else {
            return Ok(Answer::Empty);
        };
        let ended = WorkflowResult {
            run_id: page.run.run_id.clone(),
            status: page.status,
            ..ended(&event.kind)
        };
        if request.this_run_only || ended.next_run_id.is_empty() {
            return Answer::new(context, &ended);
        }
        let workflow_id = page.run.workflow_id;
        target.execution = Execution { workflow_id, run_id: ended.next_run_id };
    }
}

/// What a closing event says of a workflow's end.
fn ended(kind: &EventKind) -> WorkflowResult {
    let mut ended = WorkflowResult {
        run_id: RunId::default(),
        status: steadfast_core::run::Status::default(),
        result: Vec::new(),
        failure: None,
        reason: String::new(),
        next_run_id: RunId::default(),
    };
    if let EventKind::WorkflowExecutionCompleted(event) = kind {
        ended.result = event.result.clone();
        ended.next_run_id = event.new_execution_run_id.clone();
    } else if let EventKind::WorkflowExecutionFailed(event) = kind {
        ended.failure = Some(event.failure.clone());
        ended.next_run_id = event.new_execution_run_id.clone();
    } else if let EventKind::WorkflowExecutionTimedOut(event) = kind {
        ended.next_run_id = event.new_execution_run_id.clone();
    } else if let EventKind::WorkflowExecutionContinuedAsNew(event) = kind {
        ended.next_run_id = event.new_execution_run_id.clone();
    } else if let EventKind::WorkflowExecutionCanceled(event) = kind {
        ended.result = event.details.clone();
    } else if let EventKind::WorkflowExecutionTerminated(event) = kind {
        ended.result = event.details.clone();
        ended.reason = event.reason.clone();
    }
    ended
}
