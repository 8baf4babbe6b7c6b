//! The client: starts workflows and talks to them.

mod handle;
mod start;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use steadfast_core::{Identity, Namespace, WorkflowId};
use steadfast_protocol::message::{ApiVerb, List};

pub use steadfast_protocol::message::{
    Description, HistoryPage, ListPage, ListedRun, PendingActivity, StartOptions, UpdateAnswer,
    UpdateStage,
};

pub use self::{
    handle::{QueryError, ResultError, UpdateError, WorkflowHandle},
    start::StartWorkflow,
};
use crate::{
    error::{Error, ErrorKind},
    wire::Wire,
};

/// Where a client talks to, unless told otherwise.
pub const DEFAULT_NAMESPACE: &str = "default";

/// Starts workflows and talks to them. Cheap to clone.
///
/// Requests are repeated for a while when the engine is out of reach; a repeat changes nothing,
/// because every request carries its id.
///
/// ```no_run
/// use steadfast_sdk::client::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::connect("nats://localhost:4222").await?.namespace("shop");
/// let order = client.start("Order", "orders", "order-1", &250).await?;
/// order.signal("approval", &true).await?;
/// let receipt: String = order.result().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) wire: Arc<Wire>,
}

impl Client {
    /// Connects to a NATS server that an engine is connected to.
    pub async fn connect(url: impl Into<String>) -> Result<Self, Error> {
        let options = async_nats::ConnectOptions::new().name("steadfast-sdk");
        let nats = async_nats::connect_with_options(url.into(), options).await;
        let nats = nats.map_err(|error| Error::new(ErrorKind::Connection, error.to_string()))?;
        Ok(Self::new(nats))
    }

    /// A client on a connection that is there already.
    pub fn new(nats: async_nats::Client) -> Self {
        let identity = format!("{}@rust-sdk", std::process::id());
        Self {
            wire: Arc::new(Wire {
                nats,
                namespace: Namespace::new(DEFAULT_NAMESPACE),
                identity: Identity::new(identity),
                request_timeout: Duration::from_secs(10),
                patience: Duration::from_secs(15),
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Wire)) -> Self {
        change(Arc::make_mut(&mut self.wire));
        self
    }

    /// The same client, for another namespace.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with(|wire| wire.namespace = namespace.into().into())
    }

    /// The same client, under another name; the default is the process's number.
    pub fn identity(self, identity: impl Into<String>) -> Self {
        self.with(|wire| wire.identity = identity.into().into())
    }

    /// How long one request may take that waits for nothing; the default is 10 s.
    pub fn request_timeout(self, limit: Duration) -> Self {
        self.with(|wire| wire.request_timeout = limit)
    }

    /// How long requests are repeated while the engine is out of reach; the default is 15 s.
    pub fn patience(self, limit: Duration) -> Self {
        self.with(|wire| wire.patience = limit)
    }

    /// The NATS connection.
    pub fn nats(&self) -> &async_nats::Client {
        &self.wire.nats
    }

    /// Starts a workflow with one argument (`()` for none); await what this returns.
    pub fn start(
        &self,
        workflow_type: impl Into<String>,
        task_queue: impl Into<String>,
        workflow_id: impl Into<WorkflowId>,
        input: impl serde::Serialize,
    ) -> StartWorkflow {
        let client = self.clone();
        StartWorkflow::new(client, workflow_type, task_queue, workflow_id.into(), &input)
    }

    /// A workflow that is there already: its current run.
    pub fn workflow(&self, workflow_id: impl Into<WorkflowId>) -> WorkflowHandle {
        WorkflowHandle::new(self.clone(), workflow_id.into())
    }

    /// Runs of the namespace, the open ones first, then the closed ones, newest first; `page` is
    /// empty, or from the page before.
    pub async fn list(&self, max_runs: u32, page: Bytes) -> Result<ListPage, Error> {
        let namespace = self.wire.named_namespace();
        self.wire.api(ApiVerb::List, &List { namespace, max_runs, page, ..List::default() }).await
    }
}
