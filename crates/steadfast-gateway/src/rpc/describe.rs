//! A run, as Temporal's clients show it.

use std::collections::HashMap;

use steadfast_core::{
    Blanks, Run,
    event::ResetPoint,
    run::{
        activity::{Pause, PendingActivity, PendingState},
        child::Child,
        workflow_task::Pending,
    },
};
use steadfast_engine::api::HistoryRequest;
use steadfast_temporal_api::{
    api::{
        enums::v1 as enums, sdk::v1 as sdk, workflow::v1 as workflow, workflowservice::v1 as proto,
    },
    well_known::Timestamp,
};

use super::activity_control::to_proto as options_to_proto;
use crate::{
    context::{Context, Patience, target},
    convert::{
        activity_type, callback, enums as map, event::Names, execution, failure, payload, priority,
        reset_point, task_queue, time, user_metadata, worker, workflow_type,
    },
    fault::Fault,
};

pub(crate) async fn describe_workflow_execution(
    context: &Context,
    _patience: Patience,
    request: proto::DescribeWorkflowExecutionRequest,
) -> Result<proto::DescribeWorkflowExecutionResponse, Fault> {
    let target = target(request.namespace, request.execution)?;
    let names = context.names(&target.namespace).await?;
    let described = context.engine.describe(&target, context.soon()).await?;
    let run = &described.run;
    let activities = run.pending_activities(described.at);
    let first = HistoryRequest {
        from_event_id: 1,
        max_events: 1,
        wait_new: false,
        close_event_only: false,
    };
    let first = context.engine.history(&run.key().into(), first, context.soon()).await?;
    let started = first.events.first();
    let metadata = started.and_then(|event| event.user_metadata.as_deref()).and_then(user_metadata);
    Ok(proto::DescribeWorkflowExecutionResponse {
        execution_config: Some(config(run, metadata)),
        workflow_execution_info: Some(info(run, &names)),
        pending_activities: activities.iter().map(activity).collect(),
        pending_children: run.children.values().map(|child| pending_child(child)).collect(),
        pending_workflow_task: run.pending_task().map(|pending| pending_task(run, pending)),
        callbacks: run
            .callbacks
            .iter()
            .filter_map(|known| callback::info(known, described.at))
            .collect(),
        workflow_extended_info: Some(extended(run)),
        ..proto::DescribeWorkflowExecutionResponse::default()
    })
}

fn config(
    run: &Run,
    user_metadata: Option<sdk::UserMetadata>,
) -> workflow::WorkflowExecutionConfig {
    let started = &run.started;
    workflow::WorkflowExecutionConfig {
        task_queue: task_queue(&started.task_queue),
        workflow_execution_timeout: time::limit(
            started.workflow_execution_timeout,
            started.blanks.has(Blanks::EXECUTION_TIMEOUT),
        ),
        workflow_run_timeout: time::limit(
            started.workflow_run_timeout,
            started.blanks.has(Blanks::RUN_TIMEOUT),
        ),
        default_workflow_task_timeout: time::duration(run.task_timeout()),
        user_metadata,
    }
}

#[expect(deprecated, reason = "Temporal fills the legacy fields")]
fn info(run: &Run, names: &Names) -> workflow::WorkflowExecutionInfo {
    let started = &run.started;
    let parent = started.parent.as_ref();
    let own = parent.filter(|parent| parent.namespace.as_str() == names.namespace);
    let execution_time = run.started_at + started.first_workflow_task_backoff;
    let root = started.root.as_ref().map_or_else(|| run.key().execution(), Clone::clone);
    let length = run.next_event_id - 1;
    workflow::WorkflowExecutionInfo {
        execution: Some(execution(&run.key().execution())),
        r#type: workflow_type(&started.workflow_type),
        start_time: Some(time::timestamp(run.started_at)),
        close_time: run.closed_at.map(time::timestamp),
        status: map::status(run.status).into(),
        history_length: length,
        parent_namespace_id: own.map(|_| names.namespace_id.clone()).unwrap_or_default(),
        parent_execution: parent.map(|parent| execution(&parent.execution)),
        execution_time: Some(time::timestamp(execution_time)),
        memo: Some(payload::memo(&run.memo).unwrap_or_default()),
        search_attributes: Some(
            payload::search_attributes(&run.search_attributes).unwrap_or_default(),
        ),
        auto_reset_points: Some(reset_points(run, names)),
        task_queue: started.task_queue.to_string(),
        state_transition_count: i64::try_from(run.state_transitions).unwrap_or(i64::MAX),
        history_size_bytes: i64::try_from(run.history_bytes).unwrap_or(i64::MAX),
        execution_duration: run.closed_at.and_then(|at| time::duration(at.since(execution_time))),
        root_execution: Some(execution(&root)),
        most_recent_worker_version_stamp: run.worker.as_deref().map(worker),
        first_run_id: started.first_execution_run_id.to_string(),
        priority: started.priority.as_ref().map(priority::to_proto),
        ..workflow::WorkflowExecutionInfo::default()
    }
}

/// The points whose runs were kept when this one began.
fn reset_points(run: &Run, names: &Names) -> workflow::ResetPoints {
    let is_kept = |point: &&ResetPoint| {
        point.ended_at.is_none_or(|at| at + names.retention >= run.started_at)
    };
    reset_point::to_proto(run.reset_points.iter().filter(is_kept), names.retention)
}

