//! The projection: follows every history stream and writes what a list shows.
//!
//! Records gather while nobody waits for them, and are written in one transaction with how far it got.
//! After an error the streams are followed anew from there.

mod apply;
mod fold;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use steadfast_engine::ports::{Feed, Partition, PurgesKept, ReadError, Sequence};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::apply::{Applier, Item};
use crate::{
    config::VisibilityConfig,
    error::OpenError,
    metrics::Metrics,
    store::{self, Applied, Identity, Writer},
};

/// The projection's work; whoever opened visibility runs it.
pub struct Projection {
    following: Following,
    applier: Applier,
    progress: watch::Sender<Applied>,
    metrics: Metrics,
}

/// The reading side.
struct Following {
    feed: Arc<dyn Feed>,
    config: VisibilityConfig,
    partitions: u32,
    waiting: Arc<Waiting>,
}

/// What readers hold of it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    applied: watch::Receiver<Applied>,
    waiting: Arc<Waiting>,
}

/// Who waits: while anybody does, nothing lingers.
#[derive(Debug, Default)]
struct Waiting {
    readers: AtomicUsize,
    came: Notify,
}

/// One that waits, as long as it lives.
struct Waits<'a>(&'a Waiting);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a Waiting) -> Self {
        waiting.readers.fetch_add(1, Ordering::AcqRel);
        waiting.came.notify_one();
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Progress {
    /// Waits until so much is applied: of each partition, and of the purges.
    pub(crate) async fn reached(
        &self,
        partitions: &HashMap<Partition, Sequence>,
        purges: Sequence,
    ) {
        let has = |applied: &Applied| {
            let seen = |(partition, wanted): (&Partition, &Sequence)| {
                applied.partitions.get(partition).copied().unwrap_or(0) >= *wanted
            };
            applied.purges.unwrap_or(0) >= purges && partitions.iter().all(seen)
        };
        let mut applied = self.applied.clone();
        if has(&applied.borrow_and_update()) {
            return;
        }
        let _waits = Waits::begin(&self.waiting);
        // The projection has ended: nothing more will come, and what is there is all there is.
        let _ = applied.wait_for(has).await;
    }
}

/// Opens the file, anew when it cannot go on from where it is.
pub(crate) async fn open(
    config: &VisibilityConfig,
    feed: Arc<dyn Feed>,
    partitions: u32,
) -> Result<(Projection, Progress), OpenError> {
    let identity = Identity(feed.identity().await.map_err(OpenError::Log)?);
    let kept = feed.purges_kept().await.map_err(OpenError::Log)?;
    let mut lasts = HashMap::new();
    for partition in (0..partitions).map(Partition) {
        lasts.insert(partition, feed.last_sequence(partition).await.map_err(OpenError::Log)?);
    }
    let settings = config.clone();
    let opening = move || opened(&settings, &identity, &lasts, kept);
    let opening = tokio::task::spawn_blocking(opening).await;
    let (writer, applied) = opening.map_err(|panicked| OpenError::File(panicked.into()))??;
    let (progress, receiver) = watch::channel(applied.clone());
    let waiting = Arc::new(Waiting::default());
    let following =
        Following { feed, config: config.clone(), partitions, waiting: Arc::clone(&waiting) };
    let projection = Projection {
        following,
        applier: Applier::new(writer, applied, config.runs_cached),
        progress,
        metrics: Metrics::new(),
    };
    Ok((projection, Progress { applied: receiver, waiting }))
}

fn opened(
    config: &VisibilityConfig,
    identity: &Identity,
    lasts: &HashMap<Partition, Sequence>,
    kept: PurgesKept,
) -> Result<(Writer, Applied), OpenError> {
    let file = |error: rusqlite::Error| OpenError::File(error.into());
    let writer = Writer::new(store::open(&config.path, identity)?);
    let mut applied = writer.applied().map_err(file)?;
    let is_ahead = |(partition, sequence): (&Partition, &Sequence)| {
        lasts.get(partition).is_none_or(|last| sequence > last)
    };
    let missed_purges = applied.purges.is_some_and(|seen| seen + 1 < kept.first);
    if missed_purges || applied.partitions.iter().any(is_ahead) {
        tracing::info!(missed_purges, "the visibility file cannot follow the log and is made anew");
        drop(writer);
        let writer = Writer::new(store::anew(&config.path, identity)?);
        return Ok((writer, Applied { purges: Some(kept.last), ..Applied::default() }));
    }
    // What was purged before a file was made is not in the streams that it is made of.
    applied.purges.get_or_insert(kept.last);
    Ok((writer, applied))
}

impl Projection {
    /// Follows until the shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { following, mut applier, progress, metrics } = self;
        let mut items = following.all(applier.applied());
        while let Some(batch) = following.gather(&mut items, &shutdown).await {
            let records = batch.len();
            let written = tokio::task::spawn_blocking(move || {
                let written = applier.apply(&batch);
                (applier, written)
            });
            let written = match written.await {
                Ok((returned, written)) => {
                    applier = returned;
                    written
                }
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            };
            match written {
                Ok(()) => {
                    metrics.applied(records);
                    progress.send_replace(applier.applied().clone());
                }
                Err(error) => {
                    tell(&error);
                    tokio::time::sleep(following.config.retry_pause).await;
                    items = following.all(applier.applied());
                }
            }
        }
    }
}

