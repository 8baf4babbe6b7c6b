//! Following the history streams and the purges: the engine's `Feed` port.
//!
//! One ordered consumer each: it costs the server no acknowledgements and begins anew by itself after
//! a gap. Records that were spilled are read from the object store, like everywhere.

use async_nats::jetstream::{
    Message,
    consumer::{DeliverPolicy, pull},
    stream::LastRawMessageErrorKind,
};
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream::BoxStream};
use steadfast_engine::ports::{
    BoxError, Feed, Followed, Partition, Purged, PurgesKept, ReadError, RunAddress, Sequence,
};
use steadfast_protocol::{purged, subject};

use crate::{direct::Found, head, log::JetStreamLog, read::Reader};

/// Messages asked for at a time.
const BATCH: i64 = 1_000;

/// Whatever a stream holds.
const EVERYTHING: &str = ">";

impl Feed for JetStreamLog {
    fn identity(&self) -> BoxFuture<'_, Result<String, ReadError>> {
        async move {
            let mut created = Vec::new();
            for partition in 0..self.topology().routing.partitions {
                let stream = self.context().get_stream(subject::history_stream(partition)).await;
                let stream = stream.map_err(unavailable)?;
                created.push(stream.cached_info().created.unix_timestamp_nanos().to_string());
            }
            Ok(created.join(" "))
        }
        .boxed()
    }

    fn follow(
        &self,
        partition: Partition,
        after: Sequence,
    ) -> BoxStream<'static, Result<Followed, ReadError>> {
        let log = self.clone();
        let opening = async move {
            let stream = subject::history_stream(partition.0);
            let messages = messages(&log, &stream, after).await?;
            Ok::<_, ReadError>(messages.then(move |message| {
                let log = log.clone();
                async move { followed(log.reader_of(partition), found(message)?).await }
            }))
        };
        futures::stream::once(opening).try_flatten().boxed()
    }

    fn last_sequence(&self, partition: Partition) -> BoxFuture<'_, Result<Sequence, ReadError>> {
        async move {
            let reader = self.reader_of(partition);
            let stream = &reader.part.history;
            if self.topology().replicas > 1 {
                // A follower may lag: only the leader knows what was acknowledged.
                return newest_of_leader(self, stream).await;
            }
            // Where the very last record was removed the server finds nothing under `>`.
            let mut last = reader.direct.last_matching(stream, EVERYTHING).await?;
            if last.is_none() {
                let subjects = subject::history_stream_subjects(partition.0);
                last = reader.direct.last_matching(stream, &subjects).await?;
            }
            Ok(last.unwrap_or(0))
        }
        .boxed()
    }

    fn follow_purges(&self, after: Sequence) -> BoxStream<'static, Result<Purged, ReadError>> {
        let log = self.clone();
        let opening = async move {
            let messages = messages(&log, subject::PURGED_STREAM, after).await?;
            Ok::<_, ReadError>(messages.filter_map(async |message| match found(message) {
                Ok(found) => read_purged(&found).map(Ok),
                Err(error) => Some(Err(error)),
            }))
        };
        futures::stream::once(opening).try_flatten().boxed()
    }

    fn purges_kept(&self) -> BoxFuture<'_, Result<PurgesKept, ReadError>> {
        async move {
            let stream = self.context().get_stream(subject::PURGED_STREAM).await;
            let stream = stream.map_err(unavailable)?;
            let state = &stream.cached_info().state;
            Ok(PurgesKept { first: state.first_sequence, last: state.last_sequence })
        }
        .boxed()
    }
}

async fn messages(
    log: &JetStreamLog,
    stream: &str,
    after: Sequence,
) -> Result<pull::Ordered, ReadError> {
    let stream = log.context().get_stream_no_info(stream).await.map_err(unavailable)?;
    let wanted = pull::OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        max_batch: BATCH,
        ..pull::OrderedConfig::default()
    };
    let consumer = stream.create_consumer(wanted).await.map_err(unavailable)?;
    consumer.messages().await.map_err(unavailable)
}

/// A delivered message, as a read one looks.
fn found<E: Into<BoxError>>(message: Result<Message, E>) -> Result<Found, ReadError> {
    let message = message.map_err(unavailable)?;
    let sequence = message.info().map_err(ReadError::Unavailable)?.stream_sequence;
    let message = message.message;
    Ok(Found {
        subject: message.subject.into_string(),
        sequence,
        headers: message.headers.unwrap_or_default(),
        body: message.payload,
    })
}

async fn followed(reader: Reader<'_>, found: Found) -> Result<Followed, ReadError> {
    let address = match reader.address(&found.subject).await {
        Ok(address) => address,
        Err(error) => return unreadable(None, &found, error),
    };
    let read = async { Ok((head::status(&found)?, reader.decode(&found).await?)) };
    match read.await {
        Ok((status, stored)) => Ok(Followed::Record { address, stored, status }),
        Err(error) => unreadable(Some(address), &found, error),
    }
}

/// What cannot be understood is told; a server that does not answer ends the stream.
fn unreadable(
    address: Option<RunAddress>,
    found: &Found,
    error: ReadError,
) -> Result<Followed, ReadError> {
    match error {
        ReadError::Unavailable(_) => Err(error),
        ReadError::Corrupt { reason, .. } => {
            Ok(Followed::Unreadable { address, sequence: found.sequence, reason })
        }
    }
}

fn read_purged(found: &Found) -> Option<Purged> {
    let sequence = found.sequence;
    match purged::decode(&found.body) {
        Ok(purged::Purged { partition, key, workflow_type, through }) => {
            let address = RunAddress { partition: Partition(partition), key, workflow_type };
            Some(Purged { sequence, address, through })
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(sequence, error, "news of a removed run cannot be read");
            None
        }
    }
}

async fn newest_of_leader(log: &JetStreamLog, stream: &str) -> Result<Sequence, ReadError> {
    let stream = log.context().get_stream_no_info(stream).await.map_err(unavailable)?;
    match stream.get_last_raw_message_by_subject(EVERYTHING).await {
        Ok(message) => Ok(message.sequence),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(0),
        Err(error) => Err(unavailable(error)),
    }
}

fn unavailable(error: impl Into<BoxError>) -> ReadError {
    ReadError::Unavailable(error.into())
}