/// Go's zero time: how Temporal says that a run has no end.
const NEVER: Timestamp = Timestamp { seconds: -62_135_596_800, nanos: 0 };

fn extended(run: &Run) -> workflow::WorkflowExecutionExtendedInfo {
    let started = &run.started;
    let run_end = started.workflow_run_timeout.set().map(|timeout| run.started_at + timeout);
    workflow::WorkflowExecutionExtendedInfo {
        execution_expiration_time: started.workflow_execution_expiration.map(time::timestamp),
        run_expiration_time: Some(run_end.map_or(NEVER, time::timestamp)),
        cancel_requested: run.cancel_requested.is_some(),
        original_start_time: Some(time::timestamp(run.original_start())),
        last_reset_time: run.opened.reset.as_ref().map(|_| time::timestamp(run.started_at)),
        reset_run_id: run
            .reset_to
            .as_ref()
            .map(|reset| reset.new_run_id.to_string())
            .unwrap_or_default(),
        request_id_infos: requests(run),
        pause_info: run.pause.as_ref().map(|pause| workflow::WorkflowExecutionPauseInfo {
            identity: pause.identity.to_string(),
            paused_time: Some(time::timestamp(pause.at)),
            reason: pause.reason.clone(),
        }),
        ..workflow::WorkflowExecutionExtendedInfo::default()
    }
}

/// The request that started the run, and those attached to it since, with their events.
fn requests(run: &Run) -> HashMap<String, workflow::RequestIdInfo> {
    let info = |kind: enums::EventType, event_id, buffered| workflow::RequestIdInfo {
        event_type: kind.into(),
        event_id,
        buffered,
    };
    let started = info(enums::EventType::WorkflowExecutionStarted, 1, false);
    let attached = run.requests_attached.iter().map(|(request, event_id)| {
        let kind = enums::EventType::WorkflowExecutionOptionsUpdated;
        (request.to_string(), info(kind, *event_id, *event_id == 0))
    });
    attached.chain([(run.opened.request_id.to_string(), started)]).collect()
}

fn pending_task(run: &Run, pending: &Pending) -> workflow::PendingWorkflowTaskInfo {
    use enums::PendingWorkflowTaskState as State;
    let out = run.session.task_out.as_ref();
    let state = if out.is_some() { State::Started } else { State::Scheduled };
    let scheduled = Some(time::timestamp(pending.scheduled_at));
    workflow::PendingWorkflowTaskInfo {
        state: state.into(),
        scheduled_time: scheduled,
        original_scheduled_time: run.session.heartbeats_since.map(time::timestamp).or(scheduled),
        started_time: out.map(|out| time::timestamp(out.started_at)),
        attempt: pending.attempt,
    }
}

fn pending_child(child: &Child) -> workflow::PendingChildExecutionInfo {
    let initiated = &child.initiated;
    workflow::PendingChildExecutionInfo {
        workflow_id: initiated.workflow_id.to_string(),
        run_id: child.started_run.to_string(),
        workflow_type_name: initiated.workflow_type.to_string(),
        initiated_id: child.initiated_event_id,
        parent_close_policy: map::parent_close(initiated.parent_close_policy).into(),
    }
}

fn activity(pending: &PendingActivity) -> workflow::PendingActivityInfo {
    use enums::PendingActivityState as State;
    let state = match pending.state {
        PendingState::Scheduled => State::Scheduled,
        PendingState::Started => State::Started,
        PendingState::CancelRequested => State::CancelRequested,
        PendingState::Paused => State::Paused,
        PendingState::PauseRequested => State::PauseRequested,
    };
    let mut options = options_to_proto(&pending.options);
    if let Some(queue) = &mut options.task_queue {
        (queue.normal_name, queue.kind) = (queue.name.clone(), 0);
    }
    workflow::PendingActivityInfo {
        activity_id: pending.activity_id.to_string(),
        activity_type: activity_type(&pending.activity_type),
        state: state.into(),
        heartbeat_details: payload::list(&pending.heartbeat_details),
        last_heartbeat_time: pending.heartbeat_at.map(time::timestamp),
        last_started_time: pending.last_started_at.map(time::timestamp),
        attempt: pending.attempt,
        maximum_attempts: pending.maximum_attempts,
        scheduled_time: Some(time::timestamp(pending.scheduled_at)),
        expiration_time: pending.expires_at.map(time::timestamp),
        last_failure: pending.last_failure.as_deref().map(failure::to_proto),
        last_worker_identity: pending.last_worker_identity.to_string(),
        last_attempt_complete_time: pending.last_attempt_completed_at.map(time::timestamp),
        next_attempt_schedule_time: pending.next_attempt_at.map(time::timestamp),
        current_retry_interval: pending.current_retry_interval.and_then(time::duration),
        paused: pending.paused.is_some(),
        pause_info: pending.paused.as_ref().map(pause_info),
        priority: pending.priority.as_ref().map(priority::to_proto),
        activity_options: Some(options),
        ..workflow::PendingActivityInfo::default()
    }
}

fn pause_info(pause: &Pause) -> workflow::pending_activity_info::PauseInfo {
    use workflow::pending_activity_info::pause_info::{Manual, PausedBy};
    workflow::pending_activity_info::PauseInfo {
        pause_time: Some(time::timestamp(pause.at)),
        paused_by: Some(PausedBy::Manual(Manual {
            identity: pause.identity.to_string(),
            reason: pause.reason.clone(),
        })),
    }
}
