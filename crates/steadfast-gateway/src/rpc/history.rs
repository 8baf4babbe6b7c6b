//! Reading histories: forwards, backwards, the closing event only, and waiting for news.

use std::sync::Arc;

use prost::Message as _;
use steadfast_core::{Event, EventId, run::workflow_task::Kind as TaskKind};
use steadfast_engine::{
    Deadline,
    api::{HistoryPage, HistoryRequest, Target},
};
use steadfast_temporal_api::api::{
    enums::v1::HistoryEventFilterType, history::v1 as history, workflowservice::v1 as proto,
};

use crate::{
    context::{Context, Patience},
    convert::{event, event::Names, task},
    fault::Fault,
    token::HistoryPlace,
};

pub(crate) async fn get_workflow_execution_history(
    context: &Context,
    patience: Patience,
    request: proto::GetWorkflowExecutionHistoryRequest,
) -> Result<proto::GetWorkflowExecutionHistoryResponse, Fault> {
    let mut target = context.target(request.namespace, request.execution).await?;
    let place = (!request.next_page_token.is_empty())
        .then(|| HistoryPlace::from_token(&request.next_page_token))
        .transpose()?;
    if let Some(place) = &place {
        if !target.execution.run_id.is_empty() && target.execution.run_id.as_str() != place.run_id {
            return Err(Fault::invalid("RunId does not match NextPageToken."));
        }
        target.execution.run_id = place.run_id.as_str().into();
    }
    let names = context.names(&target.namespace).await?;
    let filter = HistoryEventFilterType::try_from(request.history_event_filter_type);
    let close_event_only = filter == Ok(HistoryEventFilterType::CloseEvent);
    let deadline = if request.wait_new_event {
        context.within(context.config.history_poll_timeout, patience)
    } else {
        context.soon()
    };
    let wanted = HistoryRequest {
        from_event_id: place.as_ref().map_or(1, |place| place.event_id.max(1)),
        max_events: page_size(context, request.maximum_page_size),
        wait_new: request.wait_new_event,
        close_event_only,
    };
    let page = context.engine.history(&target, wanted, deadline).await?;
    let is_open = page.status.is_open();
    target.execution.run_id = page.run.run_id.clone();
    let names = names.of_run(&page.task_queue);
    let mut answer = match place {
        Some(place) if place.through > 0 => return Ok(task_page(context, page, place, &names)),
        Some(_) | None => run_page(context, page, &names, request.wait_new_event),
    };
    if is_open && answer.next_page_token.is_empty() && !close_event_only {
        let history = answer.history.get_or_insert_default();
        append_task_out(context, &target, &names, patience, &mut history.events).await;
    }
    Ok(answer)
}

/// A worker that has a workflow task and lost its cache reads all that came before, and the task's own
/// Started event, which is not written until the task is answered. Tools are not shown what may never be
/// written.
async fn append_task_out(
    context: &Context,
    target: &Target,
    names: &Names,
    patience: Patience,
    events: &mut Vec<history::HistoryEvent>,
) {
    // The page is good without: whoever needs these events asks again when they are missing.
    let Ok(described) = context.engine.describe(target, context.soon()).await else { return };
    let Some((kind, unwritten)) = described.run.unwritten_task() else { return };
    let is_next = |last: &history::HistoryEvent| {
        unwritten.first().is_some_and(|first| first.id == last.event_id + 1)
    };
    if events.last().is_some_and(is_next) && (kind == TaskKind::Normal || !patience.is_tool) {
        events.extend(unwritten.iter().map(|event| event::to_proto(event, names)));
    }
}

fn page_size(context: &Context, asked: i32) -> usize {
    let max = context.config.history_page_events_max;
    usize::try_from(asked).ok().filter(|asked| *asked > 0).map_or(max, |asked| asked.min(max))
}

