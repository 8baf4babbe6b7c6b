//! A run's folded state, as `describe` shows it.

use steadfast_core::{Run, run::activity::Activity};
use steadfast_engine::api;
use steadfast_protocol::message::{Description, Execution, PendingActivity};

pub(crate) fn describe(description: &api::Description) -> Description {
    let run: &Run = &description.run;
    let (key, started) = (run.key(), &run.started);
    Description {
        workflow_id: key.workflow_id.clone(),
        run_id: key.run_id.clone(),
        first_execution_run_id: started.first_execution_run_id.clone(),
        workflow_type: started.workflow_type.clone(),
        task_queue: started.task_queue.clone(),
        status: run.status,
        started_at_ms: run.started_at.as_millis(),
        closed_at_ms: run.closed_at.map(|at| at.as_millis()),
        history_events: run.next_event_id - 1,
        history_bytes: run.history_bytes,
        attempt: started.attempt,
        cancel_requested: run.cancel_requested.is_some(),
        parent: started.parent.as_ref().map(|parent| Execution {
            workflow_id: parent.execution.workflow_id.clone(),
            run_id: parent.execution.run_id.clone(),
        }),
        memo: run.memo.clone(),
        search_attributes: run.search_attributes.clone(),
        pending_activities: run.activities.values().map(|activity| pending(activity)).collect(),
        pending_timers: run.timers.len() as u64,
        pending_children: run.children.len() as u64,
        pending_workflow_task: run.workflow_task.is_some(),
        quarantine: description.quarantine.clone(),
    }
}

fn pending(activity: &Activity) -> PendingActivity {
    let attempt_at = match &activity.started {
        Some(attempt) => attempt.at,
        None => activity.attempt_scheduled_at,
    };
    PendingActivity {
        activity_id: activity.scheduled.activity_id.clone(),
        activity_type: activity.scheduled.activity_type.clone(),
        task_queue: activity.scheduled.task_queue.clone(),
        scheduled_event_id: activity.scheduled_event_id,
        attempt: activity.attempt,
        started: activity.started.is_some(),
        attempt_at_ms: attempt_at.as_millis(),
        cancel_requested: activity.cancel_requested_event_id != 0,
        last_failure: activity.last_failure.as_deref().cloned(),
        last_identity: activity.last_identity.clone(),
        heartbeat_details: activity.heartbeat_details.clone(),
    }
}
