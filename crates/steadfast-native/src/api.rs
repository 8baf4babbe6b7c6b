//! Clients' requests: `sf.api.<namespace>.<verb>`.

mod list;
mod read;

pub(crate) use self::read::fitting;

use async_nats::Message;
use steadfast_core::{RequestId, UpdateId, event::UpdateRequest, input};
use steadfast_engine::api::{self as engine, StartWorkflow, UpdateWait, UpdateWorkflow};
use steadfast_protocol::{
    ErrorCode,
    message::{self, ApiVerb, Done},
    subject::Token,
};

use crate::{
    door::{Answer, Context, namespace, or_fresh, read, target},
    fault::Fault,
    trace,
};

/// Answers one client's request.
pub(crate) async fn handle(
    context: &Context,
    verb: ApiVerb,
    token: Token,
    message: &Message,
) -> Result<Answer, Fault> {
    let body = message.payload.as_ref();
    match verb {
        ApiVerb::Start => start(context, token, message).await,
        ApiVerb::Signal => signal(context, token, body).await,
        ApiVerb::Query => query(context, token, body).await,
        ApiVerb::Update => update(context, token, body).await,
        ApiVerb::PollUpdate => poll_update(context, token, body).await,
        ApiVerb::Cancel => cancel(context, token, body).await,
        ApiVerb::Terminate => terminate(context, token, body).await,
        ApiVerb::Describe => read::describe(context, token, body).await,
        ApiVerb::History => read::history(context, token, body).await,
        ApiVerb::Result => read::result(context, token, body).await,
        ApiVerb::List => list::list(context, token, body).await,
        ApiVerb::Count => list::count(context, token, body).await,
    }
}

async fn start(context: &Context, token: Token, message: &Message) -> Result<Answer, Fault> {
    let mut start: message::Start = read(&message.payload)?;
    let namespace = namespace(token, start.namespace.take())?;
    start.request_id = or_fresh(start.request_id, RequestId::is_empty);
    let (workflow_id, request, signal) = start.into_request();
    let traceparent = trace::traceparent(message);
    let start = StartWorkflow { namespace, workflow_id, request, signal, traceparent };
    let started = context.engine.start_workflow(start, context.soon()).await?;
    let engine::Started { run_id, started, status, .. } = started;
    Answer::new(context, &message::Started { run_id, started, status })
}

async fn signal(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let mut signal: message::Signal = read(body)?;
    let (workflow_id, run_id) = (signal.workflow_id.clone(), signal.run_id.clone());
    let target = target(token, signal.namespace.take(), workflow_id, run_id)?;
    signal.request_id = or_fresh(signal.request_id, RequestId::is_empty);
    let signal = input::Signal::from(signal);
    context.engine.signal(&target, signal, context.soon()).await?;
    Answer::new(context, &Done {})
}

async fn cancel(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let mut cancel: message::Cancel = read(body)?;
    let (workflow_id, run_id) = (cancel.workflow_id.clone(), cancel.run_id.clone());
    let target = target(token, cancel.namespace.take(), workflow_id, run_id)?;
    cancel.request_id = or_fresh(cancel.request_id, RequestId::is_empty);
    let cancel = input::RequestCancel::from(cancel);
    context.engine.request_cancel(&target, cancel, context.soon()).await?;
    Answer::new(context, &Done {})
}

async fn terminate(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let mut terminate: message::Terminate = read(body)?;
    let (workflow_id, run_id) = (terminate.workflow_id.clone(), terminate.run_id.clone());
    let target = target(token, terminate.namespace.take(), workflow_id, run_id)?;
    let terminate = input::Terminate::from(terminate);
    context.engine.terminate(&target, terminate, context.soon()).await?;
    Answer::new(context, &Done {})
}

async fn query(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let query: message::Query = read(body)?;
    let target = target(token, query.namespace, query.workflow_id, query.run_id)?;
    let deadline = context.within(query.timeout_ms);
    let query = engine::Query {
        name: query.name,
        args: query.args,
        header: query.header,
        reject_not_open: query.reject_not_open,
        reject_not_completed_cleanly: query.reject_not_completed_cleanly,
    };
    let mut answer = message::QueryAnswer::default();
    match context.engine.query(&target, query, deadline).await? {
        engine::QueryAnswer::Result(result) => answer.result = Some(result),
        engine::QueryAnswer::Failed(failure) => answer.failure = Some(*failure),
        engine::QueryAnswer::Rejected(status) => answer.rejected = Some(status),
    }
    Answer::new(context, &answer)
}

async fn update(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let update: message::Update = read(body)?;
    let target = target(token, update.namespace, update.workflow_id, update.run_id)?;
    let deadline = context.within(update.timeout_ms);
    let request = UpdateRequest {
        update_id: or_fresh(update.update_id, UpdateId::is_empty),
        identity: update.identity,
        name: update.name,
        header: update.header,
        args: update.args,
        blanks: Default::default(),
    };
    let wait = wait_for(update.wait);
    let first_execution_run_id = update.first_execution_run_id;
    let update = UpdateWorkflow { request, wait, first_execution_run_id };
    let answer = context.engine.update(&target, update, deadline).await?;
    Answer::new(context, &update_answer(answer))
}

async fn poll_update(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let poll: message::PollUpdate = read(body)?;
    let target = target(token, poll.namespace, poll.workflow_id, poll.run_id)?;
    if poll.update_id.is_empty() {
        return Err(Fault::new(ErrorCode::InvalidArgument, "update_id is not set on request"));
    }
    let (wait, deadline) = (wait_for(poll.wait), context.within(poll.timeout_ms));
    let answer = context.engine.poll_update(&target, poll.update_id, wait, deadline).await?;
    Answer::new(context, &update_answer(answer))
}

fn wait_for(stage: message::UpdateStage) -> UpdateWait {
    match stage {
        message::UpdateStage::Admitted => UpdateWait::Admitted,
        message::UpdateStage::Accepted => UpdateWait::Accepted,
        message::UpdateStage::Completed => UpdateWait::Completed,
    }
}

fn update_answer(answer: engine::UpdateAnswer) -> message::UpdateAnswer {
    let stage = match answer.stage {
        UpdateWait::Admitted => message::UpdateStage::Admitted,
        UpdateWait::Accepted => message::UpdateStage::Accepted,
        UpdateWait::Completed => message::UpdateStage::Completed,
    };
    message::UpdateAnswer {
        update_id: answer.update_id,
        run_id: answer.run.run_id,
        stage,
        outcome: answer.outcome,
    }
}
