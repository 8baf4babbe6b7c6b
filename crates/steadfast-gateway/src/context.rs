//! What every RPC needs: the engine, the namespaces, the settings, and how long to wait.

use std::{sync::Arc, time::Duration};

use steadfast_core::{Execution, Namespace, RequestId, RunId, WorkflowId};
use steadfast_engine::{
    Deadline, Engine,
    api::{Target, TaskToken},
};
use steadfast_temporal_api::api::common::v1 as common;
use steadfast_visibility::Visibility;
use tonic::metadata::MetadataMap;

use crate::{
    GatewayConfig,
    convert::event::Names,
    fault::Fault,
    ports::Namespaces,
    token::{self, Kind},
};

/// What every RPC needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) engine: Engine,
    pub(crate) namespaces: Arc<dyn Namespaces>,
    pub(crate) visibility: Option<Visibility>,
}

/// How long a caller waits, from gRPC's `grpc-timeout`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience(Option<Duration>);

impl Patience {
    /// Reads the caller's own deadline.
    pub(crate) fn of(metadata: &MetadataMap) -> Self {
        let text = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok());
        Self(text.and_then(parse_timeout))
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
        Ok(Names { namespace: found.name.to_string(), namespace_id: found.id })
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
        let theirs = patience.0.map(|theirs| {
            let margin = self.config.deadline_margin.min(theirs / 4);
            theirs - margin
        });
        Deadline::now() + theirs.map_or(ours, |theirs| theirs.min(ours))
    }

    /// The deadline of a query, which waits as long as its caller does.
    pub(crate) fn as_long_as(&self, patience: Patience) -> Deadline {
        Deadline::now() + patience.0.unwrap_or(self.config.request_timeout)
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

/// The request's id, or a fresh one where the client gave none.
pub(crate) fn request_id(given: String) -> RequestId {
    if given.is_empty() { uuid::Uuid::new_v4().to_string().into() } else { given.into() }
}

#[cfg(test)]
mod tests;
