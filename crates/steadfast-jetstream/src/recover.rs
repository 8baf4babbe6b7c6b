//! A takeover: every open run of a partition, with its newest state.
//!
//! 1. Fence the earlier owner's snapshots ([`Snapshots::take_over`]).
//! 2. Read the history since the checkpoint, in bulk, and keep it by run: a few seconds of it.
//! 3. Read the snapshots, in bulk, and hand each out with its run's records from step 2.
//! 4. What is left of step 2 are runs without a snapshot: those that began after the checkpoint are
//!    handed out whole. The others are retired when they are closed.

use std::collections::HashMap;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use steadfast_engine::ports::{ReadError, Recovered, RunAddress, Sequence, Snapshot, Stored};
use steadfast_protocol::{header, subject};

use crate::{
    direct::{Found, Page},
    head::status,
    read::{Reader, opened_by},
    snapshot::{Snapshots, address_of},
};

/// How many runs whose history must be read are read at a time.
const READS_AT_A_TIME: usize = 32;
/// How many runs without a snapshot are handed out at a time.
const RUNS_AT_A_TIME: usize = 512;

/// A takeover that is under way.
#[derive(Debug)]
struct Recovery<'a> {
    snapshots: Snapshots<'a>,
    reader: Reader<'a>,
    tails: HashMap<String, Vec<Found>>,
    /// Snapshots from here on were written since the takeover.
    end: Sequence,
    /// The snapshots that come next; nothing when all are through.
    page: Option<Page>,
}

/// Whether a run has a snapshot, readable or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snapshotted {
    Yes,
    No,
}

/// Everything a takeover needs.
pub(crate) fn run<'a>(
    snapshots: Snapshots<'a>,
    reader: Reader<'a>,
) -> impl Stream<Item = Result<Recovered, ReadError>> + Send + 'a {
    stream::once(Recovery::begin(snapshots, reader))
        .map_ok(|recovery| {
            stream::try_unfold(recovery, |mut recovery| async move {
                let found = recovery.step().await?;
                Ok::<_, ReadError>(found.map(|found| (found, recovery)))
            })
        })
        .try_flatten()
        .map_ok(|found| stream::iter(found).map(Ok))
        .try_flatten()
}

impl<'a> Recovery<'a> {
    async fn begin(snapshots: Snapshots<'a>, reader: Reader<'a>) -> Result<Self, ReadError> {
        let taken = snapshots.take_over().await?;
        let part = reader.part;
        // From here on it is known which runs have a snapshot, once all of step 3 is through.
        part.learn_snapshots();
        let filter = subject::history_stream_subjects(part.number);
        let mut tails: HashMap<String, Vec<Found>> = HashMap::new();
        let mut from = taken.through + 1;
        loop {
            let page = reader.direct.next(&part.history, &filter, from).await?;
            let last = page.messages.last().map(|message| message.sequence);
            for message in page.messages {
                match tails.get_mut(&message.subject) {
                    Some(tail) => tail.push(message),
                    None => drop(tails.insert(message.subject.clone(), vec![message])),
                }
            }
            let (1.., Some(last)) = (page.pending, last) else {
                break;
            };
            from = last + 1;
        }
        // What is written behind the checkpoint message is this owner's own: no run comes twice.
        let end = taken.sequence;
        let page = snapshot_page(reader, 1, end).await?;
        Ok(Self { snapshots, reader, tails, end, page: Some(page) })
    }

    /// Some more runs; nothing at the end.
    async fn step(&mut self) -> Result<Option<Vec<Recovered>>, ReadError> {
        match self.page.take() {
            Some(page) => self.snapshots_of(page).await.map(Some),
            None => self.rest().await,
        }
    }

    /// The runs of a page of snapshots; the next page is on its way meanwhile.
    async fn snapshots_of(&mut self, page: Page) -> Result<Vec<Recovered>, ReadError> {
        let part = self.reader.part;
        for found in &page.messages {
            part.note_snapshot(&found.subject);
        }
        let (reader, end) = (self.reader, self.end);
        let from = page.messages.last().map(|last| last.sequence + 1);
        let more = async {
            match from {
                Some(from) if page.pending > 0 => snapshot_page(reader, from, end).await.map(Some),
                Some(_) | None => Ok(None),
            }
        };
        let mut runs = Vec::with_capacity(page.messages.len());
        for found in page.messages {
            let history = history_of(&found.subject);
            let tail = self.tails.remove(&history).unwrap_or_default();
            runs.push((found, history, tail));
        }
        let this = &*self;
        let decoded = stream::iter(runs)
            .map(|(found, history, tail)| this.with_snapshot(found, history, tail))
            .buffered(READS_AT_A_TIME)
            .try_collect::<Vec<_>>();
        // In this order: the request is sent before the decoding keeps the thread busy.
        let (more, decoded) = futures::try_join!(more, decoded)?;
        if more.is_none() {
            part.know_snapshots();
        }
        self.page = more;
        Ok(decoded.into_iter().flatten().collect())
    }

