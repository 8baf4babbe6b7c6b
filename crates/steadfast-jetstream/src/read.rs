//! Reading a run's records.

use steadfast_core::{Change, Entry, EventKind, Record};
use steadfast_engine::ports::{Partition, ReadError, RunAddress, Sequence, Stored};
use steadfast_protocol::{
    record::{self, Contents},
    subject,
};

use crate::{
    direct::{Direct, Found},
    partition::Part,
    spill::{ObjectError, Spill},
};

/// Reads and decodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) direct: &'a Direct,
    pub(crate) spill: &'a Spill,
    pub(crate) part: &'a Part,
}

impl Reader<'_> {
    /// A run's records after `after`.
    pub(crate) async fn records(
        self,
        address: &RunAddress,
        after: Sequence,
    ) -> Result<Vec<Stored>, ReadError> {
        let number = self.part.number;
        let subject = subject::history_subject(number, &address.key, &address.workflow_type);
        let mut stored = Vec::new();
        for found in self.messages(&subject, after).await? {
            stored.push(self.decode(&found).await?);
        }
        Ok(stored)
    }

    /// The messages of one subject after `after`.
    pub(crate) async fn messages(
        self,
        subject: &str,
        after: Sequence,
    ) -> Result<Vec<Found>, ReadError> {
        let mut found = Vec::new();
        let mut from = after + 1;
        loop {
            let mut page = self.direct.next(&self.part.history, subject, from).await?;
            let last = page.messages.last().map(|message| message.sequence);
            found.append(&mut page.messages);
            let (1.., Some(last)) = (page.pending, last) else {
                return Ok(found);
            };
            from = last + 1;
        }
    }

    /// A message's record, from the object store when it lies there.
    pub(crate) async fn decode(self, found: &Found) -> Result<Stored, ReadError> {
        let sequence = found.sequence;
        let corrupt = |reason: String| ReadError::Corrupt { sequence, reason };
        let record = match record::read(&found.body).map_err(|e| corrupt(e.to_string()))? {
            Contents::Record(record) => record,
            Contents::Object(object) => {
                let bytes = self.spill.get(&object).await.map_err(|error| match error {
                    ObjectError::Unavailable(source) => ReadError::Unavailable(source),
                    ObjectError::Broken { .. } => corrupt(error.to_string()),
                })?;
                record::decode(&bytes).map_err(|error| corrupt(error.to_string()))?
            }
        };
        Ok(Stored { sequence, record })
    }

    /// Whose record lies on a history subject: a token that is a hash is told by the run's first record.
    pub(crate) async fn address(self, history_subject: &str) -> Result<RunAddress, ReadError> {
        let corrupt = |sequence, reason: String| ReadError::Corrupt { sequence, reason };
        let parsed = subject::parse_history(history_subject);
        let parsed = parsed.map_err(|error| corrupt(0, error.to_string()))?;
        let partition = Partition(self.part.number);
        if let Some((key, workflow_type)) = parsed.ids() {
            return Ok(RunAddress { partition, key, workflow_type });
        }
        let page = self.direct.next_few(&self.part.history, history_subject, 1, 1).await?;
        let [first] = page.messages.as_slice() else {
            return Err(corrupt(0, format!("there is no record on {history_subject}")));
        };
        let first = self.decode(first).await?;
        opened_by(&first.record, self.part.number)
            .ok_or_else(|| corrupt(first.sequence, "the record does not open its run".to_owned()))
    }
}

/// The run that a record opens, if it opens one.
pub(crate) fn opened_by(record: &Record, partition: u32) -> Option<RunAddress> {
    let opened = record.entries.iter().find_map(|entry| match entry {
        Entry::Change(Change::Opened(opened)) => Some(opened),
        Entry::Change(_) | Entry::Event(_) | Entry::Flushed(_) => None,
    })?;
    let first = record.events().next()?;
    let EventKind::WorkflowExecutionStarted(started) = &first.kind else {
        return None;
    };
    Some(RunAddress {
        partition: Partition(partition),
        key: opened.key.clone(),
        workflow_type: started.workflow_type.clone(),
    })
}
