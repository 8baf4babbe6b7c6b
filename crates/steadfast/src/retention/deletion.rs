//! Removes everything of a deleted namespace, and then the namespace.
//!
//! Every run is told to go, as by an operator: an open one ends terminated, so that whoever waits for it
//! hears of it, and each removes its records, which tells visibility. A crash in between is no harm: the namespace stays deleted, and the
//! next sweep goes on. Only when nothing is left its name is free again.

use std::time::Duration;

use steadfast_engine::{
    EngineError,
    api::Target,
    ports::{Head, Partition},
};
use steadfast_jetstream::namespaces::Described;
use tokio::time::Instant;

use super::{PAGE, REMOVE_WITHIN, SweepError, Sweeper};

/// Passes over a namespace in one sweep: a run that still owes somebody a message goes in a later one.
const PASSES: usize = 20;
/// The pause between two passes.
const PAUSE: Duration = Duration::from_millis(200);

impl Sweeper {
    /// Removes what can be removed; how many runs that were.
    pub(super) async fn remove_namespace(
        &self,
        namespace: &Described,
    ) -> Result<usize, SweepError> {
        let mut removed = 0;
        for pass in 0..PASSES {
            if pass > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let mut left = 0;
            for partition in (0..self.partitions).map(Partition) {
                let (gone, open) = self.remove_part(partition, namespace, pass).await?;
                removed += gone;
                left += open;
            }
            if left == 0 {
                self.namespaces.forget(namespace).await?;
                let name = &namespace.settings.name;
                tracing::info!(namespace = %name, runs = removed, "removed a deleted namespace");
                return Ok(removed);
            }
        }
        Ok(removed)
    }

    /// One pass over a partition: how many runs are gone, and how many are left.
    async fn remove_part(
        &self,
        partition: Partition,
        namespace: &Described,
        pass: usize,
    ) -> Result<(usize, usize), SweepError> {
        let (mut gone, mut left, mut below) = (0, 0, 0);
        loop {
            let page = self.log.list(partition, &namespace.settings.name, below, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok((gone, left));
            };
            below = last.sequence;
            for head in &page {
                if self.remove_run(head, pass).await? {
                    gone += 1;
                } else {
                    left += 1;
                }
            }
            // 0 would begin anew, and nothing lies below 1.
            if below <= 1 {
                return Ok((gone, left));
            }
        }
    }

    /// Whether the run is gone: the run itself sees to that, whatever it is in the middle of. One that
    /// nobody can read any more is removed from here.
    async fn remove_run(&self, head: &Head, pass: usize) -> Result<bool, SweepError> {
        let target = Target::from(&head.address.key);
        let deadline = Instant::now() + REMOVE_WITHIN;
        match self.engine.delete_workflow(&target, "steadfast".into(), deadline).await {
            Ok(()) => {}
            Err(EngineError::NotFound { .. } | EngineError::Quarantined(_)) if pass > 0 => {
                self.engine.expire_run(&head.address, deadline).await?;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(run = %head.address.key, error, "a run is not removed yet");
                return Ok(false);
            }
        }
        // What it still owes others may keep it a little longer.
        let workflow = head.address.key.workflow();
        let left = self.log.heads(head.address.partition, &workflow).await?;
        Ok(left.iter().all(|left| left.address != head.address))
    }
}
