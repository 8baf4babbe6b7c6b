//! Workers' answers.

use std::sync::Arc;

use steadfast_core::{
    Command, Identity, Input, Namespace, Payloads, RequestId,
    event::WorkflowTaskFailedCause,
    input::{
        ActivityOutcome, ActivityRef, CompleteWorkflowTask, FailWorkflowTask, HeartbeatActivity,
        HeartbeatReply, Reply, ResolveActivity, WorkflowTaskRef,
    },
};

use super::{
    Deadline,
    ask::{Retry, ask, unreadable},
};
use crate::{api::*, context::Shared, request::Request, search_attributes::admit_commands};

fn task_ref(token: &TaskToken) -> WorkflowTaskRef {
    WorkflowTaskRef {
        scheduled_event_id: token.scheduled_event_id,
        started_event_id: token.started_event_id,
        attempt: token.attempt,
        request_id: token.request_id.clone(),
    }
}

/// A worker's answer to a workflow task.
pub(super) async fn complete_workflow_task(
    shared: &Arc<Shared>,
    token: &TaskToken,
    completion: Completion,
    deadline: Deadline,
) -> Result<Completed, EngineError> {
    let Completion { mut commands, identity, sticky, force_new_task, query_answers, .. } =
        completion;
    let refused = bad_attributes(shared, &token.run.namespace, &mut commands).await?;
    let next_task = completion.return_new_task.then(|| shared.world.entropy.uuid());
    let input = CompleteWorkflowTask {
        task: task_ref(token),
        commands,
        identity,
        sticky,
        force_new_task,
        sdk_metadata: completion.sdk_metadata,
        metering_metadata: completion.metering_metadata,
        worker: completion.worker,
        binary_checksum: completion.binary_checksum,
        eager_activities: completion.eager_activities,
        next_task: next_task.map(RequestId::new),
        refused,
    };
    let target = Target::from(&token.run);
    ask(shared, &target, deadline, Retry::Never, |reply| {
        Request::Complete(Box::new(input.clone()), query_answers.clone(), reply)
    })
    .await
}

/// Why the commands' search attributes are not acceptable, if they are not: the task has then failed.
async fn bad_attributes(
    shared: &Shared,
    namespace: &Namespace,
    commands: &mut [Command],
) -> Result<Option<(WorkflowTaskFailedCause, String)>, EngineError> {
    let (registry, limits) = (&*shared.world.search_attributes, &shared.config.attributes);
    let admitted = admit_commands(registry, limits, namespace, commands).await;
    let refusal = admitted.map_err(unreadable)?.err();
    Ok(refusal.map(|refusal| (WorkflowTaskFailedCause::BadSearchAttributes, refusal.to_string())))
}

/// A workflow task that a worker could not process.
pub(super) fn failed_task(token: &TaskToken, failure: TaskFailure) -> Input {
    let TaskFailure { cause, failure, identity } = failure;
    let task = task_ref(token);
    Input::FailWorkflowTask(Box::new(FailWorkflowTask { task, cause, failure, identity }))
}

fn activity_ref(activity: &ActivityTarget) -> (Target, ActivityRef) {
    match activity {
        ActivityTarget::Token(token) => {
            let (scheduled_event_id, attempt) = (token.scheduled_event_id, token.attempt);
            let request_id = token.request_id.clone();
            let activity = ActivityRef::Attempt { scheduled_event_id, attempt, request_id };
            (Target::from(&token.run), activity)
        }
        ActivityTarget::Id(target, id) => (target.clone(), ActivityRef::Id(id.clone())),
    }
}

/// A worker's answer to an activity attempt.
pub(crate) async fn resolve_activity(
    shared: &Arc<Shared>,
    activity: &ActivityTarget,
    outcome: ActivityOutcome,
    identity: Identity,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let (target, activity) = activity_ref(activity);
    let resolve = ResolveActivity { activity, outcome, identity };
    let resolved = ask(shared, &target, deadline, Retry::Never, |reply| {
        let input = Input::ResolveActivity(Box::new(resolve.clone()));
        Request::Input(Box::new(input), Some(reply))
    });
    resolved.await?;
    shared.metrics.tasks_completed.add(1, &[]);
    Ok(())
}

/// A worker is alive.
pub(super) async fn heartbeat_activity(
    shared: &Arc<Shared>,
    activity: &ActivityTarget,
    details: Payloads,
    identity: Identity,
    deadline: Deadline,
) -> Result<HeartbeatReply, EngineError> {
    let (target, activity) = activity_ref(activity);
    let heartbeat = HeartbeatActivity { activity, details, identity };
    let reply = ask(shared, &target, deadline, Retry::Again, |reply| {
        let input = Input::HeartbeatActivity(Box::new(heartbeat.clone()));
        Request::Input(Box::new(input), Some(reply))
    });
    Ok(match reply.await? {
        Reply::Heartbeat(heartbeat) => heartbeat,
        Reply::Done
        | Reply::Duplicate
        | Reply::WorkflowTask(_)
        | Reply::WorkflowTaskCompleted { .. }
        | Reply::Activity(_)
        | Reply::ActivityOptions(_)
        | Reply::Update(_) => HeartbeatReply::default(),
    })
}
