//! A start and an update that belong together (`ExecuteMultiOperation`): either both take place, or
//! the caller hears of each what became of it. Follows `service/history/api/multioperation`.

use std::sync::Arc;

use steadfast_core::{
    Rejection, Run, UpdateId,
    input::{Start, UpdateReply},
    run::Status,
    start::WorkflowIdConflictPolicy,
};
use tokio::time::timeout_at;

use super::{
    Deadline,
    ask::{Retry, ask},
    start::{Outcome, Rider, prepare, start_with, started},
    update,
};
use crate::{
    api::*,
    context::Shared,
    request::{Read, Request},
};

type Both = Result<(Started, UpdateAnswer), UpdateWithStartError>;

fn start_failed(error: EngineError) -> UpdateWithStartError {
    let (start, update) = (OperationFate::Failed(error), OperationFate::Aborted);
    UpdateWithStartError { start, update }
}

fn update_failed(start: OperationFate, error: EngineError) -> UpdateWithStartError {
    UpdateWithStartError { start, update: OperationFate::Failed(error) }
}

/// Starts a workflow with an update, or updates the one that runs.
pub(super) async fn update_with_start(
    shared: &Arc<Shared>,
    request: StartWorkflow,
    mut update: UpdateWorkflow,
    deadline: Deadline,
) -> Both {
    if update.request.update_id.is_empty() {
        update.request.update_id = UpdateId::new(shared.world.entropy.uuid());
    }
    let first = once(shared, request.clone(), update.clone(), deadline).await;
    // A run that closed before its workflow saw the update leaves room for a new one: try once more.
    match first {
        Err(error) if aborted_by_closing(&error) => once(shared, request, update, deadline).await,
        other => other,
    }
}

fn aborted_by_closing(error: &UpdateWithStartError) -> bool {
    matches!(error.start, OperationFate::Aborted)
        && matches!(
            error.update,
            OperationFate::Failed(EngineError::Rejected(
                Rejection::UpdateAborted | Rejection::Closed
            ))
        )
}

async fn once(
    shared: &Arc<Shared>,
    request: StartWorkflow,
    update: UpdateWorkflow,
    deadline: Deadline,
) -> Both {
    let (key, start, _span) = prepare(shared, request).await.map_err(start_failed)?;
    let current = Target::current(key.namespace.clone(), key.workflow_id.clone());
    let current =
        ask(shared, &current, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    match current.await {
        Ok(run) => {
            if let Some(answer) = on_existing(shared, &run, &start, &update, deadline).await {
                return answer;
            }
        }
        Err(EngineError::NotFound { .. }) => {}
        Err(error) => return Err(start_failed(error)),
    }
    let UpdateWorkflow { request, wait, .. } = update;
    let update_id = request.update_id.clone();
    let mut rider = Rider { request, wait, answered: None };
    let outcome = start_with(shared, &key, start, Some(&mut rider), deadline).await;
    let task = match outcome {
        Ok(Outcome::Started(task)) => task,
        Ok(Outcome::Existing { .. }) => {
            // Another start came between: the caller asks again.
            let error = EngineError::Unavailable("the workflow was started meanwhile".to_owned());
            return Err(start_failed(error));
        }
        Err(error) => {
            let refused = rider.answered.and_then(|mut answered| answered.try_recv().ok());
            return Err(match refused {
                Some(Err(refusal)) => update_failed(OperationFate::Aborted, refusal),
                Some(Ok(_)) | None => start_failed(error),
            });
        }
    };
    let target = Target::from(&key);
    let answered = match rider.answered {
        Some(answered) => match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => {
                let update = UpdateWorkflow {
                    request: rider.request,
                    wait,
                    first_execution_run_id: Default::default(),
                };
                update::update(shared, &target, update, deadline).await
            }
            Err(_) => update::last_look(shared, &target, update_id).await,
        },
        None => update::last_look(shared, &target, update_id).await,
    };
    match answered {
        Ok(answer) => Ok((started(&key, task), answer)),
        Err(error) => Err(update_failed(OperationFate::Done, error)),
    }
}

/// What the run that holds the id makes of it; nothing when a new one is to be started.
async fn on_existing(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    start: &Start,
    update: &UpdateWorkflow,
    deadline: Deadline,
) -> Option<Both> {
    let update_id = &update.request.update_id;
    let found = |status: Status| Started {
        run_id: run.key().run_id.clone(),
        first_run_id: run.started.first_execution_run_id.clone(),
        started: false,
        status,
        task: None,
    };
    let state = run.update_state(update_id);
    // One that a closed run left unanswered has no outcome to attach to.
    let answered = run.updates.get(update_id).is_some_and(|update| update.completed.is_some());
    if let Some(UpdateReply::Completed(outcome)) = state.clone().filter(|_| answered) {
        let answer = UpdateAnswer {
            update_id: update_id.clone(),
            run: run.key().clone(),
            stage: UpdateWait::Completed,
            outcome: Some(outcome),
        };
        return Some(Ok((found(run.status), answer)));
    }
    let request = &start.request;
    let repeated = run.opened.request_id == request.request_id
        || run.requests_attached.contains_key(&request.request_id);
    let use_existing = request.conflict_policy == WorkflowIdConflictPolicy::UseExisting;
    if !run.status.is_open() || !(repeated || use_existing || state.is_some()) {
        return None;
    }
    let target = Target::from(run.key());
    let answered = update::update(shared, &target, update.clone(), deadline).await;
    Some(match answered {
        Ok(answer) => Ok((found(Status::Running), answer)),
        Err(error) => Err(update_failed(OperationFate::Aborted, error)),
    })
}
