//! A takeover in memory, by the same rules as on JetStream.

use steadfast_engine::ports::{ReadError, Recovered};

use super::{
    snapshot_subject,
    storage::{Part, readable},
};

/// Every open run, and the closed ones that are not retired.
pub(super) fn all(part: &Part) -> Vec<Result<Recovered, ReadError>> {
    let mut recovered = Vec::new();
    for (subject, sequences) in &part.runs {
        let (Some(first), Some(last)) = (sequences.first(), sequences.last()) else {
            continue;
        };
        let Some(head) = part.messages.get(last) else {
            continue;
        };
        let stored = part.snapshots.get(&snapshot_subject(&head.address));
        let retired = stored.is_none() && !head.status.is_open() && *first <= part.checkpoint;
        if retired {
            continue;
        }
        let snapshot = stored.and_then(readable);
        let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence);
        let address = head.address.clone();
        recovered.push(match part.read(subject, after) {
            Ok(tail) => Ok(Recovered::Run { address, snapshot: snapshot.map(Box::new), tail }),
            Err(ReadError::Corrupt { sequence, reason }) => {
                let reason = format!("record {sequence}: {reason}");
                Ok(Recovered::Unreadable { address, sequence: *last, reason })
            }
            Err(error @ ReadError::Unavailable(_)) => Err(error),
        });
    }
    recovered
}
