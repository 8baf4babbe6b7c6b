//! One request's way: subject and headers, then its verb, then the engine, then the answer.

use std::sync::Arc;

use async_nats::{Client, HeaderMap, Message};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use steadfast_core::{Execution, Namespace, RunId, WorkflowId};
use steadfast_engine::{
    Deadline, Engine,
    api::{Target, TaskToken},
};
use steadfast_protocol::{
    ErrorCode, PROTOCOL_VERSION, codec, header,
    message::{ApiVerb, TaskVerb},
    subject::{self, PollKind, Token},
};

use crate::{NativeConfig, activity, api, fault::Fault, lists::Lists, task, workflow};

/// What every handler needs.
pub(crate) struct Context {
    pub(crate) config: NativeConfig,
    pub(crate) client: Client,
    pub(crate) engine: Engine,
    pub(crate) lists: Option<Arc<dyn Lists>>,
}

impl Context {
    /// The deadline of a request that waits for nothing.
    pub(crate) fn soon(&self) -> Deadline {
        Deadline::now() + self.config.request_timeout()
    }

    /// The deadline of a caller that asks to wait this long.
    pub(crate) fn within(&self, timeout_ms: u64) -> Deadline {
        Deadline::now() + self.config.long_wait(timeout_ms)
    }

    /// The largest answer that NATS takes, less what headers may need.
    pub(crate) fn answer_bytes_max(&self) -> usize {
        const HEADERS: usize = 4 << 10;
        self.client.max_payload().saturating_sub(HEADERS)
    }

    /// About how many bytes of events an answer may hold.
    pub(crate) fn page_bytes_max(&self) -> usize {
        self.config.page_bytes_max.min(self.answer_bytes_max() / 2)
    }
}

/// The kind of subject that a request came in through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Api,
    Poll,
    Task,
}

/// Which bound a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Short,
    Long,
}

/// What a request is, from its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) namespace: Token,
    pub(crate) verb: Verb,
}

/// What it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Api(ApiVerb),
    Poll(PollKind, Token),
    Task(TaskVerb),
}

/// The answer to a request that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A message.
    Body(Bytes),
    /// A task, and its trace: when its poller is gone, it goes back.
    Task(Bytes, Polled, Option<String>),
    /// The wait ended before there was anything.
    Empty,
}

/// What a poll took from the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Polled {
    Activity(TaskToken),
    Workflow(TaskToken),
}

impl Incoming {
    /// Looks at the version and the subject.
    pub(crate) fn parse(door: Door, message: &Message) -> Result<Self, Fault> {
        check_version(message.headers.as_ref())?;
        let subject = message.subject.as_str();
        match door {
            Door::Api => {
                let parsed = subject::parse_api(subject)?;
                let verb = ApiVerb::from_name(&parsed.verb).ok_or_else(|| unknown(&parsed.verb))?;
                Ok(Self { namespace: parsed.namespace, verb: Verb::Api(verb) })
            }
            Door::Task => {
                let parsed = subject::parse_task(subject)?;
                let verb =
                    TaskVerb::from_name(&parsed.verb).ok_or_else(|| unknown(&parsed.verb))?;
                Ok(Self { namespace: parsed.namespace, verb: Verb::Task(verb) })
            }
            Door::Poll => {
                let parsed = subject::parse_poll(subject)?;
                let kind = [PollKind::Activity, PollKind::Workflow]
                    .into_iter()
                    .find(|kind| kind.name() == parsed.kind)
                    .ok_or_else(|| unknown(&parsed.kind))?;
                let verb = Verb::Poll(kind, parsed.task_queue);
                Ok(Self { namespace: parsed.namespace, verb })
            }
        }
    }

    pub(crate) fn wait(&self) -> Wait {
        match self.verb {
            Verb::Poll(..)
            | Verb::Api(
                ApiVerb::Query
                | ApiVerb::Update
                | ApiVerb::PollUpdate
                | ApiVerb::History
                | ApiVerb::Result,
            ) => Wait::Long,
            Verb::Task(_)
            | Verb::Api(
                ApiVerb::Start
                | ApiVerb::Signal
                | ApiVerb::Cancel
                | ApiVerb::Terminate
                | ApiVerb::Describe
                | ApiVerb::List
                | ApiVerb::Count,
            ) => Wait::Short,
        }
    }
}

