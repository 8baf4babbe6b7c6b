//! Workers' answers: `sf.task.<namespace>.<verb>`.

use bytes::Bytes;
use steadfast_core::{
    ActivityId, Execution, Identity, Namespace, Span, input, input::ActivityOutcome,
};
use steadfast_engine::api::{
    ActivityTarget, Completion, QueryAnswer, QueryAnswers, Target, TaskFailure, TaskToken,
};
use steadfast_protocol::{
    self as protocol, ErrorCode, TaskKind,
    message::{self, ActivityName, Completed, Done, TaskVerb},
    subject::Token,
};

use crate::{
    door::{Answer, Context, namespace, read},
    fault::Fault,
};

/// How long a task waits at its sticky queue when the worker does not say.
const STICKY_TIMEOUT_DEFAULT: Span = Span::from_secs(5);

/// Answers one worker's answer.
pub(crate) async fn handle(
    context: &Context,
    verb: TaskVerb,
    token: Token,
    body: &[u8],
) -> Result<Answer, Fault> {
    match verb {
        TaskVerb::Complete => complete(context, token, read(body)?).await,
        TaskVerb::Fail => fail(context, token, read(body)?).await,
        TaskVerb::Cancel => cancel(context, token, read(body)?).await,
        TaskVerb::Heartbeat => heartbeat(context, token, read(body)?).await,
    }
}

/// The task that an answer is about.
enum Task {
    Activity(ActivityTarget),
    Workflow(TaskToken),
    Query(TaskToken),
}

async fn complete(
    context: &Context,
    token: Token,
    complete: message::Complete,
) -> Result<Answer, Fault> {
    let namespace = namespace(token, complete.namespace.clone())?;
    let new_task = match task(&namespace, &complete.token, complete.activity.clone())? {
        Task::Activity(activity) => {
            refuse("commands", !complete.commands.is_empty())?;
            refuse("query_answers", !complete.query_answers.is_empty())?;
            let outcome = ActivityOutcome::Completed(complete.result);
            resolve(context, &activity, outcome, complete.identity).await?;
            false
        }
        Task::Workflow(token) => {
            refuse("result", !complete.result.is_empty())?;
            let completion = completion(complete)?;
            let engine = &context.engine;
            engine.complete_workflow_task(&token, completion, context.soon()).await?.new_task
        }
        Task::Query(token) => {
            refuse("commands", !complete.commands.is_empty())?;
            let mut answers = query_answers(complete.query_answers)?;
            let (Some((_, answer)), true) = (answers.pop(), answers.is_empty()) else {
                return Err(invalid("a lone query is completed with exactly one query answer"));
            };
            context.engine.answer_query(&token, answer, context.soon()).await?;
            false
        }
    };
    Answer::new(context, &Completed { new_task })
}

async fn fail(context: &Context, token: Token, fail: message::Fail) -> Result<Answer, Fault> {
    let namespace = namespace(token, fail.namespace.clone())?;
    match task(&namespace, &fail.token, fail.activity)? {
        Task::Activity(activity) => {
            let last_heartbeat = fail.heartbeat_details;
            let outcome = ActivityOutcome::Failed { failure: fail.failure, last_heartbeat };
            resolve(context, &activity, outcome, fail.identity).await?;
        }
        Task::Workflow(token) => {
            let (cause, failure) = (fail.cause, Some(fail.failure));
            let failure = TaskFailure { cause, failure, identity: fail.identity };
            context.engine.fail_workflow_task(&token, failure, context.soon()).await?;
        }
        Task::Query(token) => {
            let answer = QueryAnswer::Failed(Box::new(fail.failure));
            context.engine.answer_query(&token, answer, context.soon()).await?;
        }
    }
    Answer::new(context, &Done {})
}

async fn cancel(
    context: &Context,
    token: Token,
    cancel: message::CancelTask,
) -> Result<Answer, Fault> {
    let namespace = namespace(token, cancel.namespace.clone())?;
    let activity = activity(&namespace, &cancel.token, cancel.activity)?;
    let outcome = ActivityOutcome::Canceled(cancel.details);
    resolve(context, &activity, outcome, cancel.identity).await?;
    Answer::new(context, &Done {})
}

