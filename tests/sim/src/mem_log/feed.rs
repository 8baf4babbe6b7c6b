//! The log in memory, followed as it grows.

use futures::{FutureExt, StreamExt, future::BoxFuture, stream, stream::BoxStream};
use steadfast_engine::ports::{Feed, Followed, Partition, Purged, PurgesKept, ReadError, Sequence};

use super::{MemLog, storage::Storage};

impl Feed for MemLog {
    fn identity(&self) -> BoxFuture<'_, Result<String, ReadError>> {
        let identity = std::sync::Arc::as_ptr(&self.storage).addr().to_string();
        async move { Ok(identity) }.boxed()
    }

    fn follow(
        &self,
        partition: Partition,
        after: Sequence,
    ) -> BoxStream<'static, Result<Followed, ReadError>> {
        let next = move |storage: &mut Storage, after| storage.partition(partition).next(after);
        self.grow(after, next, Followed::sequence)
    }

    fn last_sequence(&self, partition: Partition) -> BoxFuture<'_, Result<Sequence, ReadError>> {
        async move {
            self.reachable()?;
            let mut storage = self.storage();
            let last = storage.partition(partition).messages.last_key_value();
            Ok(last.map_or(0, |(sequence, _)| *sequence))
        }
        .boxed()
    }

    fn follow_purges(&self, after: Sequence) -> BoxStream<'static, Result<Purged, ReadError>> {
        let next = |storage: &mut Storage, after| {
            storage.purges.iter().find(|purged| purged.sequence > after).cloned()
        };
        self.grow(after, next, |purged| purged.sequence)
    }

    fn purges_kept(&self) -> BoxFuture<'_, Result<PurgesKept, ReadError>> {
        async move {
            self.reachable()?;
            let last = self.storage().purges.len() as Sequence;
            Ok(PurgesKept { first: 1, last })
        }
        .boxed()
    }
}

impl MemLog {
    /// What `next` finds after each item, as soon as it is there.
    fn grow<T: Send + 'static>(
        &self,
        after: Sequence,
        next: impl Fn(&mut Storage, Sequence) -> Option<T> + Send + 'static,
        sequence: impl Fn(&T) -> Sequence + Send + 'static,
    ) -> BoxStream<'static, Result<T, ReadError>> {
        let start = (self.clone(), after, next, sequence);
        let growing = stream::unfold(start, async |(log, after, next, sequence)| {
            let mut pushed = log.storage().pushed.subscribe();
            loop {
                if let Err(error) = log.reachable() {
                    return Some((Err(error), (log, after, next, sequence)));
                }
                let found = next(&mut log.storage(), after);
                if let Some(item) = found {
                    let after = sequence(&item);
                    return Some((Ok(item), (log, after, next, sequence)));
                }
                // The log itself holds the other end.
                pushed.changed().await.ok()?;
            }
        });
        growing.boxed()
    }
}
