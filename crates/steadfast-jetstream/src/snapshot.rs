//! Snapshots and checkpoints: what makes a takeover short.
//!
//! A checkpoint promises that every record up to it is covered by a snapshot or retired. An owner that
//! lost its partition without noticing could break that promise by replacing a newer snapshot with
//! an older one. So every snapshot and every checkpoint is fenced with the sequence of the
//! partition's checkpoint message, and a takeover writes that message anew first.

use async_nats::{
    HeaderMap, HeaderValue,
    jetstream::{self, Context},
};
use bytes::Bytes;
use steadfast_core::WorkflowType;
use steadfast_engine::ports::{AppendError, ReadError, RunAddress, Sequence, Snapshot};
use steadfast_protocol::{header, record, snapshot, subject};

use crate::{
    append::{OBJECT_HEADER, Outgoing, Writer, insert_text},
    direct::{Direct, Found},
    fence::{Checkpoint, Fence},
    partition::Part,
    spill::{ObjectError, Spill},
};

/// Writes and reads snapshots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshots<'a> {
    pub(crate) context: &'a Context,
    pub(crate) direct: &'a Direct,
    pub(crate) writer: &'a Writer,
    pub(crate) spill: &'a Spill,
    pub(crate) part: &'a Part,
}

/// A run's snapshot subject.
pub(crate) fn subject_of(part: &Part, address: &RunAddress) -> String {
    subject::snapshot_subject(part.number, &address.key, &address.workflow_type)
}