impl Answer {
    /// Encodes an answer, if NATS takes one of its size.
    pub(crate) fn new<T: Serialize>(context: &Context, answer: &T) -> Result<Self, Fault> {
        let body = codec::encode(answer)?;
        let max = context.answer_bytes_max();
        if body.len() > max {
            let message = format!("the answer has {} bytes, at most {max} can be sent", body.len());
            return Err(Fault::new(ErrorCode::PayloadTooLarge, message));
        }
        Ok(Self::Body(body))
    }

    /// Encodes a task, if NATS takes one of its size.
    pub(crate) fn task<T: Serialize>(
        context: &Context,
        task: &T,
        polled: Polled,
        traceparent: Option<String>,
    ) -> Result<Self, Fault> {
        match Self::new(context, task)? {
            Self::Body(body) => Ok(Self::Task(body, polled, traceparent)),
            other @ (Self::Task(..) | Self::Empty) => Ok(other),
        }
    }

    pub(crate) fn into_message(self) -> (Bytes, HeaderMap) {
        match self {
            Self::Body(body) => (body, HeaderMap::new()),
            Self::Task(body, _, traceparent) => {
                (body, crate::trace::headers(traceparent.as_deref()))
            }
            Self::Empty => {
                let mut headers = HeaderMap::new();
                headers.insert(header::EMPTY, "1");
                (Bytes::new(), headers)
            }
        }
    }
}

/// Answers one request.
pub(crate) async fn handle(
    context: &Context,
    incoming: Incoming,
    message: &Message,
) -> Result<Answer, Fault> {
    let (bytes, max) = (message.payload.len(), context.config.request_bytes_max);
    if bytes > max {
        let message = format!("the request has {bytes} bytes, at most {max} are taken");
        return Err(Fault::new(ErrorCode::PayloadTooLarge, message));
    }
    let body = message.payload.as_ref();
    match incoming.verb {
        Verb::Api(verb) => Box::pin(api::handle(context, verb, incoming.namespace, message)).await,
        Verb::Task(verb) => Box::pin(task::handle(context, verb, incoming.namespace, body)).await,
        Verb::Poll(PollKind::Activity, queue) => {
            Box::pin(activity::poll(context, incoming.namespace, queue, body)).await
        }
        Verb::Poll(PollKind::Workflow, queue) => {
            Box::pin(workflow::poll(context, incoming.namespace, queue, body)).await
        }
    }
}

/// Reads a request. An empty message is an empty map: everything may be left out of some requests.
pub(crate) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Fault> {
    const EMPTY_MAP: &[u8] = &[0x80];
    Ok(codec::decode_request(if body.is_empty() { EMPTY_MAP } else { body })?)
}

/// The namespace of a request, from its subject and, for a hashed one, its message.
pub(crate) fn namespace(token: Token, named: Option<Namespace>) -> Result<Namespace, Fault> {
    let named = named.as_ref().map(Namespace::as_str);
    Ok(token.resolve("namespace", named)?.into())
}

/// The run that a request is about.
pub(crate) fn target(
    token: Token,
    named: Option<Namespace>,
    workflow_id: WorkflowId,
    run_id: RunId,
) -> Result<Target, Fault> {
    if workflow_id.is_empty() {
        return Err(Fault::new(ErrorCode::InvalidArgument, "workflow_id is not set on request"));
    }
    let namespace = namespace(token, named)?;
    Ok(Target { namespace, execution: Execution { workflow_id, run_id } })
}

/// The id, or a fresh one where the client gave none.
pub(crate) fn or_fresh<T: From<String>>(id: T, is_empty: fn(&T) -> bool) -> T {
    if is_empty(&id) { uuid::Uuid::new_v4().to_string().into() } else { id }
}

fn check_version(headers: Option<&HeaderMap>) -> Result<(), Fault> {
    let Some(version) = headers.and_then(|headers| headers.get(header::PROTOCOL)) else {
        return Ok(());
    };
    let version = version.as_str();
    if version == PROTOCOL_VERSION.to_string() {
        return Ok(());
    }
    let message =
        format!("protocol version {version:?} is not spoken here, only {PROTOCOL_VERSION}");
    Err(Fault::new(ErrorCode::UnsupportedVersion, message))
}

fn unknown(verb: &str) -> Fault {
    Fault::new(ErrorCode::UnknownVerb, format!("there is no verb {verb:?}"))
}

#[cfg(test)]
mod tests;
