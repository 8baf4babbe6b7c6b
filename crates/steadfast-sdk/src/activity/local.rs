//! Local activities, run beside the workflow task that waits for them.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use steadfast_core::{Command, Failure, Payloads};
use tokio::time::Instant;

use super::{Activities, ActivityContext, ActivityError, ActivityInfo};
use crate::workflow::{self, ActivateError, LocalActivity, Progress, WorkflowInstance};

/// Who runs local activities, and for whom.
pub(crate) struct Locals<'a> {
    /// What this process knows.
    pub(crate) activities: &'a Activities,
    /// What each attempt knows, but for its own type.
    pub(crate) info: ActivityInfo,
    /// When the workflow task is over.
    pub(crate) deadline: Option<Instant>,
}

impl Locals<'_> {
    /// Goes on with the code, and runs its local activities, until it has commands.
    pub(crate) async fn finish(
        &self,
        instance: &mut WorkflowInstance,
        mut progress: Progress,
    ) -> Result<Vec<Command>, ActivateError> {
        let mut running = FuturesUnordered::new();
        loop {
            match progress {
                Progress::Commands(commands) => return Ok(commands),
                Progress::Locals(locals) => {
                    for local in locals {
                        running.push(self.run(local));
                    }
                }
            }
            let Some((number, result)) = running.next().await else {
                return Err(ActivateError::NoTask);
            };
            progress = instance.resolve_local(number, result)?;
        }
    }

    async fn run(&self, local: LocalActivity) -> (u64, Result<Payloads, Failure>) {
        let name = local.activity_type.as_str();
        let Some(definition) = self.activities.get(name) else {
            let message = format!("local activity type {name:?} is not known to this worker");
            let error = ActivityError::non_retryable("UnknownActivity", message);
            return (local.number, Err(error.into_failure()));
        };
        let activity_type = local.activity_type.clone();
        let info = ActivityInfo { activity_type, attempt: 1, ..self.info.clone() };
        let (ctx, _heartbeats) = ActivityContext::new(info, Payloads::new());
        let work = AssertUnwindSafe(definition.run(ctx, local.input)).catch_unwind();
        let worked = match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, work).await.ok(),
            None => Some(work.await),
        };
        let result = match worked {
            Some(Ok(result)) => result.map_err(ActivityError::into_failure),
            Some(Err(panic)) => {
                let text = workflow::panic_text(&*panic);
                Err(ActivityError::retryable("Panic", text).into_failure())
            }
            None => {
                let message = "local activity outlasted its workflow task";
                Err(ActivityError::retryable("Timeout", message).into_failure())
            }
        };
        (local.number, result)
    }
}
