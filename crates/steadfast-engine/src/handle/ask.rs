//! Asking a run: find its slot, put the request in front of it, wait for the answer.

use std::sync::Arc;

use steadfast_core::{Namespace, PayloadMap, Rejection, RunId, WorkflowKey};
use tokio::{sync::oneshot, time::timeout_at};

use crate::{
    api::{EngineError, Target},
    config::Backoff,
    context::{PartitionState, Shared, Status},
    handle::Deadline,
    ports::{Head, NamespaceState, ReadError},
    request::{Answer, Request},
    search_attributes,
    slot::{Refused, Slot},
};

/// Whether a request whose fate is not known may simply be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It reads, or the run knows it by its id.
    Again,
    /// The caller must decide.
    Never,
}

/// Asks a run, and waits for its answer until the deadline.
pub(crate) async fn ask<T>(
    shared: &Arc<Shared>,
    target: &Target,
    deadline: Deadline,
    retry: Retry,
    mut make: impl FnMut(Answer<T>) -> Request,
) -> Result<T, EngineError> {
    let mut backoff = Backoff::new(5, 500);
    loop {
        let slot = locate(shared, target, deadline).await?;
        match ask_slot(shared, &slot, deadline, &mut make).await {
            Asked::Answered(Err(EngineError::Unavailable(_))) if retry == Retry::Again => {}
            Asked::Answered(result) => return result,
            Asked::Gone => {}
            Asked::Lost if retry == Retry::Again => {}
            Asked::Lost => {
                return Err(EngineError::Unavailable("the run was rebuilt meanwhile".to_owned()));
            }
        }
        pause(shared, &mut backoff, deadline).await?;
    }
}

/// What became of one try.
pub(crate) enum Asked<T> {
    /// The run answered, or its inbox did.
    Answered(Result<T, EngineError>),
    /// The slot left memory: look the run up again.
    Gone,
    /// The run's actor was lost with the request: nothing is known.
    Lost,
}

/// Asks the run of a slot, once.
pub(crate) async fn ask_slot<T>(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    deadline: Deadline,
    make: impl FnOnce(Answer<T>) -> Request,
) -> Asked<T> {
    let partition = &shared.partitions[slot.address.partition.0 as usize];
    if let Err(error) = shared.admit(partition) {
        return Asked::Answered(Err(error));
    }
    let (reply, answered) = oneshot::channel();
    match shared.push(slot, make(reply)) {
        Ok(()) => match timeout_at(deadline, answered).await {
            Ok(Ok(result)) => Asked::Answered(result),
            Ok(Err(_)) => Asked::Lost,
            Err(_) => Asked::Answered(Err(EngineError::DeadlineExceeded("the run did not answer"))),
        },
        Err((_, Refused::Gone)) => Asked::Gone,
        Err((_, refused)) => Asked::Answered(Err(refused.into_error(shared.config.run_inbox_max))),
    }
}

/// Waits a little before the next try, unless it would be too late.
pub(crate) async fn pause(
    shared: &Shared,
    backoff: &mut Backoff,
    deadline: Deadline,
) -> Result<(), EngineError> {
    if shared.stop.is_cancelled() {
        return Err(EngineError::ShuttingDown);
    }
    let until = tokio::time::Instant::now() + backoff.advance();
    if until >= deadline {
        return Err(EngineError::DeadlineExceeded("the run is not available"));
    }
    tokio::time::sleep_until(until).await;
    Ok(())
}

/// Waits until a partition has recovered.
pub(crate) async fn ready(
    shared: &Shared,
    partition: &PartitionState,
    deadline: Deadline,
) -> Result<(), EngineError> {
    if *partition.status.borrow() == Status::Ready && !shared.stop.is_cancelled() {
        return Ok(());
    }
    let mut status = partition.status.subscribe();
    let recovered = status.wait_for(|status| *status == Status::Ready);
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => Err(EngineError::ShuttingDown),
        waited = timeout_at(deadline, recovered) => match waited {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EngineError::ShuttingDown),
            Err(_) => Err(EngineError::Unavailable("the partition is recovering".to_owned())),
        },
    }
}

/// The slot of a run; a closed one is looked up in the log.
pub(crate) async fn locate(
    shared: &Arc<Shared>,
    target: &Target,
    deadline: Deadline,
) -> Result<Arc<Slot>, EngineError> {
    let workflow = target.workflow();
    let partition = shared.partition_of(&workflow.namespace, &workflow.workflow_id);
    ready(shared, partition, deadline).await?;
    let run_id = &target.execution.run_id;
    if let Some(slot) = partition.find(&workflow, run_id) {
        return Ok(slot);
    }
    let heads = shared.world.log.heads(partition.number, &workflow).await.map_err(unreadable)?;
    find_among(&heads, partition, &workflow, run_id).ok_or_else(|| EngineError::NotFound {
        workflow_id: workflow.workflow_id.clone(),
        run_id: run_id.clone(),
    })
}

/// A run that is not in memory, by the heads of its workflow's runs. Without a run id: the open
/// one, or the newest.
pub(crate) fn find_among(
    heads: &[Head],
    partition: &Arc<PartitionState>,
    workflow: &WorkflowKey,
    run_id: &RunId,
) -> Option<Arc<Slot>> {
    let head = if run_id.is_empty() {
        let open = heads.iter().rposition(|head| head.status.is_open());
        open.or(heads.len().checked_sub(1)).map(|at| &heads[at])
    } else {
        heads.iter().find(|head| head.address.key.run_id == *run_id)
    };
    let head = head?;
    let slot = partition.find_or_insert(head.address.clone(), head.sequence);
    if run_id.is_empty() && partition.find(workflow, run_id).is_none() {
        partition.set_current(&slot);
    }
    Some(slot)
}

/// Refuses a namespace that there is not.
pub(crate) async fn require_namespace(
    shared: &Shared,
    namespace: &Namespace,
) -> Result<NamespaceState, EngineError> {
    match shared.world.namespaces.state(namespace).await.map_err(unreadable)? {
        Some(state @ (NamespaceState::Registered | NamespaceState::Deprecated)) => Ok(state),
        Some(NamespaceState::Deleted) | None => {
            Err(EngineError::NamespaceNotFound(namespace.clone()))
        }
    }
}

/// Refuses a namespace that takes no new runs.
pub(crate) async fn require_open_namespace(
    shared: &Shared,
    namespace: &Namespace,
) -> Result<(), EngineError> {
    match require_namespace(shared, namespace).await? {
        NamespaceState::Registered => Ok(()),
        NamespaceState::Deprecated | NamespaceState::Deleted => Err(Rejection::Invalid(
            "Namespace has invalid state: Deprecated. Must be Registered.".to_owned(),
        )
        .into()),
    }
}

/// Refuses search attributes that the namespace does not have, or not like that.
pub(crate) async fn require_attributes(
    shared: &Shared,
    namespace: &Namespace,
    attributes: &mut PayloadMap,
) -> Result<(), EngineError> {
    let (registry, limits) = (&*shared.world.search_attributes, &shared.config.attributes);
    let admitted = search_attributes::admit(registry, limits, namespace, attributes).await;
    admitted.map_err(unreadable)?.map_err(|refusal| Rejection::Invalid(refusal.to_string()).into())
}

/// A failed read, for whoever asked.
pub(crate) fn unreadable(error: ReadError) -> EngineError {
    match error {
        ReadError::Unavailable(error) => EngineError::Unavailable(error.to_string()),
        ReadError::Corrupt { .. } => EngineError::Quarantined(error.to_string()),
    }
}
