//! Messages between runs: sent until they are answered for, and then the sender is told.
//!
//! At least once: after a takeover they are sent again under the same ids, and the receiver drops
//! what it knows. The way is the same as a client's.

use std::{sync::Arc, time::Duration};

use steadfast_core::{
    Execution, Input, Payload, Rejection, RunKey,
    effect::{Outbound, OutboundMessage},
    event::{ExternalFailedCause, StartChildFailedCause},
    input::{ChildFate, ChildReport, ExternalReport, Start},
};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    api::{EngineError, Target},
    config::Backoff,
    context::Shared,
    handle::{
        ask::{Retry, ask, require_namespace},
        reset,
        start::{Outcome, start_run},
    },
    ports::Expected,
    request::{Answered, Begin, Open, Opened, Read, Request},
    slot::Slot,
    sync::lock,
    trace::{self, TRACEPARENT, log::log_key},
};

/// How many resets of its parent a child's report follows (`maxResetRedirectCount` is 20 there).
const RESETS_FOLLOWED_MAX: usize = 100;

/// Sends a message for a run, in the background.
pub(crate) fn send(shared: &Arc<Shared>, from: &Arc<Slot>, outbound: Outbound) {
    let id = (outbound.from.clone(), outbound.initiated_event_id, name_of(&outbound));
    if !lock(&shared.deliveries).insert(id.clone()) {
        return;
    }
    // The successor holds the workflow's id from this moment on: nobody can come between.
    let begun = begin_successor(shared, from, &outbound);
    let (shared, from) = (shared.clone(), from.clone());
    let tracker = shared.tracker.clone();
    tracker.spawn(async move {
        let input = tokio::select! {
            biased;
            input = deliver(&shared, &outbound, begun) => input,
            () = shared.stop.cancelled() => return,
        };
        let answered = Request::Answered(Box::new(Answered { input }));
        tell_sender(&shared, &from, answered).await;
        lock(&shared.deliveries).remove(&id);
    });
}

fn name_of(outbound: &Outbound) -> &'static str {
    match &outbound.message {
        OutboundMessage::StartChild { .. } => "start child",
        OutboundMessage::StartSuccessor { .. } => "start successor",
        OutboundMessage::StartReset { .. } => "start reset",
        OutboundMessage::Signal { .. } => "signal",
        OutboundMessage::RequestCancel { .. } => "request cancel",
        OutboundMessage::Terminate { .. } => "terminate",
        OutboundMessage::ReportToParent { .. } => "report to parent",
    }
}

type Begun = Option<oneshot::Receiver<Result<Opened, EngineError>>>;

fn begin_successor(shared: &Shared, from: &Arc<Slot>, outbound: &Outbound) -> Begun {
    let OutboundMessage::StartSuccessor { key, start } = &outbound.message else {
        return None;
    };
    let partition = shared.partition_of(&key.namespace, &key.workflow_id);
    if partition.find(&key.workflow(), &key.run_id).is_some() {
        return None;
    }
    let address = partition.address(key.clone(), start.request.workflow_type.clone());
    let slot = partition.find_or_insert(address, 0);
    let (reply, opened) = oneshot::channel();
    let expected = Expected::Workflow(from.sequence());
    let open = Open { begin: Begin::Start(start.clone()), expected, update: None, answer: reply };
    if shared.push(&slot, Request::Open(Box::new(open))).is_err() {
        return None;
    }
    partition.set_current(&slot);
    Some(opened)
}

/// Tries until the message is answered for; answers what the sender is told.
async fn deliver(shared: &Arc<Shared>, outbound: &Outbound, begun: Begun) -> Option<Input> {
    if let Some(opened) = begun
        && let Ok(Ok(Opened::Started(_) | Opened::AlreadyThere)) = opened.await
    {
        return None;
    }
    let config = &shared.config;
    let mut backoff = Backoff::new(config.delivery_backoff_ms, config.delivery_backoff_max_ms);
    loop {
        let deadline = Instant::now() + Duration::from_millis(config.delivery_timeout_ms);
        match attempt(shared, outbound, deadline).await {
            Ok(input) => return input,
            Err(error) => {
                log_key!(debug, &outbound.from, %error, "message is not delivered yet");
                tokio::time::sleep(backoff.advance()).await;
            }
        }
    }
}

