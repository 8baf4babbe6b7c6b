//! Polling: each poller waits for a free slot, then for a task, and hands it to a task of its own.

use std::{sync::Arc, time::Duration};

use steadfast_core::TaskQueue;
use steadfast_protocol::{
    message::{ActivityTask, Poll, WorkflowTask},
    subject::{self, PollKind},
};
use tokio::sync::OwnedSemaphorePermit;

use super::Inner;
use crate::{
    error::{Error, ErrorKind},
    wire::named,
};

/// The first pause after a failed poll; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Inner {
    /// Polls until the worker stops.
    pub(super) async fn poll_forever(self: Arc<Self>, queue: TaskQueue, kind: PollKind) {
        let slots = match kind {
            PollKind::Activity => self.activity_slots.clone(),
            PollKind::Workflow => self.workflow_slots.clone(),
        };
        let mut pause = PAUSE_MIN;
        while !self.stop_polling.is_cancelled() {
            let slot = tokio::select! {
                slot = slots.clone().acquire_owned() => slot,
                () = self.stop_polling.cancelled() => return,
            };
            // The semaphore is never closed.
            let Ok(slot) = slot else { return };
            let polled = tokio::select! {
                polled = self.poll_once(&queue, kind, slot) => polled,
                () = self.abort.cancelled() => return,
            };
            match polled {
                Ok(()) => pause = PAUSE_MIN,
                Err(error) if is_passing(&error) => {
                    tracing::debug!(%error, task_queue = %queue, "poll failed, trying again");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.stop_polling.cancelled() => return,
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(error) => {
                    tracing::error!(%error, task_queue = %queue, "poll failed for good");
                    self.fail(error).await;
                    return;
                }
            }
        }
    }

    /// One poll. Its answer may be a task, so it is only dropped when the worker gives up.
    async fn poll_once(
        self: &Arc<Self>,
        queue: &TaskQueue,
        kind: PollKind,
        slot: OwnedSemaphorePermit,
    ) -> Result<(), Error> {
        let wait = self.options.poll_wait;
        let poll = Poll {
            namespace: self.wire.named_namespace(),
            task_queue: named(queue.as_str()),
            identity: self.wire.identity.clone(),
            timeout_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1),
        };
        let subject = subject::poll_subject(self.wire.namespace.as_str(), queue.as_str(), kind);
        let this = self.clone();
        match kind {
            PollKind::Activity => {
                if let Some(task) = self.wire.poll::<_, ActivityTask>(&subject, &poll, wait).await?
                {
                    self.tasks.spawn(async move {
                        let aborted = this.abort.clone();
                        let _ = aborted.run_until_cancelled(this.run_activity(task)).await;
                        drop(slot);
                    });
                }
            }
            PollKind::Workflow => {
                if let Some(task) = self.wire.poll::<_, WorkflowTask>(&subject, &poll, wait).await?
                {
                    self.tasks.spawn(async move {
                        let aborted = this.abort.clone();
                        let _ = aborted.run_until_cancelled(this.run_workflow_task(task)).await;
                        drop(slot);
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whether a failed poll may succeed later. A task that is too large fails alone, not the worker.
fn is_passing(error: &Error) -> bool {
    use steadfast_protocol::ErrorCode;

    error.is_retryable()
        || matches!(
            error.kind(),
            ErrorKind::Refused(ErrorCode::PayloadTooLarge | ErrorCode::Internal)
        )
}
