//! One workflow, for its client.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    Event, Failure, Payloads, RequestId, RunId, UpdateId, WorkflowId, event::UpdateOutcome,
    run::Status,
};
use steadfast_protocol::message::{
    ApiVerb, AwaitResult, Cancel, Describe, Description, Done, History, HistoryPage, PollUpdate,
    Query, QueryAnswer, Signal, Terminate, Update, UpdateAnswer, UpdateStage, WorkflowResult,
};

use super::Client;
use crate::{
    error::{Error, ErrorKind},
    payload::{self, ConversionError},
};

/// How long one long poll waits; it is repeated.
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long a query waits for a worker.
const QUERY_WAIT: Duration = Duration::from_secs(10);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Why a workflow has no result to give.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// It failed.
    #[error("workflow failed: {}", .0.message)]
    Failed(Box<Failure>),
    /// It ended cancelled.
    #[error("workflow was cancelled")]
    Canceled,
    /// It was terminated.
    #[error("workflow was terminated: {reason}")]
    Terminated {
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("workflow timed out")]
    TimedOut,
    /// The engine did not say.
    #[error(transparent)]
    Request(#[from] Error),
    /// The result is not of the wanted type.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The workflow's handler failed, or there is none.
    #[error("query failed: {}", .0.message)]
    Failed(Box<Failure>),
    /// The engine did not answer.
    #[error(transparent)]
    Request(#[from] Error),
    /// The answer is not of the wanted type.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

/// Why an update has no result.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The workflow refused it, or its handler failed.
    #[error("update failed: {}", .0.message)]
    Failed(Box<Failure>),
    /// The engine did not answer.
    #[error(transparent)]
    Request(#[from] Error),
    /// The result is not of the wanted type.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

/// One workflow, for its client. Talks to the current run, unless it is [pinned](Self::run).
#[derive(Clone, Debug)]
pub struct WorkflowHandle {
    client: Client,
    workflow_id: WorkflowId,
    /// The run that requests name, or empty.
    run_id: RunId,
    /// The run that was started, whose chain leads to the result.
    started_run_id: RunId,
    started_here: bool,
}

impl WorkflowHandle {
    pub(super) fn new(client: Client, workflow_id: WorkflowId) -> Self {
        Self {
            client,
            workflow_id,
            run_id: RunId::default(),
            started_run_id: RunId::default(),
            started_here: false,
        }
    }

    pub(super) fn started_run(mut self, run_id: RunId, here: bool) -> Self {
        self.started_run_id = run_id;
        self.started_here = here;
        self
    }

    /// The same workflow, but this run of it only.
    pub fn run(mut self, run_id: impl Into<RunId>) -> Self {
        self.run_id = run_id.into();
        self
    }

    /// The workflow's id.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.workflow_id
    }

    /// The run that the start gave, or that the handle is pinned to; empty when neither is.
    pub fn run_id(&self) -> &RunId {
        if self.run_id.is_empty() { &self.started_run_id } else { &self.run_id }
    }

    /// Whether the start that gave this handle started the run, rather than found it.
    pub fn started_here(&self) -> bool {
        self.started_here
    }

    /// Sends a signal.
    pub async fn signal(
        &self,
        name: impl Into<String>,
        input: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let signal = Signal {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            name: name.into(),
            input: written(input)?,
            identity: self.client.wire.identity.clone(),
            request_id: fresh(),
            ..Signal::default()
        };
        self.client.wire.api::<_, Done>(ApiVerb::Signal, &signal).await?;
        Ok(())
    }

    /// Asks the workflow's code something.
    pub async fn query<T: DeserializeOwned>(
        &self,
        name: impl Into<String>,
        args: &(impl Serialize + ?Sized),
    ) -> Result<T, QueryError> {
        let query = Query {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            name: name.into(),
            args: written(args)?,
            timeout_ms: millis(QUERY_WAIT),
            ..Query::default()
        };
        let wire = &self.client.wire;
        let answer: Option<QueryAnswer> = wire.api_wait(ApiVerb::Query, &query, QUERY_WAIT).await?;
        match answer.unwrap_or_default() {
            QueryAnswer { failure: Some(failure), .. } => {
                Err(QueryError::Failed(Box::new(failure)))
            }
            QueryAnswer { result: Some(result), .. } => Ok(payload::decode_list(&result)?),
            QueryAnswer { result: None, failure: None, .. } => {
                Err(Error::new(ErrorKind::Timeout, "no worker answered the query").into())
            }
        }
    }

    /// Sends an update and waits for its result.
    pub async fn update<T: DeserializeOwned>(
        &self,
        name: impl Into<String>,
        args: &(impl Serialize + ?Sized),
    ) -> Result<T, UpdateError> {
        let mut answer = self.start_update(name, args, UpdateStage::Completed).await?;
        loop {
            match answer.outcome {
                Some(UpdateOutcome::Success(result)) => return Ok(payload::decode_list(&result)?),
                Some(UpdateOutcome::Failure(failure)) => return Err(UpdateError::Failed(failure)),
                None => {
                    let update_id = answer.update_id.clone();
                    answer = self.poll_update(update_id, answer.run_id.clone()).await?;
                }
            }
        }
    }

    /// Sends an update and waits until it is this far, or for a while: the answer tells how far it
    /// is.
    pub async fn start_update(
        &self,
        name: impl Into<String>,
        args: &(impl Serialize + ?Sized),
        wait: UpdateStage,
    ) -> Result<UpdateAnswer, Error> {
        let update = Update {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            update_id: UpdateId::new(uuid::Uuid::new_v4().to_string()),
            name: name.into(),
            args: written(args)?,
            identity: self.client.wire.identity.clone(),
            wait,
            timeout_ms: millis(LONG_POLL),
            ..Update::default()
        };
        let answer = self.client.wire.api_wait(ApiVerb::Update, &update, LONG_POLL).await?;
        answer.ok_or_else(|| Error::new(ErrorKind::Timeout, "the update was not answered"))
    }

    async fn poll_update(&self, update_id: UpdateId, run_id: RunId) -> Result<UpdateAnswer, Error> {
        let poll = PollUpdate {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id,
            update_id,
            wait: UpdateStage::Completed,
            timeout_ms: millis(LONG_POLL),
        };
        loop {
            if let Some(answer) = self.long_poll(ApiVerb::PollUpdate, &poll).await? {
                return Ok(answer);
            }
        }
    }

    /// Asks the workflow to cancel.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), Error> {
        let cancel = Cancel {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            reason: reason.into(),
            identity: self.client.wire.identity.clone(),
            request_id: fresh(),
            ..Cancel::default()
        };
        self.client.wire.api::<_, Done>(ApiVerb::Cancel, &cancel).await?;
        Ok(())
    }

    /// Ends the workflow without asking.
    pub async fn terminate(&self, reason: impl Into<String>) -> Result<(), Error> {
        let terminate = Terminate {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            reason: reason.into(),
            identity: self.client.wire.identity.clone(),
            ..Terminate::default()
        };
        self.client.wire.api::<_, Done>(ApiVerb::Terminate, &terminate).await?;
        Ok(())
    }

    /// The run's state.
    pub async fn describe(&self) -> Result<Description, Error> {
        let describe = Describe {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
        };
        self.client.wire.api(ApiVerb::Describe, &describe).await
    }

    /// All events so far.
    pub async fn history(&self) -> Result<Vec<Event>, Error> {
        let mut events: Vec<Event> = Vec::new();
        let mut run_id = self.run_id().clone();
        loop {
            let from_event_id = events.last().map_or(1, |event| event.id + 1);
            let page = self.history_page(&run_id, from_event_id).await?;
            let done = page.events.is_empty() || page.next_event_id.is_none();
            events.extend(page.events);
            if done {
                return Ok(events);
            }
            run_id = page.run_id;
        }
    }

    /// The events from one on, as many as the engine gives at once.
    pub async fn history_page(
        &self,
        run_id: &RunId,
        from_event_id: i64,
    ) -> Result<HistoryPage, Error> {
        let history = History {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: run_id.clone(),
            from_event_id,
            ..History::default()
        };
        self.client.wire.api(ApiVerb::History, &history).await
    }

    /// Waits until the workflow ends, through all runs of its chain; its result.
    pub async fn result<T: DeserializeOwned>(&self) -> Result<T, ResultError> {
        let closed = self.closed().await?;
        match closed.status {
            Status::Completed => Ok(payload::decode_list(&closed.result)?),
            Status::Canceled => Err(ResultError::Canceled),
            Status::Terminated => Err(ResultError::Terminated { reason: closed.reason }),
            Status::TimedOut => Err(ResultError::TimedOut),
            Status::Failed | Status::ContinuedAsNew | Status::Running | Status::Paused => {
                Err(ResultError::Failed(Box::new(closed.failure.unwrap_or_default())))
            }
        }
    }

    /// Waits until the workflow ends, through all runs of its chain; how it ended.
    pub async fn closed(&self) -> Result<WorkflowResult, Error> {
        let request = AwaitResult {
            namespace: self.client.wire.named_namespace(),
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id().clone(),
            this_run_only: false,
            timeout_ms: millis(LONG_POLL),
        };
        loop {
            if let Some(closed) = self.long_poll(ApiVerb::Result, &request).await? {
                return Ok(closed);
            }
        }
    }

    /// One long poll. One that is never answered (its engine died) is as good as an empty one.
    async fn long_poll<Q: Serialize, A: DeserializeOwned>(
        &self,
        verb: ApiVerb,
        request: &Q,
    ) -> Result<Option<A>, Error> {
        match self.client.wire.api_wait(verb, request, LONG_POLL).await {
            Err(error) if *error.kind() == ErrorKind::Timeout => Ok(None),
            answer => answer,
        }
    }
}

fn fresh() -> RequestId {
    RequestId::new(uuid::Uuid::new_v4().to_string())
}

fn written(value: &(impl Serialize + ?Sized)) -> Result<Payloads, Error> {
    payload::encode_list(value).map_err(|error| Error::new(ErrorKind::Encode, error.to_string()))
}