/// One try. An error means that it must be tried again.
async fn attempt(
    shared: &Arc<Shared>,
    outbound: &Outbound,
    deadline: Instant,
) -> Result<Option<Input>, EngineError> {
    let id = outbound.initiated_event_id;
    match &outbound.message {
        OutboundMessage::StartChild { key, start } => {
            start_child(shared, outbound, key, start, deadline).await.map(Some)
        }
        OutboundMessage::StartSuccessor { key, start } => {
            let mut start = (**start).clone();
            continue_trace(shared, &outbound.from, &mut start, deadline).await;
            let started = start_run(shared, key, start, deadline).await;
            final_answer(started.map(drop))?;
            Ok(None)
        }
        OutboundMessage::StartReset { base, reset } => {
            match reset::carry_out(shared, base, reset, deadline).await {
                // What the base run said yes to can be made, except when it is too large.
                Err(EngineError::Rejected(rejection)) => {
                    tracing::error!(run = %base, %rejection, "a reset run cannot be made");
                    Ok(None)
                }
                carried_out => carried_out.map(|()| None),
            }
        }
        OutboundMessage::Signal { to, signal, only_child_of } => {
            let target = Target::from(to);
            if let Some(parent) = only_child_of {
                let is_child = is_child(shared, &target, parent, deadline).await;
                if !final_answer(is_child)?.unwrap_or(false) {
                    return Ok(Some(external(id, Err(not_found()))));
                }
            }
            let input = Input::Signal(signal.clone());
            let sent = tell(shared, &target, input, deadline).await;
            Ok(Some(external(id, sent?)))
        }
        OutboundMessage::RequestCancel { to, request } => {
            let input = Input::RequestCancel(request.clone());
            let sent = tell(shared, &Target::from(to), input, deadline).await;
            Ok(Some(external(id, sent?)))
        }
        OutboundMessage::Terminate { to, request } => {
            let input = Input::Terminate(request.clone());
            tell(shared, &Target::from(to), input, deadline).await?.ok();
            Ok(None)
        }
        OutboundMessage::ReportToParent { to, report } => {
            report_to_parent(shared, to, report, deadline).await.map(|()| None)
        }
    }
}

fn external(initiated_event_id: i64, outcome: Result<(), ExternalFailedCause>) -> Input {
    Input::External(Box::new(ExternalReport { initiated_event_id, outcome }))
}

fn not_found() -> ExternalFailedCause {
    ExternalFailedCause::ExternalWorkflowExecutionNotFound
}

/// Feeds an input to another run; the inner error is final.
async fn tell(
    shared: &Arc<Shared>,
    target: &Target,
    input: Input,
    deadline: Instant,
) -> Result<Result<(), ExternalFailedCause>, EngineError> {
    let told = ask(shared, target, deadline, Retry::Again, |reply| {
        Request::Input(Box::new(input.clone()), Some(reply))
    });
    match told.await {
        Ok(_) | Err(EngineError::Rejected(Rejection::CancellationAlreadyRequested)) => Ok(Ok(())),
        Err(EngineError::Rejected(Rejection::Limit(_))) => {
            Ok(Err(ExternalFailedCause::SignalCountLimitExceeded))
        }
        Err(EngineError::Rejected(_) | EngineError::NotFound { .. }) => Ok(Err(not_found())),
        Err(EngineError::NamespaceNotFound(_)) => Ok(Err(ExternalFailedCause::NamespaceNotFound)),
        Err(error) => Err(error),
    }
}

/// Tells a parent; one that was reset passes it on. A parent that is closed, or knows it already,
/// does not mind.
async fn report_to_parent(
    shared: &Arc<Shared>,
    parent: &RunKey,
    report: &ChildReport,
    deadline: Instant,
) -> Result<(), EngineError> {
    let mut parent = parent.clone();
    for _ in 0..RESETS_FOLLOWED_MAX {
        let target = Target::from(&parent);
        let told = ask(shared, &target, deadline, Retry::Again, |reply| {
            let input = Input::Child(Box::new(report.clone()));
            Request::Input(Box::new(input), Some(reply))
        });
        match told.await {
            Err(EngineError::Rejected(Rejection::WasReset { run_id })) => parent.run_id = run_id,
            told => return final_answer(told).map(drop),
        }
    }
    Ok(())
}

