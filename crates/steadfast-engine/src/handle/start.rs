//! Starting a run. The log decides whether the workflow id is free; only when it is not are the
//! policies looked at.

use std::sync::Arc;

use steadfast_core::{
    Input, Payload, Rejection, RequestId, RunId, RunKey, Span, WorkflowKey,
    event::UpdateRequest,
    input::{OptionsUpdate, Signal, Start, Terminate},
    run::Status,
    start::{Lineage, StartVerdict, resolve},
};
use tokio::sync::oneshot;

use super::ask::{
    Asked, Retry, ask, ask_slot, find_among, pause, ready, require_attributes,
    require_open_namespace, unreadable,
};
use crate::{
    api::{
        EngineError, PolledWorkflowTask, StartWorkflow, Started, Target, UpdateAnswer, UpdateWait,
    },
    config::Backoff,
    context::{PartitionState, Shared},
    handle::Deadline,
    ports::{Expected, Sequence, last_record},
    request::{Begin, Companion, Current, Open, Opened, Read, Request},
    slot::Slot,
    trace::{self, TRACEPARENT, spans::StartSpan},
};

/// What a start led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The run asked for exists now; with its first task, if the client takes that.
    Started(Option<Box<PolledWorkflowTask>>),
    /// Another run holds the id, and is the answer.
    Existing {
        run_id: RunId,
        first_run_id: RunId,
        status: Status,
        /// An earlier try of this request started it, or was attached to it.
        deduplicated: bool,
        /// An earlier try of this request started it.
        started_before: bool,
    },
}

/// A client's start, perhaps with a signal.
pub(crate) async fn start_workflow(
    shared: &Arc<Shared>,
    request: StartWorkflow,
    deadline: Deadline,
) -> Result<Started, EngineError> {
    let (key, start, _span) = prepare(shared, request).await?;
    let mut backoff = Backoff::new(5, 500);
    loop {
        let started = start_run(shared, &key, start.clone(), deadline).await;
        if let Some(started) = settle_start(shared, &key, &start, started, deadline).await? {
            return Ok(started);
        }
        pause(shared, &mut backoff, deadline).await?;
    }
}

/// The new run's key and what it is made from; the start's span ends with the value.
pub(super) async fn prepare(
    shared: &Arc<Shared>,
    request: StartWorkflow,
) -> Result<(RunKey, Start, Option<StartSpan>), EngineError> {
    let StartWorkflow { namespace, workflow_id, mut request, signal, traceparent } = request;
    require_open_namespace(shared, &namespace).await?;
    require_attributes(shared, &namespace, &mut request.search_attributes).await?;
    if request.request_id.is_empty() {
        request.request_id = RequestId::new(shared.world.entropy.uuid());
    }
    let run_id = RunId::new(shared.world.entropy.run_id(shared.world.clock.now()));
    let key = RunKey { namespace, workflow_id, run_id };
    let span = shared.spans.start(&key, &request, traceparent.as_deref());
    let own = span.as_ref().and_then(StartSpan::traceparent);
    if let Some(traceparent) = own.or(traceparent) {
        let header = request.header.entry(TRACEPARENT.to_owned());
        header.or_insert_with(|| trace::header_value(traceparent));
    }
    Ok((key, Start { request, lineage: Lineage::default(), signal }, span))
}

/// The answer for a run that was just started.
pub(super) fn started(key: &RunKey, task: Option<Box<PolledWorkflowTask>>) -> Started {
    Started {
        run_id: key.run_id.clone(),
        first_run_id: key.run_id.clone(),
        started: true,
        status: Status::Running,
        task,
    }
}

/// What the client hears; nothing when the run that was to be signalled closed meanwhile.
async fn settle_start(
    shared: &Arc<Shared>,
    key: &RunKey,
    start: &Start,
    outcome: Result<Outcome, EngineError>,
    deadline: Deadline,
) -> Result<Option<Started>, EngineError> {
    let existing = |run_id, first_run_id, started, status| Started {
        run_id,
        first_run_id,
        started,
        status,
        task: None,
    };
    let (existing, refusal) = match outcome {
        Ok(Outcome::Started(task)) => return Ok(Some(started(key, task))),
        Ok(Outcome::Existing { run_id, first_run_id, status, started_before, .. }) => {
            (existing(run_id, first_run_id, started_before, status), None)
        }
        // Signal-with-start only wants a run that gets the signal.
        Err(EngineError::Rejected(Rejection::AlreadyStarted { run_id, start_request_id }))
            if start.signal.is_some() =>
        {
            let found = existing(run_id.clone(), RunId::default(), false, Status::Running);
            let refusal = Rejection::AlreadyStarted { run_id, start_request_id };
            (found, Some(refusal))
        }
        Err(error) => return Err(error),
    };
    let Some(signal) = start.signal.as_ref().filter(|_| existing.status.is_open()) else {
        return Ok(Some(existing));
    };
    if signal_existing(shared, key, &existing, signal, deadline).await? {
        return Ok(Some(existing));
    }
    refusal.map_or(Ok(None), |rejection| Err(rejection.into()))
}

