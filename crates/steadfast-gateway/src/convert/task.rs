//! Tasks for workers.

use std::sync::Arc;

use prost::Message as _;
use steadfast_core::{Blanks, Event};
use steadfast_engine::api::{PollHints, PolledActivityTask, PolledWorkflowTask, Query, QueryTask};
use steadfast_temporal_api::api::{
    history::v1 as history, query::v1 as query, taskqueue::v1 as taskqueue,
    workflowservice::v1 as proto,
};

use super::{
    activity_type, event, execution, message, payload, priority, retry, task_queue, time,
    workflow_type,
};
use crate::token::{self, HistoryPlace, Kind};

/// Events that fit in one answer: how many, and whether there are more.
pub(crate) fn fitting(events: &[Arc<Event>], events_max: usize, bytes_max: usize) -> usize {
    let mut bytes = 0;
    let fits = |event: &&Arc<Event>| {
        bytes += usize::try_from(event.approximate_bytes()).unwrap_or(usize::MAX);
        bytes <= bytes_max
    };
    let count = events.iter().take(events_max.max(1)).take_while(fits).count();
    count.max(1).min(events.len())
}

/// The bounds of one page of history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) events_max: usize,
    pub(crate) bytes_max: usize,
}

/// A workflow task, or a query that is a task of its own.
pub(crate) fn workflow(
    polled: PolledWorkflowTask,
    names: event::Names,
    page: Page,
) -> proto::PollWorkflowTaskQueueResponse {
    let names = &names.of_run(&polled.task_queue);
    let kind = if polled.lone_query.is_some() { Kind::Query } else { Kind::Workflow };
    let started_event_id = polled.task.task.started_event_id;
    let (history, next_page_token) = first_page(&polled, names, page);
    let messages = polled.task.updates.iter();
    let messages = messages.map(|update| message::request(update, started_event_id - 1)).collect();
    let queries = polled.queries.iter();
    proto::PollWorkflowTaskQueueResponse {
        task_token: token::encode(kind, &polled.token),
        workflow_execution: Some(execution(&polled.run.execution())),
        workflow_type: workflow_type(&polled.workflow_type),
        previous_started_event_id: polled.task.previous_started_event_id,
        started_event_id,
        attempt: polled.task.task.attempt,
        history: Some(history),
        next_page_token,
        query: polled.lone_query.as_ref().map(|lone| asked(&lone.query)),
        workflow_execution_task_queue: task_queue(&polled.task_queue),
        scheduled_time: Some(time::timestamp(polled.scheduled_at)),
        started_time: Some(time::timestamp(polled.started_at)),
        queries: queries.map(|QueryTask { id, query }| (id.clone(), asked(query))).collect(),
        messages,
        backlog_count_hint: i64::try_from(polled.hints.backlog).unwrap_or(i64::MAX),
        poller_scaling_decision: scaling(polled.hints),
        ..proto::PollWorkflowTaskQueueResponse::default()
    }
}

fn scaling(hints: PollHints) -> Option<taskqueue::PollerScalingDecision> {
    let poll_request_delta_suggestion = hints.scaling;
    (hints.scaling != 0)
        .then_some(taskqueue::PollerScalingDecision { poll_request_delta_suggestion })
}

/// As much history as one answer holds, and where the rest begins.
fn first_page(
    polled: &PolledWorkflowTask,
    names: &event::Names,
    page: Page,
) -> (history::History, Vec<u8>) {
    if polled.lone_query.is_some() && polled.history.first().is_some_and(|first| first.id > 1) {
        // Whoever has the run in its cache is asked about what it knows. With events it would replay,
        // and not find the beginning.
        return (history::History::default(), Vec::new());
    }
    let to_proto = |event: &Event| event::to_proto(event, names);
    let written = polled.history.last().map_or(0, |event| event.id);
    // What is not written yet cannot be read again: where history goes on, it travels in the token.
    let tail = polled.task.tail.iter().filter(|event| event.id > written).map(to_proto);
    let count = fitting(&polled.history, page.events_max, page.bytes_max);
    let shown = polled.history.iter().take(count).map(|event| to_proto(event));
    match polled.history.get(count) {
        None => (history::History { events: shown.chain(tail).collect() }, Vec::new()),
        Some(next) => {
            let tail = history::History { events: tail.collect() }.encode_to_vec();
            let run_id = polled.run.run_id.to_string();
            let token = HistoryPlace::new(run_id, next.id).until(written, tail).to_token();
            (history::History { events: shown.collect() }, token)
        }
    }
}

fn asked(asked: &Query) -> query::WorkflowQuery {
    query::WorkflowQuery {
        query_type: asked.name.clone(),
        query_args: payload::list(&asked.args),
        header: payload::header(&asked.header, Blanks::default()),
    }
}

/// An activity attempt.
pub(crate) fn activity(polled: PolledActivityTask) -> proto::PollActivityTaskQueueResponse {
    let task = &polled.task;
    let scheduled = &task.scheduled;
    proto::PollActivityTaskQueueResponse {
        task_token: token::encode(Kind::Activity, &polled.token),
        workflow_namespace: polled.run.namespace.to_string(),
        workflow_type: workflow_type(&task.workflow_type),
        workflow_execution: Some(execution(&polled.run.execution())),
        activity_type: activity_type(&scheduled.activity_type),
        activity_id: scheduled.activity_id.to_string(),
        header: payload::header(&scheduled.header, scheduled.blanks),
        input: payload::list(&scheduled.input),
        heartbeat_details: payload::list(&task.heartbeat_details),
        scheduled_time: Some(time::timestamp(task.scheduled_at)),
        current_attempt_scheduled_time: Some(time::timestamp(task.attempt_scheduled_at)),
        started_time: Some(time::timestamp(task.started_at)),
        attempt: task.attempt,
        schedule_to_close_timeout: time::duration(scheduled.schedule_to_close_timeout),
        start_to_close_timeout: time::duration(scheduled.start_to_close_timeout),
        heartbeat_timeout: time::duration(scheduled.heartbeat_timeout),
        retry_policy: scheduled.retry_policy.as_ref().map(retry::to_proto),
        priority: task.priority.as_ref().map(priority::to_proto),
        poller_scaling_decision: scaling(polled.hints),
        ..proto::PollActivityTaskQueueResponse::default()
    }
}
