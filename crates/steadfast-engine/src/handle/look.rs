//! Looking at a run: its state, its history. Quarantined runs are read past their actor.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Event, EventKind, Run, TaskQueue};
use tokio::time::Instant;

use super::{
    Deadline,
    ask::{Retry, ask, locate, unreadable},
};
use crate::{
    api::*,
    context::Shared,
    ports::Stored,
    request::{Read, Request},
    slot::Slot,
};

/// How long after its deadline a long poll waits to hear that there is nothing new.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// A run's state.
pub(super) async fn describe(
    shared: &Arc<Shared>,
    target: &Target,
    deadline: Deadline,
) -> Result<Description, EngineError> {
    let described =
        ask(shared, target, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    match described.await {
        Ok(run) => Ok(Description { run, quarantine: None, at: shared.world.clock.now() }),
        Err(EngineError::Quarantined(reason)) => {
            let slot = locate(shared, target, deadline).await?;
            let records = records_of(shared, &slot, &reason).await?;
            let run = Run::replay(records.iter().map(|stored| &stored.record));
            let run = run.map_err(|_| EngineError::Quarantined(reason.clone()))?;
            let (run, at) = (Arc::new(run), shared.world.clock.now());
            Ok(Description { run, quarantine: Some(reason), at })
        }
        Err(error) => Err(error),
    }
}

async fn records_of(
    shared: &Arc<Shared>,
    slot: &Slot,
    reason: &str,
) -> Result<Vec<Stored>, EngineError> {
    let records = shared.world.log.read(&slot.address, 0).await.map_err(unreadable);
    records.map_err(|error| {
        if matches!(error, EngineError::Quarantined(_)) {
            EngineError::Quarantined(reason.to_owned())
        } else {
            error
        }
    })
}

/// A page of history; a long poll without news answers an empty page at its deadline.
pub(super) async fn history(
    shared: &Arc<Shared>,
    target: &Target,
    request: HistoryRequest,
    deadline: Deadline,
) -> Result<HistoryPage, EngineError> {
    let answered = read_history(shared, target, &request, deadline).await;
    match answered {
        Err(EngineError::DeadlineExceeded(_)) if request.wait_new => {
            let request = HistoryRequest { wait_new: false, ..request };
            read_history(shared, target, &request, Instant::now() + LAST_LOOK).await
        }
        Err(EngineError::Quarantined(reason)) => {
            quarantined_history(shared, target, &request, &reason, deadline).await
        }
        other => other,
    }
}

async fn read_history(
    shared: &Arc<Shared>,
    target: &Target,
    request: &HistoryRequest,
    deadline: Deadline,
) -> Result<HistoryPage, EngineError> {
    ask(shared, target, deadline, Retry::Again, |reply| {
        Request::Read(Read::History(request.clone(), reply))
    })
    .await
}

/// What can be read of a run that its actor cannot hold.
async fn quarantined_history(
    shared: &Arc<Shared>,
    target: &Target,
    request: &HistoryRequest,
    reason: &str,
    deadline: Deadline,
) -> Result<HistoryPage, EngineError> {
    let slot = locate(shared, target, deadline).await?;
    let records = records_of(shared, &slot, reason).await?;
    let wanted = request.from_event_id.max(1);
    let events = records.iter().flat_map(|stored| stored.record.events());
    let events = events.filter(|event| event.id >= wanted).take(request.max_events.max(1));
    let events: Vec<Arc<Event>> = events.map(|event| Arc::new(event.clone())).collect();
    let next = events.last().map_or(wanted, |event| event.id + 1);
    let status = steadfast_core::run::Status::Running;
    let run = slot.key().clone();
    let last_event_id = records.iter().flat_map(|stored| stored.record.events()).last();
    let last_event_id = last_event_id.map_or(0, |event| event.id);
    let started = records.iter().flat_map(|stored| stored.record.events()).next();
    let task_queue = match started.map(|event| &event.kind) {
        Some(EventKind::WorkflowExecutionStarted(started)) => started.task_queue.clone(),
        Some(_) | None => TaskQueue::default(),
    };
    let next_event_id = Some(next);
    Ok(HistoryPage { run, task_queue, events, next_event_id, last_event_id, status })
}