fn tell(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "visibility cannot be written and is tried again");
}

impl Following {
    /// The items of the next transaction, at least one; nothing after the shutdown.
    async fn gather(
        &self,
        items: &mut SelectAll<BoxStream<'static, Item>>,
        shutdown: &CancellationToken,
    ) -> Option<Vec<Item>> {
        let first = tokio::select! {
            biased;
            () = shutdown.cancelled() => return None,
            // The streams are endless.
            item = items.next() => item?,
        };
        let mut batch = vec![first];
        let linger = tokio::time::sleep(self.config.linger);
        tokio::pin!(linger);
        let mut is_hurried = self.waiting.readers.load(Ordering::Acquire) > 0;
        while batch.len() < self.config.batch_records {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                item = items.next() => batch.extend(item),
                () = self.waiting.came.notified(), if !is_hurried => is_hurried = true,
                // Whoever waits has asked for what had arrived by then.
                () = std::future::ready(()), if is_hurried => break,
                () = &mut linger => break,
            }
        }
        Some(batch)
    }

    /// Everything after what is applied.
    fn all(&self, applied: &Applied) -> SelectAll<BoxStream<'static, Item>> {
        let pause = self.config.retry_pause;
        let mut all = SelectAll::new();
        for partition in (0..self.partitions).map(Partition) {
            let feed = Arc::clone(&self.feed);
            let after = applied.partitions.get(&partition).copied().unwrap_or(0);
            all.push(again(after, pause, move |after| {
                let item = move |followed| Item::Followed(partition, followed);
                feed.follow(partition, after).map(move |record| record.map(item)).boxed()
            }));
        }
        let feed = Arc::clone(&self.feed);
        all.push(again(applied.purges.unwrap_or(0), pause, move |after| {
            feed.follow_purges(after).map(|purged| purged.map(Item::Purged)).boxed()
        }));
        all
    }
}

/// A stream that begins anew, after what it has brought, when it fails.
fn again(
    after: Sequence,
    pause: Duration,
    open: impl Fn(Sequence) -> BoxStream<'static, Result<Item, ReadError>> + Send + 'static,
) -> BoxStream<'static, Item> {
    let first = open(after);
    stream::unfold((first, after, open), move |(mut items, mut after, open)| async move {
        loop {
            match items.next().await {
                Some(Ok(item)) => {
                    after = item.sequence();
                    return Some((item, (items, after, open)));
                }
                Some(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "the log cannot be followed and is tried again");
                }
                None => tracing::debug!("the log's stream has ended and is followed anew"),
            }
            tokio::time::sleep(pause).await;
            items = open(after);
        }
    })
    .boxed()
}

impl Item {
    fn sequence(&self) -> Sequence {
        match self {
            Self::Followed(_, followed) => followed.sequence(),
            Self::Purged(purged) => purged.sequence,
        }
    }
}