/// Signals the run that holds the id; false when it closed meanwhile.
async fn signal_existing(
    shared: &Arc<Shared>,
    key: &RunKey,
    existing: &Started,
    signal: &Signal,
    deadline: Deadline,
) -> Result<bool, EngineError> {
    let target = Target::from(&RunKey { run_id: existing.run_id.clone(), ..key.clone() });
    let input = Input::Signal(Box::new(signal.clone()));
    let retry = if signal.request_id.is_empty() { Retry::Never } else { Retry::Again };
    let signalled = ask(shared, &target, deadline, retry, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    match signalled.await {
        Ok(_) => Ok(true),
        Err(EngineError::Rejected(Rejection::Closed) | EngineError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Starts a run with this key, as its request's policies say.
pub(crate) async fn start_run(
    shared: &Arc<Shared>,
    key: &RunKey,
    start: Start,
    deadline: Deadline,
) -> Result<Outcome, EngineError> {
    start_with(shared, key, start, None, deadline).await
}

/// An update that goes with a start, and where its answer arrives.
pub(super) struct Rider {
    pub(super) request: UpdateRequest,
    pub(super) wait: UpdateWait,
    pub(super) answered: Option<oneshot::Receiver<Result<UpdateAnswer, EngineError>>>,
}

/// The same, perhaps with an update.
pub(super) async fn start_with(
    shared: &Arc<Shared>,
    key: &RunKey,
    start: Start,
    mut rider: Option<&mut Rider>,
    deadline: Deadline,
) -> Result<Outcome, EngineError> {
    let workflow = key.workflow();
    let partition = shared.partition_of(&key.namespace, &key.workflow_id).clone();
    ready(shared, &partition, deadline).await?;
    shared.admit(&partition)?;
    let mut backoff = Backoff::new(5, 500);
    let mut terminated = None;
    // A run may be written to after its close: the workflow's last record is then not its newest run's.
    let mut last_written = 0;
    loop {
        let holder = partition.find(&workflow, &RunId::default());
        let decided = match &holder {
            None => Decided::Open(0),
            Some(slot) if slot.key() == key => Decided::Open(0),
            Some(slot) => decide(shared, slot, &start, terminated.as_ref(), deadline).await?,
        };
        match decided {
            Decided::Open(newest) => {
                let expected = Expected::Workflow(newest.max(last_written));
                let rider = rider.as_deref_mut();
                let opened =
                    open(shared, &partition, key, &start, (expected, rider), deadline).await?;
                match opened {
                    Some(Opened::Started(task)) => return Ok(Outcome::Started(task)),
                    Some(Opened::AlreadyThere) => return Ok(Outcome::Started(None)),
                    Some(Opened::Taken) => {
                        last_written = refresh(shared, &partition, &workflow, &holder).await?;
                    }
                    None => {}
                }
            }
            Decided::Done(outcome) => return Ok(outcome),
            Decided::Attach(outcome, update) => {
                if attach(shared, key, &outcome, *update, deadline).await? {
                    return Ok(outcome);
                }
            }
            Decided::Terminate(run_id) => {
                terminate_holder(shared, key, &run_id, deadline).await?;
                terminated = Some(run_id);
                continue;
            }
            Decided::AskAgain => {}
        }
        pause(shared, &mut backoff, deadline).await?;
    }
}

enum Decided {
    /// The workflow's newest run ended with this record.
    Open(Sequence),
    Done(Outcome),
    Attach(Outcome, Box<OptionsUpdate>),
    Terminate(RunId),
    AskAgain,
}

/// Asks the run that holds the id, and applies the policies.
async fn decide(
    shared: &Arc<Shared>,
    holder: &Arc<Slot>,
    start: &Start,
    terminated: Option<&RunId>,
    deadline: Deadline,
) -> Result<Decided, EngineError> {
    let asked = ask_slot(shared, holder, deadline, |reply| Request::Read(Read::Current(reply)));
    let current: Current = match asked.await {
        Asked::Answered(Ok(current)) => current,
        Asked::Answered(Err(EngineError::NotFound { .. } | EngineError::Unavailable(_)))
        | Asked::Gone
        | Asked::Lost => return Ok(Decided::AskAgain),
        Asked::Answered(Err(error)) => return Err(error),
    };
    let run_id = current.run.key.run_id.clone();
    let follows_it = start.lineage.continued_run_id == run_id;
    if current.awaits_successor && !follows_it {
        return Ok(Decided::AskAgain);
    }
    if terminated == Some(&run_id) && !current.run.status.is_open() {
        return Ok(Decided::Open(current.sequence));
    }
    // A run that follows another has waited long enough already.
    let follows = !start.lineage.continued_run_id.is_empty();
    let interval_ms = if follows { 0 } else { shared.config.workflow_id_reuse_ms };
    let now = shared.world.clock.now();
    Ok(match resolve(&current.run, &start.request, Span::from_millis(interval_ms), now) {
        StartVerdict::Start => Decided::Open(current.sequence),
        StartVerdict::UseExisting { deduplicated } => {
            let outcome = Outcome::Existing {
                run_id,
                first_run_id: current.first_run_id,
                status: current.run.status,
                deduplicated,
                started_before: deduplicated
                    && current.run.start_request_id == start.request.request_id,
            };
            match start.request.attachment().filter(|_| !deduplicated) {
                Some(update) => Decided::Attach(outcome, Box::new(update)),
                None => Decided::Done(outcome),
            }
        }
        StartVerdict::TooSoon { since } => {
            let since_ms = since.0 / 1_000_000;
            return Err(Rejection::TooManyStarts { since_ms }.into());
        }
        StartVerdict::TerminateThenStart => Decided::Terminate(run_id),
        StartVerdict::AlreadyStarted => {
            let start_request_id = current.run.start_request_id;
            return Err(Rejection::AlreadyStarted { run_id, start_request_id }.into());
        }
    })
}

/// Gives the open run that a start found what the start has for it; false when it closed meanwhile.
async fn attach(
    shared: &Arc<Shared>,
    key: &RunKey,
    found: &Outcome,
    update: OptionsUpdate,
    deadline: Deadline,
) -> Result<bool, EngineError> {
    let Outcome::Existing { run_id, .. } = found else {
        return Ok(true);
    };
    let target = Target::from(&RunKey { run_id: run_id.clone(), ..key.clone() });
    let input = Input::UpdateOptions(Box::new(update));
    let attached = ask(shared, &target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    match attached.await {
        Ok(_) => Ok(true),
        Err(EngineError::Rejected(Rejection::Closed) | EngineError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets the log decide. Nothing is known when the run's actor was lost.
async fn open(
    shared: &Arc<Shared>,
    partition: &Arc<PartitionState>,
    key: &RunKey,
    start: &Start,
    (expected, rider): (Expected, Option<&mut Rider>),
    deadline: Deadline,
) -> Result<Option<Opened>, EngineError> {
    let address = partition.address(key.clone(), start.request.workflow_type.clone());
    let slot = partition.find_or_insert(address, 0);
    let begin = Begin::Start(Box::new(start.clone()));
    let update = rider.map(|rider| {
        let (answer, answered) = oneshot::channel();
        rider.answered = Some(answered);
        Companion { request: Box::new(rider.request.clone()), wait: rider.wait, answer }
    });
    let asked = ask_slot(shared, &slot, deadline, |answer| {
        Request::Open(Box::new(Open { begin, expected, update, answer }))
    });
    match asked.await {
        Asked::Answered(Ok(opened)) => Ok(Some(opened)),
        Asked::Answered(Err(EngineError::Unavailable(_))) | Asked::Gone | Asked::Lost => Ok(None),
        Asked::Answered(Err(error)) => Err(error),
    }
}

/// The workflow's last record is another than was thought: look where it is, and which run is the
/// newest.
async fn refresh(
    shared: &Arc<Shared>,
    partition: &Arc<PartitionState>,
    workflow: &WorkflowKey,
    holder: &Option<Arc<Slot>>,
) -> Result<Sequence, EngineError> {
    let heads = shared.world.log.heads(partition.number, workflow).await.map_err(unreadable)?;
    let newest = find_among(&heads, partition, workflow, &RunId::default());
    let in_memory = partition.find(workflow, &RunId::default());
    if let (Some(newest), Some(holder), Some(in_memory)) = (newest, holder, in_memory)
        && Arc::ptr_eq(holder, &in_memory)
        && !Arc::ptr_eq(&newest, holder)
    {
        partition.set_current(&newest);
    }
    Ok(last_record(&heads))
}

async fn terminate_holder(
    shared: &Arc<Shared>,
    key: &RunKey,
    run_id: &RunId,
    deadline: Deadline,
) -> Result<(), EngineError> {
    let target = Target::from(&RunKey { run_id: run_id.clone(), ..key.clone() });
    let request = Terminate {
        reason: "TerminateIfRunning WorkflowIdReusePolicy".to_owned(),
        identity: steadfast_core::Identity::new("history-service"),
        details: vec![Payload::new(
            "json/plain",
            format!("\"terminated by new runID: {}\"", key.run_id).into_bytes(),
        )],
        ..Terminate::default()
    };
    let input = Input::Terminate(Box::new(request));
    let terminated = ask(shared, &target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    match terminated.await {
        Ok(_) | Err(EngineError::Rejected(Rejection::Closed) | EngineError::NotFound { .. }) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