impl Snapshots<'_> {
    pub(crate) async fn save(
        self,
        address: &RunAddress,
        snapshot: &Snapshot,
    ) -> Result<(), AppendError> {
        let subject = subject_of(self.part, address);
        let encoded =
            snapshot::encode(&snapshot.run, snapshot.sequence, snapshot.traceparent.as_deref());
        let encoded = encoded.map_err(|error| AppendError::Unavailable(error.into()))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::STATUS, snapshot.run.status.name());
        headers.insert(header::VERSION, HeaderValue::from(u32::from(snapshot::VERSION)));
        insert_text(&mut headers, header::TRACEPARENT, snapshot.traceparent.as_deref());
        let mut body = encoded;
        if !self.spill.fits(body.len())? {
            // One object per run: the next snapshot replaces it. Its checksum is in the message, so a
            // crash between the two only makes the snapshot unreadable, and the history is folded.
            let object = self.spill.put(subject.clone(), &body).await?.object;
            headers.insert(OBJECT_HEADER, object.name.as_str());
            let named = record::encode_object(&object);
            body = named.map_err(|error| AppendError::Unavailable(error.into()))?;
        }
        self.look_up_fence().await?;
        // No checkpoint is written while this is held.
        let fence = self.part.fence.read().await;
        let before = *fence;
        self.part.note_snapshot(&subject);
        let written = self.write(subject, headers, body, before).await;
        drop(fence);
        if matches!(written, Err(AppendError::WrongSequence)) {
            let mut fence = self.part.fence.write().await;
            if *fence == before {
                *fence = before.doubt();
            }
        }
        written.map(drop)
    }

    pub(crate) async fn load(self, address: &RunAddress) -> Result<Option<Snapshot>, ReadError> {
        let subject = subject_of(self.part, address);
        if self.part.has_no_snapshot(&subject) {
            return Ok(None);
        }
        let Some(found) = self.direct.last(&self.part.snapshots, &subject).await? else {
            return Ok(None);
        };
        self.decode(&found).await
    }

    /// The snapshot in a message; nothing when this build cannot read it.
    pub(crate) async fn decode(self, found: &Found) -> Result<Option<Snapshot>, ReadError> {
        let bytes = match self.contents(found).await {
            Ok(bytes) => bytes,
            Err(ObjectError::Unavailable(source)) => return Err(ReadError::Unavailable(source)),
            Err(error @ ObjectError::Broken { .. }) => {
                tracing::warn!(subject = found.subject, %error, "snapshot ignored");
                return Ok(None);
            }
        };
        match snapshot::decode(&bytes) {
            Ok(snapshot::Snapshot { run, sequence, traceparent }) => {
                Ok(Some(Snapshot { run, sequence, traceparent }))
            }
            Err(error) => {
                tracing::info!(subject = found.subject, %error, "snapshot ignored");
                Ok(None)
            }
        }
    }

    async fn contents(self, found: &Found) -> Result<Bytes, ObjectError> {
        let Some(name) = found.header(OBJECT_HEADER) else {
            return Ok(found.body.clone());
        };
        match record::read(&found.body) {
            Ok(record::Contents::Object(object)) => self.spill.get(&object).await,
            Ok(record::Contents::Record(_)) | Err(_) => Err(ObjectError::Broken {
                name: name.to_owned(),
                reason: "is not described".to_owned(),
            }),
        }
    }

    /// Removes the run's snapshot, and its object.
    pub(crate) async fn remove(self, address: &RunAddress) -> Result<(), AppendError> {
        let subject = subject_of(self.part, address);
        if self.part.has_no_snapshot(&subject) {
            return Ok(());
        }
        let unavailable = |error: ReadError| AppendError::Unavailable(error.into());
        let found = self.direct.last(&self.part.snapshots, &subject).await;
        let Some(found) = found.map_err(|error| unavailable(error.into()))? else {
            self.part.forget_snapshot(&subject);
            return Ok(());
        };
        if let Some(name) = found.header(OBJECT_HEADER) {
            self.spill.delete(name).await.map_err(AppendError::Unavailable)?;
        }
        purge(self.context, &self.part.snapshots, &subject).await?;
        self.part.forget_snapshot(&subject);
        Ok(())
    }

    /// Writes the checkpoint.
    pub(crate) async fn checkpoint(self, through: Sequence) -> Result<(), AppendError> {
        self.look_up_fence().await?;
        let mut fence = self.part.fence.write().await;
        let before = *fence;
        // Also when this is never finished.
        *fence = before.doubt();
        *fence = Fence::Held(self.write_checkpoint(through, before).await?);
        Ok(())
    }

    /// Takes the partition over: from here on, an earlier owner's snapshots are refused.
    pub(crate) async fn take_over(self) -> Result<Checkpoint, ReadError> {
        let mut fence = self.part.fence.write().await;
        let found = self.read_checkpoint().await?;
        let written = self.write_checkpoint(found.through, Fence::Held(found.sequence)).await;
        let sequence = written.map_err(|error| ReadError::Unavailable(error.into()))?;
        *fence = Fence::Held(sequence);
        Ok(Checkpoint { sequence, ..found })
    }

    /// A process that never recovered the partition (a tool, a test) uses the fence that is there.
    async fn look_up_fence(self) -> Result<(), AppendError> {
        if matches!(*self.part.fence.read().await, Fence::Held(_)) {
            return Ok(());
        }
        let mut fence = self.part.fence.write().await;
        let found = self.read_checkpoint().await;
        let found = found.map_err(|error| AppendError::Unavailable(error.into()))?;
        let settled = fence.settle(&found, &self.part.me);
        *fence = settled.ok_or(AppendError::WrongSequence)?;
        Ok(())
    }

    async fn read_checkpoint(self) -> Result<Checkpoint, ReadError> {
        let subject = subject::checkpoint_subject(self.part.number);
        let found = self.direct.last(&self.part.snapshots, &subject).await?;
        Ok(found.as_ref().map(Checkpoint::read).unwrap_or_default())
    }

    async fn write_checkpoint(
        self,
        through: Sequence,
        fence: Fence,
    ) -> Result<Sequence, AppendError> {
        let subject = subject::checkpoint_subject(self.part.number);
        let body = Checkpoint::body(through, &self.part.me);
        self.write(subject, HeaderMap::new(), body.into(), fence).await
    }

    async fn write(
        self,
        subject: String,
        mut headers: HeaderMap,
        body: Bytes,
        fence: Fence,
    ) -> Result<Sequence, AppendError> {
        let (Fence::Held(fence) | Fence::Doubtful(fence)) = fence else {
            return Err(AppendError::WrongSequence);
        };
        let filter = subject::checkpoint_subject(self.part.number);
        headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(fence));
        headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, filter);
        self.writer.publish_cache(Outgoing { subject, headers, body }).await
    }
}

/// Whose snapshot it is, as the state itself tells.
pub(crate) fn address_of(snapshot: &Snapshot, part: &Part) -> RunAddress {
    let run = &snapshot.run;
    let workflow_type: WorkflowType = run.started.workflow_type.clone();
    let partition = steadfast_engine::ports::Partition(part.number);
    RunAddress { partition, key: run.key().clone(), workflow_type }
}

/// Removes all messages of a subject.
pub(crate) async fn purge(
    context: &Context,
    stream: &str,
    subject: &str,
) -> Result<(), AppendError> {
    let unavailable = |error: steadfast_engine::ports::BoxError| AppendError::Unavailable(error);
    let stream: jetstream::stream::Stream<()> =
        context.get_stream_no_info(stream).await.map_err(|error| unavailable(error.into()))?;
    let purged = stream.purge().filter(subject).await;
    purged.map(drop).map_err(|error| unavailable(error.into()))
}
