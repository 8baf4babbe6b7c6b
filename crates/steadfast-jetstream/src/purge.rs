//! Removing a closed run's records for good.

use steadfast_engine::ports::{AppendError, RunAddress};
use steadfast_protocol::subject;

use crate::{
    append::OBJECT_HEADER,
    read::Reader,
    snapshot::{Snapshots, purge},
};

/// First the snapshot, so that no takeover finds a run without history; then the objects, while the
/// records still name them; then the records. Each step may be repeated after a crash.
pub(crate) async fn run(
    snapshots: Snapshots<'_>,
    reader: Reader<'_>,
    address: &RunAddress,
) -> Result<(), AppendError> {
    snapshots.remove(address).await?;
    let part = reader.part;
    let subject = subject::history_subject(part.number, &address.key, &address.workflow_type);
    let records = reader.messages(&subject, 0).await;
    let records = records.map_err(|error| AppendError::Unavailable(error.into()))?;
    for name in records.iter().filter_map(|found| found.header(OBJECT_HEADER)) {
        reader.spill.delete(name).await.map_err(AppendError::Unavailable)?;
    }
    if records.is_empty() {
        return Ok(());
    }
    purge(snapshots.context, &part.history, &subject).await
}
