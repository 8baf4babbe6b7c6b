//! Removing a closed run's records for good, and telling so.

use async_nats::HeaderMap;
use steadfast_engine::ports::{AppendError, RunAddress, Sequence};
use steadfast_protocol::{
    purged::{self, Purged},
    subject,
};

use crate::{
    append::{OBJECT_HEADER, Outgoing},
    read::Reader,
    snapshot::{Snapshots, purge},
};

/// First the objects, while the records still name them; then the news for whoever keeps a projection;
/// then the records; the snapshot last: as long as it is there, a takeover finds the run and goes on.
/// Each step may be repeated after a crash.
pub(crate) async fn run(
    snapshots: Snapshots<'_>,
    reader: Reader<'_>,
    address: &RunAddress,
) -> Result<(), AppendError> {
    let part = reader.part;
    let subject = subject::history_subject(part.number, &address.key, &address.workflow_type);
    let records = reader.messages(&subject, 0).await;
    let records = records.map_err(|error| AppendError::Unavailable(error.into()))?;
    for name in records.iter().filter_map(|found| found.header(OBJECT_HEADER)) {
        reader.spill.delete(name).await.map_err(AppendError::Unavailable)?;
    }
    if let Some(last) = records.last() {
        tell(snapshots, address, last.sequence).await?;
        purge(snapshots.context, &part.history, &subject).await?;
    }
    snapshots.remove(address).await
}

async fn tell(
    snapshots: Snapshots<'_>,
    address: &RunAddress,
    through: Sequence,
) -> Result<(), AppendError> {
    let purged = Purged {
        partition: address.partition.0,
        key: address.key.clone(),
        workflow_type: address.workflow_type.clone(),
        through,
    };
    let body = purged::encode(&purged);
    let body = body.map_err(|error| AppendError::Unavailable(error.into()))?;
    let subject = subject::purged_subject(address.partition.0);
    let news = Outgoing { subject, headers: HeaderMap::new(), body };
    snapshots.writer.publish_cache(news).await.map(drop)
}