    async fn rest(&mut self) -> Result<Option<Vec<Recovered>>, ReadError> {
        if self.tails.is_empty() {
            return Ok(None);
        }
        let subjects: Vec<String> = self.tails.keys().take(RUNS_AT_A_TIME).cloned().collect();
        let tails: Vec<_> = subjects
            .into_iter()
            .filter_map(|subject| self.tails.remove(&subject).map(|tail| (subject, tail)))
            .collect();
        let this = &*self;
        stream::iter(tails)
            .map(|(history, tail)| this.without_snapshot(history, tail))
            .buffered(READS_AT_A_TIME)
            .try_filter_map(|recovered| async move { Ok(recovered) })
            .try_collect()
            .await
            .map(Some)
    }

    async fn with_snapshot(
        &self,
        found: Found,
        history: String,
        tail: Vec<Found>,
    ) -> Result<Option<Recovered>, ReadError> {
        let Some(snapshot) = self.snapshots.decode(&found).await? else {
            return self.whole(history, Snapshotted::Yes).await;
        };
        let address = address_of(&snapshot, self.reader.part);
        let after = snapshot.sequence;
        let tail: Vec<Found> = tail.into_iter().filter(|found| found.sequence > after).collect();
        let last = tail.last().map_or(after, |found| found.sequence);
        // The chain must be whole: a snapshot older than the checkpoint promises is followed up.
        let tail = match tail.first().and_then(follows) {
            Some(previous) if previous != after => self.reader.records(&address, after).await,
            Some(_) | None => self.decode_all(&tail).await,
        };
        recovered(address, Some(snapshot), tail, last).map(Some)
    }

    async fn without_snapshot(
        &self,
        history: String,
        tail: Vec<Found>,
    ) -> Result<Option<Recovered>, ReadError> {
        let opens = match tail.first() {
            Some(first) => match self.reader.decode(first).await {
                Ok(first) => opened_by(&first.record, self.reader.part.number),
                Err(ReadError::Corrupt { .. }) => None,
                Err(error @ ReadError::Unavailable(_)) => return Err(error),
            },
            None => None,
        };
        let Some(address) = opens else {
            return self.whole(history, Snapshotted::No).await;
        };
        let last = tail.last().map_or(0, |found| found.sequence);
        recovered(address, None, self.decode_all(&tail).await, last).map(Some)
    }

    /// A run that must be read from its beginning. Without a snapshot, one that is closed is retired:
    /// only what it did after the checkpoint is left to be found.
    async fn whole(
        &self,
        history: String,
        snapshotted: Snapshotted,
    ) -> Result<Option<Recovered>, ReadError> {
        let messages = self.reader.messages(&history, 0).await?;
        let Some(last) = messages.last() else {
            return Ok(None);
        };
        let closed = matches!(status(last), Ok(status) if !status.is_open());
        if closed && snapshotted == Snapshotted::No {
            return Ok(None);
        }
        let last = last.sequence;
        let address = match self.reader.address(&history).await {
            Ok(address) => address,
            Err(error @ ReadError::Unavailable(_)) => return Err(error),
            Err(ReadError::Corrupt { sequence, reason }) => {
                tracing::error!(subject = history, sequence, reason, "a run cannot even be named");
                return Ok(None);
            }
        };
        recovered(address, None, self.decode_all(&messages).await, last).map(Some)
    }

    async fn decode_all(&self, messages: &[Found]) -> Result<Vec<Stored>, ReadError> {
        let mut records = Vec::with_capacity(messages.len());
        for message in messages {
            records.push(self.reader.decode(message).await?);
        }
        Ok(records)
    }
}

/// The next snapshots before the end. The checkpoint's subject has fewer tokens: it does not match.
async fn snapshot_page(
    reader: Reader<'_>,
    from: Sequence,
    end: Sequence,
) -> Result<Page, ReadError> {
    let filter = format!("sf.s.{}.*.*.*.*", reader.part.number);
    let stream = &reader.part.snapshots;
    let mut page = reader.direct.next(stream, &filter, from).await?;
    if page.messages.last().is_some_and(|last| last.sequence > end) {
        page.messages.retain(|found| found.sequence < end);
        page.pending = 0;
    }
    Ok(page)
}

/// A run that cannot be read takes nothing else with it.
fn recovered(
    address: RunAddress,
    snapshot: Option<Snapshot>,
    tail: Result<Vec<Stored>, ReadError>,
    last: Sequence,
) -> Result<Recovered, ReadError> {
    match tail {
        Ok(tail) => Ok(Recovered::Run { address, snapshot: snapshot.map(Box::new), tail }),
        Err(ReadError::Corrupt { sequence, reason }) => {
            let reason = format!("record {sequence}: {reason}");
            Ok(Recovered::Unreadable { address, sequence: last, reason })
        }
        Err(error @ ReadError::Unavailable(_)) => Err(error),
    }
}

/// The sequence that a record followed, when it was fenced with its own run.
fn follows(found: &Found) -> Option<Sequence> {
    match found.header(header::EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT) {
        None => found.header(header::EXPECTED_LAST_SUBJECT_SEQUENCE)?.parse().ok(),
        Some(_) => None,
    }
}

fn history_of(snapshot_subject: &str) -> String {
    snapshot_subject.replacen("sf.s.", "sf.h.", 1)
}
