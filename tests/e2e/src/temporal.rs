//! Temporal's gRPC API, called by hand: also what no SDK would send.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use steadfast_temporal_api::{
    api::{
        command::v1::{self as command, command::Attributes},
        common::v1 as common,
        enums::v1 as enums,
        history::v1::HistoryEvent,
        taskqueue::v1 as taskqueue,
        workflowservice::v1 as proto,
    },
    prost::{Message, Name},
};
use tokio::time::Instant;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

/// How long a request is tried again while the server is away.
const INSIST: Duration = Duration::from_secs(90);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The largest message that this client takes or sends.
const BYTES_MAX: usize = 512 << 20;

/// A connection, and the namespace of the requests that this makes itself.
#[derive(Clone, Debug)]
pub struct Temporal {
    grpc: Grpc<Channel>,
    /// The namespace.
    pub namespace: String,
}

impl Temporal {
    /// A connection that is made when it is needed, and made again.
    pub fn new(address: &str) -> Result<Self> {
        let channel = Endpoint::new(format!("http://{address}"))?.connect_lazy();
        let grpc = Grpc::new(channel)
            .max_decoding_message_size(BYTES_MAX)
            .max_encoding_message_size(BYTES_MAX);
        Ok(Self { grpc, namespace: "default".to_owned() })
    }

    /// Calls the RPC that the request is named after, once.
    pub async fn call<Q, A>(&self, request: Q) -> Result<A, Status>
    where
        Q: Message + Name + 'static,
        A: Message + Default + 'static,
    {
        let rpc = Q::NAME.trim_end_matches("Request");
        let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{rpc}");
        let path = PathAndQuery::try_from(path).map_err(|e| Status::internal(e.to_string()))?;
        let mut grpc = self.grpc.clone();
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(request);
        request.set_timeout(ANSWER);
        Ok(grpc.unary(request, path, ProstCodec::default()).await?.into_inner())
    }

    /// Calls until there is an answer that says something of the request.
    pub async fn insist<Q, A>(&self, request: &Q) -> Result<A, Status>
    where
        Q: Message + Name + Clone + 'static,
        A: Message + Default + 'static,
    {
        let deadline = Instant::now() + INSIST;
        loop {
            match self.call(request.clone()).await {
                Err(status) if is_transient(&status) && Instant::now() < deadline => {
                    tokio::time::sleep(PAUSE).await; // tidy: poll interval
                }
                answered => return answered,
            }
        }
    }

