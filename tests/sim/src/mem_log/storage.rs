//! What the log in memory holds: per partition a stream of messages and a map of snapshots.

use std::collections::BTreeMap;

use bytes::Bytes;
use steadfast_core::{Record, Timestamp, run::Status};
use steadfast_engine::ports::{
    Expected, Followed, Head, Partition, Purged, ReadError, RunAddress, Sequence, Snapshot, Stored,
    last_record,
};
use steadfast_protocol::{record, snapshot};
use tokio::sync::watch;

use super::history_subject;

/// All partitions.
#[derive(Debug, Default)]
pub(super) struct Storage {
    partitions: BTreeMap<Partition, Part>,
    pub(super) purges: Vec<Purged>,
    /// Told after every push and every purge.
    pub(super) pushed: watch::Sender<()>,
}

/// One partition.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) messages: BTreeMap<Sequence, Message>,
    /// Where each run's messages lie, oldest first.
    pub(super) runs: BTreeMap<String, Vec<Sequence>>,
    pub(super) snapshots: BTreeMap<String, Bytes>,
    pub(super) checkpoint: Sequence,
    /// How often the partition was taken over.
    pub(super) taken_over: u64,
    last: Sequence,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) address: RunAddress,
    pub(super) body: Bytes,
    pub(super) status: Status,
    pub(super) at: Timestamp,
}

impl Message {
    pub(super) fn new(address: &RunAddress, body: Bytes, status: Status, at: Timestamp) -> Self {
        Self { address: address.clone(), body, status, at }
    }
}

impl Storage {
    pub(super) fn partition(&mut self, partition: Partition) -> &mut Part {
        self.partitions.entry(partition).or_default()
    }

    /// Removes a run, and tells so.
    pub(super) fn purge(&mut self, address: &RunAddress) {
        let part = self.partition(address.partition);
        part.snapshots.remove(&super::snapshot_subject(address));
        let subject = history_subject(address);
        let last = part.runs.get(&subject).and_then(|run| run.last()).copied();
        part.purge(&subject);
        if let Some(through) = last {
            let sequence = self.purges.len() as Sequence + 1;
            self.purges.push(Purged { sequence, address: address.clone(), through });
            self.pushed.send_replace(());
        }
    }
}

impl Part {
    /// Whether the log is where the append expects it to be.
    pub(super) fn expected(&self, address: &RunAddress, expected: Expected) -> bool {
        match expected {
            Expected::Run(sequence) => {
                let run = self.runs.get(&history_subject(address));
                run.and_then(|run| run.last()).copied().unwrap_or(0) == sequence
            }
            Expected::Workflow(sequence) => {
                let same = |other: &RunAddress| {
                    other.key.namespace == address.key.namespace
                        && other.key.workflow_id == address.key.workflow_id
                };
                last_record(&self.heads(same)) == sequence
            }
        }
    }

    pub(super) fn push(&mut self, address: &RunAddress, message: Message) -> Sequence {
        self.last += 1;
        self.runs.entry(history_subject(address)).or_default().push(self.last);
        self.messages.insert(self.last, message);
        self.last
    }

    /// Writes a record that says nothing, as another owner might.
    pub(super) fn touch(&mut self, address: &RunAddress) {
        let last = self.runs.get(&history_subject(address)).and_then(|run| run.last()).copied();
        let Some(message) = last.and_then(|last| self.messages.get(&last)).cloned() else {
            return;
        };
        let nothing = Record { at: message.at, entries: Vec::new() };
        if let Ok(body) = record::encode(&nothing) {
            self.push(address, Message { body, ..message });
        }
    }

    pub(super) fn read(&self, subject: &str, after: Sequence) -> Result<Vec<Stored>, ReadError> {
        let run = self.runs.get(subject).map_or(&[][..], Vec::as_slice);
        run.iter().filter(|sequence| **sequence > after).map(|s| self.decode(*s)).collect()
    }

    /// The first message after `after`, as its followers learn of it.
    pub(super) fn next(&self, after: Sequence) -> Option<Followed> {
        let (sequence, message) = self.messages.range(after + 1..).next()?;
        let (address, status) = (message.address.clone(), message.status);
        Some(match self.decode(*sequence) {
            Ok(stored) => Followed::Record { address, stored, status },
            Err(error) => Followed::Unreadable {
                address: Some(address),
                sequence: *sequence,
                reason: error.to_string(),
            },
        })
    }

    fn decode(&self, sequence: Sequence) -> Result<Stored, ReadError> {
        let corrupt = |reason: String| ReadError::Corrupt { sequence, reason };
        let message = self.messages.get(&sequence);
        let message = message.ok_or_else(|| corrupt("it is not there".to_owned()))?;
        let record = record::decode(&message.body).map_err(|error| corrupt(error.to_string()))?;
        Ok(Stored { sequence, record })
    }

    /// The heads of all runs that are meant, the run that began first first.
    pub(super) fn heads(&self, meant: impl Fn(&RunAddress) -> bool) -> Vec<Head> {
        let ends = self.runs.values().filter_map(|run| Some((*run.first()?, *run.last()?)));
        let mut heads: Vec<(Sequence, Head)> = ends
            .filter_map(|(first, sequence)| {
                let message = self.messages.get(&sequence)?;
                let head = Head {
                    address: message.address.clone(),
                    sequence,
                    status: message.status,
                    at: message.at,
                };
                meant(&message.address).then_some((first, head))
            })
            .collect();
        heads.sort_unstable_by_key(|(first, _)| *first);
        heads.into_iter().map(|(_, head)| head).collect()
    }

    pub(super) fn purge(&mut self, subject: &str) {
        for sequence in self.runs.remove(subject).unwrap_or_default() {
            self.messages.remove(&sequence);
        }
    }
}

/// The snapshot in some bytes, when this build can read it.
pub(super) fn readable(bytes: &Bytes) -> Option<Snapshot> {
    let snapshot::Snapshot { run, sequence, traceparent } = snapshot::decode(bytes).ok()?;
    Some(Snapshot { run, sequence, traceparent })
}
