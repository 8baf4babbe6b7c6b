//! What every RPC needs: the engine, the namespaces, the settings, and how long to wait.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Execution, Namespace, RequestId, RunId, TaskQueue, WorkflowId};
use steadfast_engine::{
    Deadline, Engine,
    api::{Target, TaskToken},
};
use steadfast_temporal_api::api::{common::v1 as common, taskqueue::v1 as taskqueue};
use steadfast_visibility::Visibility;
use tonic::metadata::MetadataMap;

use crate::{
    GatewayConfig,
    convert::{event::Names, start},
    fault::Fault,
    ports::Namespaces,
    token::{self, Kind},
    workers::Workers,
};

/// What every RPC needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) engine: Engine,
    pub(crate) namespaces: Arc<dyn Namespaces>,
    pub(crate) visibility: Option<Visibility>,
    pub(crate) workers: Arc<Workers>,
}

/// What a caller's metadata say: how long it waits (gRPC's `grpc-timeout`), and whether it is one of the
/// tools that show histories to people.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    within: Option<Duration>,
    pub(crate) is_tool: bool,
}

/// How Temporal's command line and Web UI name themselves.
const TOOLS: [&str; 2] = ["temporal-cli", "temporal-ui"];

impl Patience {
    /// Reads the caller's own deadline.
    pub(crate) fn of(metadata: &MetadataMap) -> Self {
        let text = |name| metadata.get(name).and_then(|value| value.to_str().ok());
        Self {
            within: text("grpc-timeout").and_then(parse_timeout),
            is_tool: text("client-name").is_some_and(|name| TOOLS.contains(&name)),
        }
    }
}

/// gRPC's form of a timeout: at most eight digits and a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount.saturating_mul(3_600))),
        "M" => Some(Duration::from_secs(amount.saturating_mul(60))),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

impl Context {
    /// The namespace's name and id, which events and descriptions show.
    pub(crate) async fn names(&self, namespace: &Namespace) -> Result<Names, Fault> {
        let found = self.namespaces.describe(namespace).await?;
        Ok(Names {
            namespace: found.name.to_string(),
            namespace_id: found.id,
            retention: found.retention,
            ..Names::default()
        })
    }

    /// The namespace of a request, which there is.
    pub(crate) async fn namespace(&self, name: String) -> Result<Namespace, Fault> {
        let namespace = namespace(name)?;
        self.namespaces.describe(&namespace).await?;
        Ok(namespace)
    }

    /// The run that a request is about, in a namespace that there is.
    pub(crate) async fn target(
        &self,
        namespace: String,
        execution: Option<common::WorkflowExecution>,
    ) -> Result<Target, Fault> {
        let target = target(namespace, execution)?;
        self.namespaces.describe(&target.namespace).await?;
        Ok(target)
    }

    /// The task queue of a request about the queue itself: no run says whether its name will do.
    pub(crate) fn queue(&self, queue: Option<taskqueue::TaskQueue>) -> Result<TaskQueue, Fault> {
        let queue = start::queue(queue)?;
        if queue.as_str().len() > self.config.id_bytes_max {
            return Err(Fault::invalid("taskQueue length exceeds limit"));
        }
        Ok(queue)
    }

    /// The task that a worker gives back, in a namespace that there is.
    pub(crate) async fn task(
        &self,
        kind: Kind,
        namespace: &str,
        bytes: &[u8],
    ) -> Result<TaskToken, Fault> {
        if !namespace.is_empty() {
            self.namespaces.describe(&Namespace::new(namespace)).await?;
        }
        token::decode(kind, namespace, bytes)
    }

    /// The deadline of a request that waits for nothing.
    pub(crate) fn soon(&self) -> Deadline {
        Deadline::now() + self.config.request_timeout
    }

    /// The deadline of a long poll: ours, or a little before the caller's.
    pub(crate) fn within(&self, ours: Duration, patience: Patience) -> Deadline {
        let theirs = patience.within.map(|theirs| {
            let margin = self.config.deadline_margin.min(theirs / 4);
            theirs - margin
        });
        Deadline::now() + theirs.map_or(ours, |theirs| theirs.min(ours))
    }

    /// The deadline of a query, which waits as long as its caller does.
    pub(crate) fn as_long_as(&self, patience: Patience) -> Deadline {
        Deadline::now() + patience.within.unwrap_or(self.config.request_timeout)
    }
}

/// The namespace of a request.
pub(crate) fn namespace(name: String) -> Result<Namespace, Fault> {
    if name.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    Ok(name.into())
}

/// The run that a request is about.
pub(crate) fn target(
    name: String,
    execution: Option<common::WorkflowExecution>,
) -> Result<Target, Fault> {
    let namespace = namespace(name)?;
    let execution = execution.ok_or_else(|| Fault::invalid("Execution is not set on request."))?;
    target_of(namespace, execution.workflow_id, execution.run_id)
}

/// The run of that name.
pub(crate) fn target_of(
    namespace: Namespace,
    workflow_id: String,
    run_id: String,
) -> Result<Target, Fault> {
    if workflow_id.is_empty() {
        return Err(Fault::invalid("WorkflowId is not set on request."));
    }
    if !run_id.is_empty() && uuid::Uuid::try_parse(&run_id).is_err() {
        return Err(Fault::invalid("Invalid RunId."));
    }
    let execution =
        Execution { workflow_id: WorkflowId::new(workflow_id), run_id: RunId::new(run_id) };
    Ok(Target { namespace, execution })
}

/// How an id begins that the client did not give. It makes retries in here safe, and shows nowhere.
const OWN_REQUEST: &str = "gateway:";

/// The id of a request that histories show, or one of ours where the client gave none.
pub(crate) fn shown_request_id(given: String) -> RequestId {
    if given.is_empty() {
        format!("{OWN_REQUEST}{}", uuid::Uuid::new_v4()).into()
    } else {
        given.into()
    }
}

/// The id as its client gave it.
pub(crate) fn given(id: &RequestId) -> String {
    if id.as_str().starts_with(OWN_REQUEST) { String::new() } else { id.to_string() }
}

/// The request's id, or a fresh one where the client gave none.
pub(crate) fn request_id(given: String) -> RequestId {
    if given.is_empty() { uuid::Uuid::new_v4().to_string().into() } else { given.into() }
}

#[cfg(test)]
mod tests;