    /// A start of a run whose task queue is called as its id.
    pub fn start_request(&self, id: &str) -> proto::StartWorkflowExecutionRequest {
        proto::StartWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_id: id.to_owned(),
            workflow_type: Some(common::WorkflowType { name: "Test".to_owned() }),
            task_queue: queue(id),
            request_id: format!("start {id}"),
            ..proto::StartWorkflowExecutionRequest::default()
        }
    }

    /// Starts a run; its id.
    pub async fn start(&self, id: &str) -> Result<String> {
        let answer: proto::StartWorkflowExecutionResponse =
            self.insist(&self.start_request(id)).await?;
        Ok(answer.run_id)
    }

    /// The next workflow task of this queue.
    pub async fn task(&self, name: &str) -> Result<proto::PollWorkflowTaskQueueResponse> {
        let request = proto::PollWorkflowTaskQueueRequest {
            namespace: self.namespace.clone(),
            task_queue: queue(name),
            identity: "by hand".to_owned(),
            ..proto::PollWorkflowTaskQueueRequest::default()
        };
        let deadline = Instant::now() + INSIST;
        while Instant::now() < deadline {
            let task: proto::PollWorkflowTaskQueueResponse = self.insist(&request).await?;
            if !task.task_token.is_empty() {
                return Ok(task);
            }
        }
        bail!("no workflow task in {name}")
    }

    /// Answers a workflow task.
    pub async fn complete(
        &self,
        task: &proto::PollWorkflowTaskQueueResponse,
        commands: Vec<command::Command>,
    ) -> Result<proto::RespondWorkflowTaskCompletedResponse, Status> {
        let request = proto::RespondWorkflowTaskCompletedRequest {
            namespace: self.namespace.clone(),
            task_token: task.task_token.clone(),
            commands,
            ..proto::RespondWorkflowTaskCompletedRequest::default()
        };
        self.call(request).await
    }

    /// Takes the next workflow task and answers it, again if it is offered again.
    pub async fn turn(&self, name: &str, commands: &[command::Command]) -> Result<()> {
        let deadline = Instant::now() + INSIST;
        loop {
            let task = self.task(name).await?;
            match self.complete(&task, commands.to_vec()).await {
                Ok(_) => return Ok(()),
                Err(status) => ensure!(Instant::now() < deadline, "answering {name}: {status}"),
            }
        }
    }

    /// A run's description; an empty run id is the current run.
    pub async fn describe(
        &self,
        id: &str,
        run_id: &str,
    ) -> Result<proto::DescribeWorkflowExecutionResponse, Status> {
        let request = proto::DescribeWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            execution: execution(id, run_id),
        };
        self.insist(&request).await
    }

    /// A run's status.
    pub async fn status(&self, id: &str, run_id: &str) -> Result<enums::WorkflowExecutionStatus> {
        let described = self.describe(id, run_id).await?;
        Ok(described.workflow_execution_info.context("a description")?.status())
    }

    /// All events of a run.
    pub async fn history(&self, id: &str, run_id: &str) -> Result<Vec<HistoryEvent>> {
        let mut request = proto::GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.clone(),
            execution: execution(id, run_id),
            ..proto::GetWorkflowExecutionHistoryRequest::default()
        };
        let mut events = Vec::new();
        loop {
            let page: proto::GetWorkflowExecutionHistoryResponse = self.insist(&request).await?;
            events.extend(page.history.unwrap_or_default().events);
            if page.next_page_token.is_empty() {
                return Ok(events);
            }
            request.next_page_token = page.next_page_token;
        }
    }

    /// The ids of a workflow's runs, as visibility has them.
    pub async fn runs(&self, id: &str) -> Result<Vec<String>> {
        let request = proto::ListWorkflowExecutionsRequest {
            namespace: self.namespace.clone(),
            query: format!("WorkflowId = '{id}'"),
            ..proto::ListWorkflowExecutionsRequest::default()
        };
        let listed: proto::ListWorkflowExecutionsResponse = self.insist(&request).await?;
        let runs = listed.executions.into_iter().filter_map(|info| info.execution);
        Ok(runs.map(|execution| execution.run_id).collect())
    }
}

/// Whether the same request may fare better later.
pub fn is_transient(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled
    )
}

/// A task queue of this name.
pub fn queue(name: &str) -> Option<taskqueue::TaskQueue> {
    Some(taskqueue::TaskQueue { name: name.to_owned(), ..taskqueue::TaskQueue::default() })
}

/// A run's name.
pub fn execution(id: &str, run_id: &str) -> Option<common::WorkflowExecution> {
    Some(common::WorkflowExecution { workflow_id: id.to_owned(), run_id: run_id.to_owned() })
}

/// That many bytes.
pub fn payloads(bytes: usize) -> Option<common::Payloads> {
    let payload = common::Payload { data: vec![7; bytes], ..common::Payload::default() };
    Some(common::Payloads { payloads: vec![payload] })
}

/// A command of this kind.
pub fn command(kind: enums::CommandType, attributes: Attributes) -> command::Command {
    command::Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..command::Command::default()
    }
}

/// The command that completes the workflow.
pub fn finish(result: Option<common::Payloads>) -> command::Command {
    let attributes = command::CompleteWorkflowExecutionCommandAttributes { result };
    command(
        enums::CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(attributes),
    )
}

/// The command that starts a timer.
pub fn timer(id: &str, seconds: i64) -> command::Command {
    let start_to_fire_timeout =
        Some(steadfast_temporal_api::well_known::Duration { seconds, nanos: 0 });
    let attributes =
        command::StartTimerCommandAttributes { timer_id: id.to_owned(), start_to_fire_timeout };
    command(enums::CommandType::StartTimer, Attributes::StartTimerCommandAttributes(attributes))
}
