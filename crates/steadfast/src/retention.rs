//! Removes closed runs when their namespace's retention has passed, and deleted namespaces.
//!
//! A closed run that still owes a message to another has a snapshot until it is delivered, and is left
//! alone. Failures are logged, and the next sweep tries again.

mod deletion;

use std::{sync::Arc, time::Duration};

use steadfast_core::{Namespace, Span, Timestamp};
use steadfast_engine::{
    Engine,
    ports::{Clock, Head, Log, NamespaceState, Partition},
};
use steadfast_jetstream::namespaces::Directory;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Runs listed at a time.
const PAGE: usize = 1_000;
/// How long the removal of one run may take.
const REMOVE_WITHIN: Duration = Duration::from_secs(5);

/// What a sweep works on.
pub struct Sweeper {
    /// Where runs are kept.
    pub log: Arc<dyn Log>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whose runs these are.
    pub engine: Engine,
    /// Whose retention counts.
    pub namespaces: Directory,
    /// How many partitions there are.
    pub partitions: u32,
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The namespaces could not be listed.
    #[error("failed to list the namespaces")]
    Namespaces(#[from] steadfast_jetstream::namespaces::NamespaceError),
    /// A partition could not be read.
    #[error("failed to read the log")]
    Read(#[from] steadfast_engine::ports::ReadError),
    /// A run could not be removed.
    #[error("failed to remove a run")]
    Remove(#[from] steadfast_engine::EngineError),
}

impl Sweeper {
    /// Sweeps now and then, until the shutdown.
    pub async fn run(self, every: Duration, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => {}
                () = self.namespaces.deleted() => {}
            }
            let swept = tokio::select! {
                () = shutdown.cancelled() => return,
                swept = self.sweep() => swept,
            };
            match swept {
                Ok(0) => {}
                Ok(runs) => tracing::info!(runs, "removed closed runs past their retention"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the retention sweep ended early");
                }
            }
        }
    }

    /// Removes everything that is due; how many runs that were.
    pub async fn sweep(&self) -> Result<usize, SweepError> {
        let mut removed = 0;
        for namespace in self.namespaces.list().await? {
            if namespace.settings.state == NamespaceState::Deleted {
                removed += self.remove_namespace(&namespace).await?;
                continue;
            }
            let retention = namespace.settings.retention();
            if retention.is_zero() {
                continue;
            }
            let before = self.clock.now() - Span::from(retention);
            for partition in (0..self.partitions).map(Partition) {
                removed += self.sweep_part(partition, &namespace.settings.name, before).await?;
            }
        }
        Ok(removed)
    }

    async fn sweep_part(
        &self,
        partition: Partition,
        namespace: &Namespace,
        before: Timestamp,
    ) -> Result<usize, SweepError> {
        let (mut removed, mut below) = (0, 0);
        loop {
            let page = self.log.list(partition, namespace, below, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(removed);
            };
            below = last.sequence;
            let due = |head: &&Head| !head.status.is_open() && head.at < before;
            for head in page.iter().filter(due) {
                // Whoever owes something is not even asked.
                if self.log.load_snapshot(&head.address).await?.is_none() {
                    let deadline = Instant::now() + REMOVE_WITHIN;
                    removed += usize::from(self.engine.expire_run(&head.address, deadline).await?);
                }
            }
            // 0 would begin anew, and nothing lies below 1.
            if below <= 1 {
                return Ok(removed);
            }
        }
    }
}