/// Sorts out what need not be tried again.
fn final_answer<T>(result: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(
            EngineError::NotFound { .. }
            | EngineError::NamespaceNotFound(_)
            | EngineError::Rejected(_),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn is_child(
    shared: &Arc<Shared>,
    target: &Target,
    parent: &Execution,
    deadline: Instant,
) -> Result<bool, EngineError> {
    let run =
        ask(shared, target, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    Ok(run.await?.is_child_of(parent))
}

async fn start_child(
    shared: &Arc<Shared>,
    outbound: &Outbound,
    key: &RunKey,
    start: &Start,
    deadline: Instant,
) -> Result<Input, EngineError> {
    let mut child = start.clone();
    continue_trace(shared, &outbound.from, &mut child, deadline).await;
    let started = match require_namespace(shared, &key.namespace).await {
        Ok(_) => start_run(shared, key, child, deadline).await,
        Err(error) => Err(error),
    };
    let fate = match started {
        Ok(Outcome::Started(_) | Outcome::Existing { deduplicated: true, .. }) => {
            ChildFate::Started {
                workflow_type: start.request.workflow_type.clone(),
                header: start.request.header.clone(),
            }
        }
        Ok(Outcome::Existing { deduplicated: false, .. })
        | Err(EngineError::Rejected(Rejection::AlreadyStarted { .. })) => {
            ChildFate::StartFailed(StartChildFailedCause::WorkflowAlreadyExists)
        }
        Err(EngineError::NamespaceNotFound(_)) => {
            ChildFate::StartFailed(StartChildFailedCause::NamespaceNotFound)
        }
        // The id was used a moment ago.
        Err(error @ EngineError::Rejected(Rejection::TooManyStarts { .. })) => return Err(error),
        Err(EngineError::Rejected(_)) => ChildFate::StartFailed(StartChildFailedCause::Unspecified),
        Err(error) => return Err(error),
    };
    let initiated_event_id = outbound.initiated_event_id;
    let child = key.execution();
    Ok(Input::Child(Box::new(ChildReport { initiated_event_id, child, fate })))
}

/// A run that another one starts is part of that one's trace, unless it was given its own.
async fn continue_trace(shared: &Arc<Shared>, from: &RunKey, start: &mut Start, deadline: Instant) {
    if !start.request.header.contains_key(TRACEPARENT)
        && let Some(traceparent) = parents_trace(shared, from, deadline).await
    {
        let header = &mut start.request.header;
        header.insert(TRACEPARENT.to_owned(), traceparent);
    }
}

async fn parents_trace(
    shared: &Arc<Shared>,
    parent: &RunKey,
    deadline: Instant,
) -> Option<Payload> {
    let parent = Target::from(parent);
    let run =
        ask(shared, &parent, deadline, Retry::Again, |reply| Request::Read(Read::Describe(reply)));
    let traceparent = shared.spans.of_run(&*run.await.ok()?);
    Some(trace::header_value(traceparent))
}

/// Tells the sender how a delivery ended; waits for room in its inbox.
pub(crate) async fn tell_sender(shared: &Arc<Shared>, from: &Arc<Slot>, mut request: Request) {
    let config = &shared.config;
    let mut backoff = Backoff::new(config.delivery_backoff_ms, config.delivery_backoff_max_ms);
    let mut slot = from.clone();
    loop {
        let Err((refused, _)) = shared.push(&slot, request) else {
            return;
        };
        request = refused;
        tokio::select! {
            biased;
            () = tokio::time::sleep(backoff.advance()) => {}
            () = shared.stop.cancelled() => return,
        }
        // Its partition may have been recovered meanwhile, with a new slot for the run.
        let key = from.key();
        let partition = shared.partition_of(&key.namespace, &key.workflow_id);
        match partition.find(&key.workflow(), &key.run_id) {
            Some(found) => slot = found,
            None => return,
        }
    }
}
