//! Updates: requests that the workflow itself answers.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Rejection, UpdateId};
use tokio::time::Instant;

use super::{
    Deadline,
    ask::{Retry, ask, pause},
};
use crate::{
    api::*,
    config::Backoff,
    context::Shared,
    request::{Read, Request},
};

/// How long after its deadline a caller waits to hear the stage that was reached.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Sends an update and waits.
pub(super) async fn update(
    shared: &Arc<Shared>,
    target: &Target,
    update: UpdateWorkflow,
    deadline: Deadline,
) -> Result<UpdateAnswer, EngineError> {
    let UpdateWorkflow { mut request, wait, first_execution_run_id } = update;
    if request.update_id.is_empty() {
        request.update_id = UpdateId::new(shared.world.entropy.uuid());
    }
    if !first_execution_run_id.is_empty() {
        let current = ask(shared, target, deadline, Retry::Again, |reply| {
            Request::Read(Read::Current(reply))
        });
        if current.await?.first_run_id != first_execution_run_id {
            return Err(Rejection::WrongFirstRun.into());
        }
    }
    let mut backoff = Backoff::new(5, 500);
    loop {
        let answered = ask(shared, target, deadline, Retry::Again, |reply| {
            Request::Update(Box::new(request.clone()), wait, reply)
        });
        match answered.await {
            Err(EngineError::DeadlineExceeded(_)) => {
                return last_look(shared, target, request.update_id.clone()).await;
            }
            // The run went on as another one before its workflow saw the update.
            Err(EngineError::Rejected(Rejection::UpdateAborted | Rejection::Closed))
                if went_on(shared, target, deadline).await =>
            {
                pause(shared, &mut backoff, deadline).await?;
            }
            other => return other,
        }
    }
}

/// Whether a caller that did not name a run is better served by the one that is there now.
async fn went_on(shared: &Arc<Shared>, target: &Target, deadline: Deadline) -> bool {
    if !target.execution.run_id.is_empty() {
        return false;
    }
    let current =
        ask(shared, target, deadline, Retry::Again, |reply| Request::Read(Read::Current(reply)));
    current.await.is_ok_and(|current| current.run.status.is_open() || current.awaits_successor)
}

/// Waits for an update that is there already.
pub(super) async fn poll_update(
    shared: &Arc<Shared>,
    target: &Target,
    update_id: UpdateId,
    wait: UpdateWait,
    deadline: Deadline,
) -> Result<UpdateAnswer, EngineError> {
    let answered = ask(shared, target, deadline, Retry::Again, |reply| {
        Request::Read(Read::WaitUpdate(update_id.clone(), wait, reply))
    });
    match answered.await {
        Err(EngineError::DeadlineExceeded(_)) => last_look(shared, target, update_id).await,
        other => other,
    }
}

pub(super) async fn last_look(
    shared: &Arc<Shared>,
    target: &Target,
    update_id: UpdateId,
) -> Result<UpdateAnswer, EngineError> {
    ask(shared, target, Instant::now() + LAST_LOOK, Retry::Again, |reply| {
        Request::Read(Read::WaitUpdate(update_id.clone(), UpdateWait::Admitted, reply))
    })
    .await
}