/// A page of a run's history. Who waits for news is told where to go on as long as there may be any.
fn run_page(
    context: &Context,
    page: HistoryPage,
    names: &Names,
    waiting: bool,
) -> proto::GetWorkflowExecutionHistoryResponse {
    let count = fitting(context, &page.events);
    let shown = page.events.iter().take(count).map(|event| event::to_proto(event, names));
    let next = page.events.get(count).map(|event| event.id).or(page.next_event_id);
    let goes_on =
        |next: &EventId| *next <= page.last_event_id || (waiting && page.status.is_open());
    let token = next.filter(goes_on).map_or_else(Vec::new, |next| {
        HistoryPlace::new(page.run.run_id.to_string(), next).to_token()
    });
    response(shown.collect(), token)
}

/// A page of a workflow task's history, which ends with events that are in its token.
fn task_page(
    context: &Context,
    page: HistoryPage,
    place: HistoryPlace,
    names: &Names,
) -> proto::GetWorkflowExecutionHistoryResponse {
    let written: Vec<_> =
        page.events.into_iter().filter(|event| event.id <= place.through).collect();
    let count = fitting(context, &written);
    let shown = written.iter().take(count).map(|event| event::to_proto(event, names));
    let mut shown: Vec<_> = shown.collect();
    let next = shown.last().map_or(place.event_id, |event| event.event_id + 1);
    if next <= place.through && !shown.is_empty() {
        return response(shown, place.at(next).to_token());
    }
    shown.extend(history::History::decode(place.tail.as_slice()).unwrap_or_default().events);
    response(shown, Vec::new())
}

/// How many of these events one answer holds.
fn fitting(context: &Context, events: &[Arc<Event>]) -> usize {
    task::fitting(events, events.len(), context.config.history_page_bytes_max)
}

fn response(
    events: Vec<history::HistoryEvent>,
    next_page_token: Vec<u8>,
) -> proto::GetWorkflowExecutionHistoryResponse {
    proto::GetWorkflowExecutionHistoryResponse {
        history: Some(history::History { events }),
        next_page_token,
        ..proto::GetWorkflowExecutionHistoryResponse::default()
    }
}

pub(crate) async fn get_workflow_execution_history_reverse(
    context: &Context,
    _patience: Patience,
    request: proto::GetWorkflowExecutionHistoryReverseRequest,
) -> Result<proto::GetWorkflowExecutionHistoryReverseResponse, Fault> {
    let mut target = context.target(request.namespace, request.execution).await?;
    let names = context.names(&target.namespace).await?;
    let last = if request.next_page_token.is_empty() {
        let described = context.engine.describe(&target, context.soon()).await?;
        target.execution.run_id = described.run.key().run_id.clone();
        described.run.next_event_id - 1
    } else {
        let place = HistoryPlace::from_token(&request.next_page_token)?;
        target.execution.run_id = place.run_id.as_str().into();
        place.event_id
    };
    let size = page_size(context, request.maximum_page_size);
    let size = EventId::try_from(size).unwrap_or(EventId::MAX);
    let first = (last - size + 1).max(1);
    let page = range(context, &target, first, last, context.soon()).await?;
    let names = names.of_run(&page.task_queue);
    let mut shown: Vec<_> =
        page.events.iter().map(|event| event::to_proto(event, &names)).collect();
    shown.reverse();
    let run_id = target.execution.run_id.to_string();
    let next_page_token =
        if first > 1 { HistoryPlace::new(run_id, first - 1).to_token() } else { Vec::new() };
    Ok(proto::GetWorkflowExecutionHistoryReverseResponse {
        history: Some(history::History { events: shown }),
        next_page_token,
    })
}

/// The page with the events from `first` through `last`.
async fn range(
    context: &Context,
    target: &Target,
    first: EventId,
    last: EventId,
    deadline: Deadline,
) -> Result<HistoryPage, Fault> {
    let max_events = usize::try_from(last - first + 1).unwrap_or(0);
    let wanted = HistoryRequest {
        from_event_id: first,
        max_events,
        wait_new: false,
        close_event_only: false,
    };
    Ok(context.engine.history(target, wanted, deadline).await?)
}
