//! The routing table: which partition a workflow belongs to. Version 1: a fixed number of partitions.

use async_nats::jetstream::kv;
use serde::{Deserialize, Serialize};

use super::SetupError;

const KEY: &str = "routing";
const VERSION: u32 = 1;
/// More streams than this make one server slow to start; it is a bound against typing errors.
const PARTITIONS_MAX: u32 = 1024;

/// The routing table, as it lies in `SF_CLUSTER` (JSON, for people).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// The version of the table's form.
    pub version: u32,
    /// The number of partitions.
    pub partitions: u32,
}

/// Reads the table; the first start writes it.
pub(super) async fn ensure(store: &kv::Store, partitions: u32) -> Result<Routing, SetupError> {
    if let Some(found) = read(store).await? {
        return checked(found, partitions);
    }
    if !(1..=PARTITIONS_MAX).contains(&partitions) {
        let reason =
            format!("{partitions} partitions asked for, 1 to {PARTITIONS_MAX} are possible");
        return Err(SetupError::Routing(reason));
    }
    let table = Routing { version: VERSION, partitions };
    let bytes = serde_json::to_vec(&table).map_err(|e| SetupError::Routing(e.to_string()))?;
    match store.create(KEY, bytes.into()).await {
        Ok(_) => Ok(table),
        Err(error) if error.kind() == kv::CreateErrorKind::AlreadyExists => {
            // Another node started at the same time: its table counts.
            let found = read(store).await?;
            let found = found.ok_or_else(|| SetupError::Routing("it vanished".to_owned()))?;
            checked(found, partitions)
        }
        Err(error) => Err(SetupError::bucket(&store.name, error)),
    }
}

async fn read(store: &kv::Store) -> Result<Option<Routing>, SetupError> {
    let found = store.get(KEY).await.map_err(|error| SetupError::bucket(&store.name, error))?;
    let Some(bytes) = found else { return Ok(None) };
    let table = serde_json::from_slice(&bytes);
    table.map(Some).map_err(|error| SetupError::Routing(error.to_string()))
}

fn checked(table: Routing, asked: u32) -> Result<Routing, SetupError> {
    if table.version != VERSION {
        let reason = format!("version {}, this build knows {VERSION}", table.version);
        return Err(SetupError::Routing(reason));
    }
    if table.partitions != asked {
        tracing::info!(
            configured = asked,
            partitions = table.partitions,
            "the number of partitions was fixed at the first start"
        );
    }
    Ok(table)
}
