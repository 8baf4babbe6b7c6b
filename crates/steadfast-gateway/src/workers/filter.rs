//! A filter over workers: which properties of a heartbeat it may name, as Temporal's
//! (`service/matching/workers/worker_query_engine.go`).

use steadfast_core::Timestamp;
use steadfast_temporal_api::{
    api::{enums::v1::WorkerStatus, worker::v1::WorkerHeartbeat},
    well_known,
};
use steadfast_visibility::{
    InvalidQuery,
    conditions::{Condition, Kind, Property},
};

/// Bytes of a filter: it is read in one go, and each condition is compared with each worker.
const BYTES_MAX: usize = 16 * 1024;

/// Which workers are meant.
#[derive(Clone, Debug)]
pub(crate) struct Filter(Condition);

impl Filter {
    /// Reads a filter; an empty text is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, InvalidQuery> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        if text.len() > BYTES_MAX {
            let message = format!("the filter is longer than {BYTES_MAX} bytes");
            return Err(InvalidQuery::Unsupported(message));
        }
        Condition::parse(text, kind).map(|condition| Some(Self(condition)))
    }

    /// Whether this worker is meant.
    pub(crate) fn passes(&self, heartbeat: &WorkerHeartbeat) -> bool {
        self.0.holds(|name| property(heartbeat, name))
    }
}

/// The parser of Temporal's server takes `Status` for SQL's word, in whatever case.
fn is_status(name: &str) -> bool {
    name == "WorkerStatus" || name.eq_ignore_ascii_case("status")
}

fn kind(name: &str) -> Option<Kind> {
    match name {
        "StartTime" | "HeartbeatTime" => Some(Kind::Time),
        "WorkerInstanceKey" | "WorkerIdentity" | "HostName" | "TaskQueue" | "DeploymentName"
        | "BuildId" | "SdkName" | "SdkVersion" => Some(Kind::Text),
        _ => is_status(name).then_some(Kind::Text),
    }
}

fn property(heartbeat: &WorkerHeartbeat, name: &str) -> Option<Property> {
    let version = heartbeat.deployment_version.as_ref();
    let text = match name {
        "StartTime" => return Some(Property::Time(time(heartbeat.start_time.as_ref()))),
        "HeartbeatTime" => return Some(Property::Time(time(heartbeat.heartbeat_time.as_ref()))),
        "WorkerInstanceKey" => heartbeat.worker_instance_key.clone(),
        "WorkerIdentity" => heartbeat.worker_identity.clone(),
        "HostName" => host_name(heartbeat),
        "TaskQueue" => heartbeat.task_queue.clone(),
        "DeploymentName" => version.map(|v| v.deployment_name.clone()).unwrap_or_default(),
        "BuildId" => version.map(|v| v.build_id.clone()).unwrap_or_default(),
        "SdkName" => heartbeat.sdk_name.clone(),
        "SdkVersion" => heartbeat.sdk_version.clone(),
        _ => status(heartbeat.status()).to_owned(),
    };
    Some(Property::Text(text))
}

/// A status as Temporal's server writes it.
fn status(status: WorkerStatus) -> &'static str {
    match status {
        WorkerStatus::Unspecified => "Unspecified",
        WorkerStatus::Running => "Running",
        WorkerStatus::ShuttingDown => "ShuttingDown",
        WorkerStatus::Shutdown => "Shutdown",
    }
}

fn time(at: Option<&well_known::Timestamp>) -> Option<Timestamp> {
    at.map(|at| Timestamp(at.seconds.saturating_mul(1_000_000_000).saturating_add(at.nanos.into())))
}

fn host_name(heartbeat: &WorkerHeartbeat) -> String {
    heartbeat.host_info.as_ref().map(|host| host.host_name.clone()).unwrap_or_default()
}
