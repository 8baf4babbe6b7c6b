//! Reset: the base run says yes, durably, and then the run that takes its place is made.
//!
//! [`carry_out`] may be repeated: after a crash the base run's next owner does.

use std::sync::Arc;

use steadfast_core::{
    Event, EventKind, Identity, Input, RequestId, RunId, RunKey, WorkflowKey,
    input::{Reset, Terminate},
    limits::LimitError,
    run::{
        derive::derived_run_id,
        reset::{RESETTER, ResetStart, check_point},
    },
};

use super::{
    Deadline,
    ask::{Asked, Retry, ask, ask_slot, locate, pause, unreadable},
};
use crate::{
    api::{EngineError, ResetWorkflow, Target},
    config::Backoff,
    context::Shared,
    ports::{Expected, Head, last_record},
    request::{Begin, Open, Opened, Read, Request},
    slot::Slot,
};

/// A client's reset; answers the run that takes the base run's place once it is there.
pub(super) async fn reset(
    shared: &Arc<Shared>,
    target: &Target,
    request: ResetWorkflow,
    deadline: Deadline,
) -> Result<RunId, EngineError> {
    let mut reset = request.reset;
    if reset.request_id.is_empty() {
        reset.request_id = RequestId::new(shared.world.entropy.uuid());
    }
    let base =
        ask(shared, target, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    let base = base.await?;
    let workflow = base.key().workflow();
    if let Some(run_id) = done_before(shared, &workflow, &reset.request_id, deadline).await? {
        return Ok(run_id);
    }
    let finish = reset.workflow_task_finish_event_id;
    let purpose = format!("reset\0{}", reset.request_id);
    reset.new_run_id = derived_run_id(base.key(), finish, &purpose);
    let slot = locate(shared, &Target::from(base.key()), deadline).await?;
    let copied = events_of(shared, &slot).await?;
    let copied: Vec<Event> = copied.into_iter().filter(|event| event.id < finish).collect();
    let max = shared.config.reset_bytes_max;
    let bytes = copied.iter().map(Event::approximate_bytes).sum::<u64>();
    if bytes > max as u64 {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let limit = LimitError::PayloadTooLarge { field: "History", bytes, max };
        return Err(steadfast_core::Rejection::Limit(limit).into());
    }
    check_point(&base, reset.clone(), copied, &shared.config.limits)?;
    let input = Input::Reset(Box::new(reset.clone()));
    let base_target = Target::from(base.key());
    let said_yes = ask(shared, &base_target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    said_yes.await?;
    let key = RunKey { run_id: reset.new_run_id, ..base.key().clone() };
    wait_for(shared, &key, deadline).await?;
    Ok(key.run_id)
}

/// The run that an earlier try of this request made, if it did.
async fn done_before(
    shared: &Arc<Shared>,
    workflow: &WorkflowKey,
    request_id: &RequestId,
    deadline: Deadline,
) -> Result<Option<RunId>, EngineError> {
    let current = Target::current(workflow.namespace.clone(), workflow.workflow_id.clone());
    let current =
        ask(shared, &current, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    let current = match current.await {
        Ok(current) => current,
        Err(EngineError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let made_by = current.opened.reset.as_ref().map(|origin| &origin.request_id);
    Ok((made_by == Some(request_id)).then(|| current.key().run_id.clone()))
}

/// Waits until a run is there, durably.
async fn wait_for(
    shared: &Arc<Shared>,
    key: &RunKey,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let mut backoff = Backoff::new(1, 200);
    loop {
        // A repeated request may come when the run has closed and left memory.
        match locate(shared, &Target::from(key), deadline).await {
            Ok(slot) => {
                let asked =
                    ask_slot(shared, &slot, deadline, |reply| Request::Read(Read::Current(reply)));
                if let Asked::Answered(Ok(_)) = asked.await {
                    return Ok(());
                }
            }
            Err(EngineError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        pause(shared, &mut backoff, deadline).await?;
    }
}

async fn events_of(shared: &Arc<Shared>, slot: &Slot) -> Result<Vec<Event>, EngineError> {
    let records = shared.world.log.read(&slot.address, 0).await.map_err(unreadable)?;
    Ok(records.iter().flat_map(|stored| stored.record.events()).cloned().collect())
}

/// Makes the run that a reset asked for, unless it is there: the workflow's open run is terminated,
/// what happened after the reset point is read, and the new run's first record follows the newest
/// record of the workflow.
pub(crate) async fn carry_out(
    shared: &Arc<Shared>,
    base: &RunKey,
    reset: &Reset,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let workflow = base.workflow();
    let partition = shared.partition_of(&base.namespace, &base.workflow_id).clone();
    let key = RunKey { run_id: reset.new_run_id.clone(), ..base.clone() };
    let mut backoff = Backoff::new(5, 500);
    loop {
        let heads = shared.world.log.heads(partition.number, &workflow).await;
        let heads = heads.map_err(unreadable)?;
        if heads.iter().any(|head| head.address.key == key) {
            return Ok(());
        }
        let open = heads.iter().rfind(|head| head.status.is_open());
        let newest = last_record(&heads);
        if let Some(open) = open {
            terminate(shared, &open.address.key, &reset.reason, deadline).await?;
        } else if let Some(start) = gather(shared, &heads, base, reset).await? {
            let workflow_type = start.1;
            let slot = partition.find_or_insert(partition.address(key.clone(), workflow_type), 0);
            let begin = Begin::Reset(Box::new(start.0));
            let asked = ask_slot(shared, &slot, deadline, |answer| {
                let expected = Expected::Workflow(newest);
                Request::Open(Box::new(Open { begin, expected, update: None, answer }))
            });
            match asked.await {
                Asked::Answered(Ok(Opened::Started(_) | Opened::AlreadyThere)) => return Ok(()),
                Asked::Answered(Err(error @ EngineError::Rejected(_))) => return Err(error),
                Asked::Answered(Ok(Opened::Taken) | Err(_)) | Asked::Gone | Asked::Lost => {}
            }
        } else {
            // The base run was deleted meanwhile: there is nothing to begin with.
            return Ok(());
        }
        pause(shared, &mut backoff, deadline).await?;
    }
}

/// Reads what the new run is made from; nothing when the base run is gone.
async fn gather(
    shared: &Arc<Shared>,
    heads: &[Head],
    base: &RunKey,
    reset: &Reset,
) -> Result<Option<(ResetStart, steadfast_core::WorkflowType)>, EngineError> {
    let find = |run_id: &RunId| heads.iter().find(|head| head.address.key.run_id == *run_id);
    let Some(head) = find(&base.run_id) else {
        return Ok(None);
    };
    let log = &shared.world.log;
    let records = log.read(&head.address, 0).await.map_err(unreadable)?;
    let opened = records.first().and_then(|first| first.record.opened());
    let Some(opened) = opened.cloned() else {
        return Ok(None);
    };
    let events = records.into_iter().flat_map(|stored| stored.record.into_events());
    let finish = reset.workflow_task_finish_event_id;
    let (copied, mut later): (Vec<_>, Vec<_>) = events.partition(|event| event.id < finish);
    // A run of the chain that was deleted ends it.
    while let Some(head) = later.last().and_then(continued_as).and_then(find) {
        let records = log.read(&head.address, 0).await.map_err(unreadable)?;
        let before = later.len();
        later.extend(records.into_iter().flat_map(|stored| stored.record.into_events()));
        if later.len() == before {
            break;
        }
    }
    let start = ResetStart { base: opened, reset: reset.clone(), copied, later };
    Ok(Some((start, head.address.workflow_type.clone())))
}

fn continued_as(event: &Event) -> Option<&RunId> {
    let EventKind::WorkflowExecutionContinuedAsNew(continued) = &event.kind else {
        return None;
    };
    Some(&continued.new_execution_run_id)
}

/// Ends the run that holds the workflow's id.
async fn terminate(
    shared: &Arc<Shared>,
    key: &RunKey,
    reason: &str,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let request = Terminate {
        reason: reason.to_owned(),
        identity: Identity::new(RESETTER),
        ..Terminate::default()
    };
    let input = Input::Terminate(Box::new(request));
    let target = Target::from(key);
    let terminated = ask(shared, &target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    match terminated.await {
        Ok(_)
        | Err(
            EngineError::Rejected(steadfast_core::Rejection::Closed) | EngineError::NotFound { .. },
        ) => Ok(()),
        Err(error) => Err(error),
    }
}
