//! Removes everything of a deleted namespace, and then the namespace.
//!
//! Open runs are terminated first, so that whoever waits for them hears of it; then every run is
//! purged, which tells visibility. A crash in between is no harm: the namespace stays deleted, and the
//! next sweep goes on. Only when nothing is left its name is free again.

use std::time::Duration;

use steadfast_core::input::Terminate;
use steadfast_engine::{
    EngineError,
    api::Target,
    ports::{Head, Partition},
};
use steadfast_jetstream::namespaces::Described;
use tokio::time::Instant;

use super::{PAGE, SweepError, Sweeper};

/// Passes over a namespace in one sweep: runs that were terminated are removed in the next pass.
const PASSES: usize = 20;
/// The pause between two passes.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one termination may take.
const TERMINATE_WITHIN: Duration = Duration::from_secs(5);

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

    /// Whether the run is gone.
    async fn remove_run(&self, head: &Head, pass: usize) -> Result<bool, SweepError> {
        if head.status.is_open() {
            self.terminate(head).await;
            return Ok(false);
        }
        // It may still owe its parent or its children a message; they get the time of most passes.
        let may_owe = pass + 1 < PASSES / 2;
        if may_owe && self.log.load_snapshot(&head.address).await?.is_some() {
            return Ok(false);
        }
        self.log.purge(&head.address).await?;
        Ok(true)
    }

    async fn terminate(&self, head: &Head) {
        let request = Terminate {
            reason: "namespace deleted".to_owned(),
            identity: "steadfast".into(),
            ..Terminate::default()
        };
        let target = Target::from(&head.address.key);
        let deadline = Instant::now() + TERMINATE_WITHIN;
        match self.engine.terminate(&target, request, deadline).await {
            Ok(()) | Err(EngineError::NotFound { .. } | EngineError::Rejected(_)) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(run = %head.address.key, error, "a run is not terminated yet");
            }
        }
    }
}
