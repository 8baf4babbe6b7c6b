//! A Steadfast, as the commands see it: requests of the native protocol over NATS.

use std::time::Duration;

use async_nats::{Client, Message, Request, RequestErrorKind};
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Identity, Namespace, Payload, Payloads, RequestId};
use steadfast_protocol::{
    codec,
    error::{ErrorBody, ErrorCode},
    header,
    message::ApiVerb,
    subject,
};

use crate::cli::{
    args::{InputArgs, Scope},
    input,
    problem::Problem,
    progress::spin,
};

/// One long poll; longer waits are several.
pub const LONG_POLL: Duration = Duration::from_secs(20);
/// How much longer than a long poll its answer may take.
const SLACK: Duration = Duration::from_secs(5);

/// A Steadfast and a namespace in it.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
    namespace: String,
    within: Duration,
}

impl Remote {
    /// Connects.
    pub async fn open(scope: &Scope) -> Result<Self, Problem> {
        let client = crate::nats::connect(&scope.connection).await?;
        let within = scope.connection.within();
        Ok(Self { client, namespace: scope.namespace.clone(), within })
    }

    /// The namespace, as requests carry it.
    pub fn namespace(&self) -> Option<Namespace> {
        Some(self.namespace.as_str().into())
    }

    /// How long an answer may take, as requests carry it.
    pub fn timeout_ms(&self) -> u64 {
        u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX)
    }

    /// Asks and waits for the answer.
    pub async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &Q,
    ) -> Result<A, Problem> {
        let waiting = format!("waiting for the answer to {}", verb.name());
        let message = spin(&waiting, self.send(verb, request, self.within + SLACK)).await?;
        decode(&message)
    }

    /// Asks once, for at most [`LONG_POLL`]; nothing when that passed without an answer.
    pub async fn poll<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &Q,
    ) -> Result<Option<A>, Problem> {
        let message = self.send(verb, request, LONG_POLL + SLACK).await?;
        if message.payload.is_empty() || told(&message, header::EMPTY).is_some() {
            return Ok(None);
        }
        decode(&message).map(Some)
    }

    async fn send<Q: Serialize>(
        &self,
        verb: ApiVerb,
        request: &Q,
        within: Duration,
    ) -> Result<Message, Problem> {
        let body = codec::encode(request)
            .map_err(|error| Problem::failed("failed to write the request").because(&error))?;
        let subject = subject::api_subject(&self.namespace, verb.name());
        let request = Request::new().payload(body).timeout(Some(within));
        let answer = self.client.send_request(subject, request).await;
        let message = answer.map_err(|error| no_answer(&error))?;
        match told(&message, header::ERROR_CODE) {
            Some(code) => Err(refused(&message, code)),
            None => Ok(message),
        }
    }
}

fn told<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.as_ref()?.get(name).map(|value| value.as_str())
}

fn decode<A: DeserializeOwned>(message: &Message) -> Result<A, Problem> {
    codec::decode(&message.payload).map_err(|error| {
        Problem::failed("the answer cannot be read")
            .because(&error)
            .advice("this program and the server may be of different versions")
    })
}

fn no_answer(error: &async_nats::RequestError) -> Problem {
    match error.kind() {
        RequestErrorKind::NoResponders => {
            Problem::failed("no Steadfast answers on this NATS").advice(
                "start one with `steadfast dev` or `steadfast server`; `steadfast doctor` looks closer",
            )
        }
        RequestErrorKind::TimedOut => Problem::failed("no answer in time")
            .advice("ask for more time with --timeout, or see the server's log"),
        RequestErrorKind::InvalidSubject
        | RequestErrorKind::MaxPayloadExceeded
        | RequestErrorKind::Other => Problem::failed("failed to send the request").because(error),
    }
}

fn refused(message: &Message, number: &str) -> Problem {
    let Ok(body) = codec::decode::<ErrorBody>(&message.payload) else {
        let text = told(message, header::ERROR).unwrap_or("no description");
        return Problem::failed(format!("refused: {text}")).code(number);
    };
    let problem = Problem::failed(body.message.clone()).code(body.code.clone());
    match body.known_code().and_then(|code| advice(code, &body)) {
        Some(advice) => problem.advice(advice),
        None => problem,
    }
}

fn advice(code: ErrorCode, body: &ErrorBody) -> Option<String> {
    let text = match code {
        ErrorCode::NamespaceNotFound => {
            "make it with `steadfast namespace register NAME`, or choose another with --namespace"
        }
        ErrorCode::NotFound => "`steadfast workflow list` shows what there is",
        ErrorCode::AlreadyStarted => {
            let run = body.details.get("run_id").map(|run| format!(" (run {run})"));
            return Some(format!(
                "a run of this id exists{}; --id-conflict-policy and --id-reuse-policy say what \
                 else to do",
                run.unwrap_or_default()
            ));
        }
        ErrorCode::DeadlineExceeded => {
            "is a worker polling the task queue? --timeout gives it more time"
        }
        ErrorCode::Unavailable | ErrorCode::ResourceExhausted => "try again in a moment",
        ErrorCode::Quarantined => "the run's history cannot be read: see the server's log",
        ErrorCode::UnsupportedVersion => "this program and the server are of different versions",
        ErrorCode::InvalidArgument
        | ErrorCode::Malformed
        | ErrorCode::UnknownField
        | ErrorCode::UnknownVerb
        | ErrorCode::BadToken
        | ErrorCode::BadCompletion
        | ErrorCode::QueryFailed
        | ErrorCode::WrongNamespace
        | ErrorCode::TaskNotFound
        | ErrorCode::AlreadyCompleted
        | ErrorCode::CancelAlreadyRequested
        | ErrorCode::UnhandledCommand
        | ErrorCode::UpdateRejected
        | ErrorCode::PayloadTooLarge
        | ErrorCode::LimitExceeded
        | ErrorCode::Internal => return None,
    };
    Some(text.to_owned())
}

/// Reads the arguments as payloads.
pub fn payloads(args: &InputArgs) -> Result<Payloads, Problem> {
    let values = input::read(args)?;
    Ok(values.into_iter().map(|json| Payload::new("json/plain", json)).collect())
}

/// Who we are.
pub fn identity() -> Identity {
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    format!("steadfast-cli:{}@{user}", std::process::id()).into()
}

/// A fresh id, so that a request which NATS delivers twice counts once.
pub fn request_id() -> RequestId {
    uuid::Uuid::new_v4().to_string().into()
}
