//! The engine as the story treats it: started, killed, started again, asked.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use async_nats::{Client, Message, Request};
use serde::{Serialize, de::DeserializeOwned};
use steadfast_protocol::{
    codec,
    error::ErrorBody,
    header,
    message::{ApiVerb, AwaitResult, Done, Signal, Start, Started, WorkflowResult},
    subject,
};
use steadfast_sdk::payload;
use tokio::{process::Command, time::Instant};

use super::process::{Process, ProcessError};
use crate::dev_file::DevFile;

/// How long the engine may take to be ready, also with everything to recover.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a request is tried again while the engine is away.
const ASK_LIMIT: Duration = Duration::from_secs(30);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// A `steadfast dev` in a process of its own.
#[derive(Debug)]
pub(crate) struct Engine {
    process: Process,
    folder: PathBuf,
    /// What it tells of itself.
    pub file: DevFile,
}

impl Engine {
    /// Starts it on a data folder; NATS port 0 is a free one.
    pub(crate) async fn start(folder: &Path, nats_port: u16) -> Result<Self, ProcessError> {
        let name = "engine";
        let program = this_program(name)?;
        let mut command = Command::new(program);
        command.arg("dev").arg("--data-dir").arg(folder).args(["--http-port", "0", "--port", "0"]);
        command.arg("--nats-port").arg(nats_port.to_string());
        let mut process = Process::start(name, &command, folder)?;
        let pid = process.pid();
        // A killed engine leaves its file behind: only the new one's counts.
        let announced = || DevFile::read(folder).filter(|file| Some(file.pid) == pid);
        process.ready(START_LIMIT, || announced().is_some()).await?;
        let Some(file) = announced() else {
            let (name, log) = (name.to_owned(), folder.join("engine.log"));
            return Err(ProcessError::Slow { name, limit: START_LIMIT, log });
        };
        Ok(Self { process, folder: folder.to_owned(), file })
    }

    /// Kills it with SIGKILL and starts it again on the same folder and port.
    pub(crate) async fn crash(self) -> Result<Self, ProcessError> {
        let port = self.file.nats_port.unwrap_or_default();
        let failed = |source| ProcessError::Start { name: "the engine's end".to_owned(), source };
        self.process.kill().await.map_err(failed)?;
        Self::start(&self.folder, port).await
    }

    /// Asks it to end.
    pub(crate) async fn stop(self) -> std::io::Result<()> {
        self.process.stop().await
    }
}

/// This very binary.
pub(crate) fn this_program(name: &str) -> Result<PathBuf, ProcessError> {
    std::env::current_exe().map_err(|source| ProcessError::Start { name: name.to_owned(), source })
}

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The engine said no.
    #[error("{verb} of {workflow_id}")]
    Refused {
        /// What was asked.
        verb: &'static str,
        /// Of which workflow.
        workflow_id: String,
        /// Its words.
        source: ErrorBody,
    },
    /// It was away for too long.
    #[error("the engine did not answer {verb} for {} s", ASK_LIMIT.as_secs())]
    Away {
        /// What was asked.
        verb: &'static str,
    },
    /// A message could not be written.
    #[error("write a request")]
    Write(#[from] codec::EncodeError),
    /// A message could not be read.
    #[error("read an answer")]
    Read(#[from] codec::DecodeError),
    /// A value could not be converted.
    #[error("convert a value")]
    Convert(#[from] payload::ConversionError),
}

/// Asks the engine, and asks again while it is away: every request carries an id, so a repeat counts
/// once.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The connection.
    pub client: Client,
    /// The namespace.
    pub namespace: String,
}

impl Asker {
    /// Starts a workflow.
    pub(crate) async fn start(
        &self,
        workflow_type: &str,
        workflow_id: &str,
        task_queue: &str,
        input: &impl Serialize,
    ) -> Result<Started, AskError> {
        let request = Start {
            workflow_id: workflow_id.into(),
            workflow_type: workflow_type.into(),
            task_queue: task_queue.into(),
            input: payload::encode_list(input)?,
            request_id: crate::remote::request_id(),
            identity: crate::remote::identity(),
            ..Start::default()
        };
        self.ask(ApiVerb::Start, workflow_id, &request).await
    }

    /// Sends a signal.
    pub(crate) async fn signal(
        &self,
        workflow_id: &str,
        name: &str,
        input: &impl Serialize,
    ) -> Result<(), AskError> {
        let request = Signal {
            workflow_id: workflow_id.into(),
            name: name.to_owned(),
            input: payload::encode_list(input)?,
            request_id: crate::remote::request_id(),
            identity: crate::remote::identity(),
            ..Signal::default()
        };
        let Done {} = self.ask(ApiVerb::Signal, workflow_id, &request).await?;
        Ok(())
    }

    /// How a workflow ended; nothing when it has not yet.
    pub(crate) async fn result(
        &self,
        workflow_id: &str,
    ) -> Result<Option<WorkflowResult>, AskError> {
        let request = AwaitResult {
            workflow_id: workflow_id.into(),
            timeout_ms: 1_000,
            ..AwaitResult::default()
        };
        let message = self.send(ApiVerb::Result, workflow_id, &request).await?;
        Ok(if message.payload.is_empty() { None } else { Some(codec::decode(&message.payload)?) })
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        workflow_id: &str,
        request: &impl Serialize,
    ) -> Result<A, AskError> {
        let message = self.send(verb, workflow_id, request).await?;
        Ok(codec::decode(&message.payload)?)
    }

    async fn send(
        &self,
        verb: ApiVerb,
        workflow_id: &str,
        request: &impl Serialize,
    ) -> Result<Message, AskError> {
        let body = codec::encode(request)?;
        let subject = subject::api_subject(&self.namespace, verb.name());
        let deadline = Instant::now() + ASK_LIMIT;
        loop {
            let request = Request::new().payload(body.clone()).timeout(Some(ANSWER_LIMIT));
            if let Ok(message) = self.client.send_request(subject.clone(), request).await {
                let headers = message.headers.as_ref();
                if headers.is_none_or(|headers| headers.get(header::ERROR_CODE).is_none()) {
                    return Ok(message);
                }
                let source: ErrorBody = codec::decode(&message.payload)?;
                if !source.retryable {
                    let (verb, workflow_id) = (verb.name(), workflow_id.to_owned());
                    return Err(AskError::Refused { verb, workflow_id, source });
                }
            }
            if Instant::now() > deadline {
                return Err(AskError::Away { verb: verb.name() });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
