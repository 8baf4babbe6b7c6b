//! `sf.poll.<namespace>.<queue>.activity`: a worker waits for an activity attempt.

use steadfast_core::{Failure, Identity, failure::FailureInfo, input::ActivityOutcome};
use steadfast_engine::api::{ActivityTarget, Poll, PolledActivityTask};
use steadfast_protocol::{
    ErrorCode, TaskKind, TaskToken,
    message::{self, millis},
    subject::Token,
};

use crate::{
    door::{Answer, Context, Polled, namespace, read},
    fault::Fault,
};

/// A poll's request, and until when to wait.
pub(crate) fn poll_request(
    context: &Context,
    token: Token,
    queue: Token,
    body: &[u8],
) -> Result<(Poll, steadfast_engine::Deadline), Fault> {
    let poll: message::Poll = read(body)?;
    let namespace = namespace(token, poll.namespace)?;
    let named = poll.task_queue.as_ref().map(|queue| queue.as_str());
    let task_queue = queue.resolve("task_queue", named)?.into();
    let deadline = context.within(poll.timeout_ms);
    let identity = poll.identity;
    Ok((Poll { namespace, task_queue, identity, ..Poll::default() }, deadline))
}

pub(crate) async fn poll(
    context: &Context,
    token: Token,
    queue: Token,
    body: &[u8],
) -> Result<Answer, Fault> {
    let (poll, deadline) = poll_request(context, token, queue, body)?;
    let identity = poll.identity.clone();
    let Some(task) = context.engine.poll_activity_task(poll, deadline).await? else {
        return Ok(Answer::Empty);
    };
    let token = task.token.clone();
    let traceparent = task.traceparent.clone();
    match Answer::task(context, &activity_task(task)?, Polled::Activity(token.clone()), traceparent)
    {
        Err(fault) if fault.code == ErrorCode::PayloadTooLarge => {
            undeliverable(context, &ActivityTarget::Token(token), identity, &fault).await;
            Err(fault)
        }
        answer => answer,
    }
}

/// The attempt has begun, but its task is larger than NATS takes: it fails, for the workflow to see.
async fn undeliverable(
    context: &Context,
    token: &ActivityTarget,
    identity: Identity,
    fault: &Fault,
) {
    let mut failure = Failure::application("PayloadTooLarge", fault.message.clone());
    if let FailureInfo::Application(info) = &mut failure.info {
        info.non_retryable = true;
    }
    let outcome = ActivityOutcome::Failed { failure, last_heartbeat: None };
    let resolved = context.engine.resolve_activity(token, outcome, identity, context.soon()).await;
    if let Err(error) = resolved {
        // Its start-to-close timeout ends it all the same.
        tracing::warn!(%error, "an activity task too large to send was not failed");
    }
}

fn activity_task(polled: PolledActivityTask) -> Result<message::ActivityTask, Fault> {
    let task = polled.task;
    let scheduled = task.scheduled;
    let token = wire_token(TaskKind::Activity, polled.token);
    Ok(message::ActivityTask {
        token: token.encode()?,
        workflow_id: polled.run.workflow_id,
        run_id: polled.run.run_id,
        workflow_type: task.workflow_type,
        activity_id: scheduled.activity_id.clone(),
        activity_type: scheduled.activity_type.clone(),
        input: scheduled.input.clone(),
        header: scheduled.header.clone(),
        attempt: task.attempt,
        heartbeat_details: task.heartbeat_details,
        scheduled_at_ms: task.scheduled_at.as_millis(),
        attempt_scheduled_at_ms: task.attempt_scheduled_at.as_millis(),
        started_at_ms: task.started_at.as_millis(),
        schedule_to_close_timeout_ms: millis(scheduled.schedule_to_close_timeout),
        start_to_close_timeout_ms: millis(scheduled.start_to_close_timeout),
        heartbeat_timeout_ms: millis(scheduled.heartbeat_timeout),
        retry_policy: scheduled.retry_policy.clone().map(Into::into),
        traceparent: polled.traceparent,
    })
}

/// The engine's token in its wire form.
pub(crate) fn wire_token(kind: TaskKind, token: steadfast_engine::api::TaskToken) -> TaskToken {
    TaskToken {
        kind,
        run: token.run,
        scheduled_event_id: token.scheduled_event_id,
        attempt: token.attempt,
        started_event_id: token.started_event_id,
        request_id: token.request_id,
    }
}
