//! A worker for scripts, and for the activities that the kill tests count.
//!
//! The activities append a line to a file before they return: what the file holds really happened.

use std::{io::Write, path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use steadfast_core::{Event, event::WorkflowTaskFailedCause};
use steadfast_protocol::{
    codec,
    message::{
        ActivityTask, ApiVerb, Complete, Completed, Done, Fail, History, HistoryPage, Poll,
        TaskVerb, WorkflowTask,
    },
    subject::{self, PollKind},
};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    native::{Fault, Native, first, json},
    script,
};

/// One poll: short, because a worker that is asked to stop ends it first.
const POLL: Duration = Duration::from_secs(2);
/// How long an answer is tried again while the engine is away.
const ANSWER: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// A worker.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Where the engine is.
    pub native: Native,
    /// Who it is.
    pub identity: String,
    /// Where activities append what they did.
    pub journal: PathBuf,
}

impl Worker {
    /// A worker that only runs scripts.
    pub fn of_scripts(native: &Native) -> Self {
        let identity = "e2e-scripts".to_owned();
        Self { native: native.clone(), identity, journal: PathBuf::new() }
    }

    /// Runs scripts in the background, until the handle is aborted or the test ends.
    pub fn spawn_scripts(self, queue: &str) -> JoinHandle<Result<()>> {
        let queue = queue.to_owned();
        tokio::spawn(async move { self.scripts(&queue).await })
    }

    /// Runs scripts.
    pub async fn scripts(&self, queue: &str) -> Result<()> {
        loop {
            let task: Option<WorkflowTask> = self.poll(queue, PollKind::Workflow).await?;
            if let Some(task) = task {
                self.work_on_script(task).await?;
            }
        }
    }

    /// Does the activities `append` and `once`.
    pub async fn activities(&self, queue: &str) -> Result<()> {
        loop {
            let task: Option<ActivityTask> = self.poll(queue, PollKind::Activity).await?;
            if let Some(task) = task {
                self.work_on_activity(task).await?;
            }
        }
    }

    async fn poll<T: DeserializeOwned>(&self, queue: &str, kind: PollKind) -> Result<Option<T>> {
        let timeout_ms = u64::try_from(POLL.as_millis())?;
        let identity = self.identity.as_str().into();
        let task_queue = Some(queue.into());
        let poll = Poll { identity, timeout_ms, task_queue, ..Poll::default() };
        let body = codec::encode(&poll)?;
        let subject = subject::poll_subject(&self.native.namespace, queue, kind);
        match self.native.raw(subject, body, POLL + Duration::from_secs(2)).await {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => Ok(Some(codec::decode(&bytes)?)),
            Err(fault) if fault.is_retryable() => {
                tokio::time::sleep(PAUSE).await; // tidy: poll interval
                Ok(None)
            }
            Err(fault) => bail!("poll: {fault:?}"),
        }
    }

    async fn work_on_script(&self, task: WorkflowTask) -> Result<()> {
        let identity = self.identity.as_str().into();
        match script::commands(&self.history(&task).await?) {
            Ok(commands) => {
                let token = task.token;
                let body = Complete { token, identity, commands, ..Complete::default() };
                self.answer::<Completed>(TaskVerb::Complete, &body).await
            }
            Err(error) => {
                let failure = steadfast_core::Failure::application("Script", format!("{error:#}"));
                let cause = WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure;
                let token = task.token;
                let body = Fail { token, identity, failure, cause, ..Fail::default() };
                self.answer::<Done>(TaskVerb::Fail, &body).await
            }
        }
    }

    /// The task's own events come last; a long history comes in pages.
    async fn history(&self, task: &WorkflowTask) -> Result<Vec<Event>> {
        let mut events = task.history.clone();
        let mut following = task.next_event_id;
        while let Some(from_event_id) = following {
            let request = History {
                workflow_id: task.workflow_id.clone(),
                run_id: task.run_id.clone(),
                from_event_id,
                ..History::default()
            };
            let page: HistoryPage = self.native.insist(ApiVerb::History, &request).await?;
            let more = page.events.into_iter().filter(|event| event.id >= from_event_id);
            let before = events.len();
            events.extend(more);
            let last = events.last().map_or(0, |event| event.id);
            following = (events.len() > before).then_some(page.next_event_id).flatten();
            following = following.filter(|next| *next > last);
        }
        let known = events.last().map_or(0, |event| event.id);
        events.extend(task.tail.iter().filter(|event| event.id > known).cloned());
        Ok(events)
    }

    async fn work_on_activity(&self, task: ActivityTask) -> Result<()> {
        let line = format!("{}/{} {}", task.workflow_id, task.activity_id, task.activity_type);
        let mut journal = std::fs::File::options().create(true).append(true).open(&self.journal)?;
        journal.write_all(format!("{line}\n").as_bytes())?;
        let result = vec![json(&first(&task.input))?];
        let identity = self.identity.as_str().into();
        let body = Complete { token: task.token, identity, result, ..Complete::default() };
        self.answer::<Completed>(TaskVerb::Complete, &body).await
    }

    /// Tells the engine; while it is away tries again. A task that is gone is nobody's any more.
    async fn answer<A: DeserializeOwned>(
        &self,
        verb: TaskVerb,
        body: &impl Serialize,
    ) -> Result<()> {
        let deadline = Instant::now() + ANSWER;
        loop {
            match self.native.task::<A>(verb, body).await? {
                Ok(_) => return Ok(()),
                Err(fault) if fault.is_retryable() && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await; // tidy: poll interval
                }
                Err(Fault::Refused(body)) if body.code.starts_with("bad_") => {
                    bail!("{}: {body}", verb.name())
                }
                Err(_) => return Ok(()),
            }
        }
    }
}

/// The outcomes that a script returned.
pub fn outcomes(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