async fn heartbeat(
    context: &Context,
    token: Token,
    heartbeat: message::Heartbeat,
) -> Result<Answer, Fault> {
    let namespace = namespace(token, heartbeat.namespace.clone())?;
    let activity = activity(&namespace, &heartbeat.token, heartbeat.activity)?;
    let (details, identity) = (heartbeat.details, heartbeat.identity);
    let deadline = context.soon();
    let reply = context.engine.heartbeat_activity(&activity, details, identity, deadline).await?;
    Answer::new(context, &reply)
}

async fn resolve(
    context: &Context,
    activity: &ActivityTarget,
    outcome: ActivityOutcome,
    identity: Identity,
) -> Result<(), Fault> {
    Ok(context.engine.resolve_activity(activity, outcome, identity, context.soon()).await?)
}

fn completion(complete: message::Complete) -> Result<Completion, Fault> {
    Ok(Completion {
        commands: complete.commands,
        identity: complete.identity,
        sticky: complete.sticky.map(|sticky| input::Sticky {
            task_queue: sticky.task_queue,
            schedule_to_start_timeout: Span::from_millis(sticky.schedule_to_start_timeout_ms)
                .set()
                .unwrap_or(STICKY_TIMEOUT_DEFAULT),
        }),
        force_new_task: complete.force_new_task,
        query_answers: query_answers(complete.query_answers)?,
        ..Completion::default()
    })
}

fn query_answers(answers: Vec<message::TaskQueryAnswer>) -> Result<QueryAnswers, Fault> {
    let answer = |answer: message::TaskQueryAnswer| match (answer.result, answer.failure) {
        (Some(result), None) => Ok((answer.id, QueryAnswer::Result(result))),
        (None, Some(failure)) => Ok((answer.id, QueryAnswer::Failed(Box::new(failure)))),
        (Some(_), Some(_)) | (None, None) => {
            Err(invalid("a query answer has a result or a failure, one of them"))
        }
    };
    answers.into_iter().map(answer).collect()
}

/// The task that is named by a token, or the activity by its name.
fn task(
    namespace: &Namespace,
    token: &Bytes,
    activity: Option<ActivityName>,
) -> Result<Task, Fault> {
    match (token.is_empty(), activity) {
        (true, Some(name)) => named(namespace, name).map(Task::Activity),
        (false, None) => tokened(namespace, token),
        (true, None) => Err(invalid("token is not set on request")),
        (false, Some(_)) => Err(invalid("token and activity cannot both be set")),
    }
}

/// The activity that is named by a token or by name.
fn activity(
    namespace: &Namespace,
    token: &Bytes,
    activity: Option<ActivityName>,
) -> Result<ActivityTarget, Fault> {
    match task(namespace, token, activity)? {
        Task::Activity(activity) => Ok(activity),
        Task::Workflow(_) | Task::Query(_) => {
            Err(Fault::new(ErrorCode::BadToken, "the token is not an activity's"))
        }
    }
}

fn named(namespace: &Namespace, name: ActivityName) -> Result<ActivityTarget, Fault> {
    let ActivityName { workflow_id, run_id, activity_id } = name;
    if workflow_id.is_empty() || ActivityId::is_empty(&activity_id) {
        return Err(invalid("activity needs a workflow_id and an activity_id"));
    }
    let execution = Execution { workflow_id, run_id };
    Ok(ActivityTarget::Id(Target { namespace: namespace.clone(), execution }, activity_id))
}

fn tokened(namespace: &Namespace, bytes: &Bytes) -> Result<Task, Fault> {
    let token = protocol::TaskToken::decode(bytes)
        .map_err(|error| Fault::new(ErrorCode::BadToken, format!("bad token: {error}")))?;
    if token.run.namespace != *namespace {
        let message = "the token belongs to another namespace than the subject";
        return Err(Fault::new(ErrorCode::WrongNamespace, message));
    }
    let kind = token.kind;
    let token = TaskToken {
        run: token.run,
        scheduled_event_id: token.scheduled_event_id,
        attempt: token.attempt,
        started_event_id: token.started_event_id,
        request_id: token.request_id,
    };
    Ok(match kind {
        TaskKind::Activity => Task::Activity(ActivityTarget::Token(token)),
        TaskKind::Workflow => Task::Workflow(token),
        TaskKind::Query => Task::Query(token),
    })
}

fn refuse(field: &str, is_set: bool) -> Result<(), Fault> {
    if is_set {
        return Err(invalid(&format!("{field} does not belong to this kind of task")));
    }
    Ok(())
}

fn invalid(message: &str) -> Fault {
    Fault::new(ErrorCode::InvalidArgument, message)
}
