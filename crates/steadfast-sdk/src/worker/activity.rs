//! One activity attempt: run it, tell the engine that it is alive, and how it ended.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use steadfast_core::{Failure, Payloads, Span, Timestamp};
use steadfast_protocol::{
    ErrorCode,
    message::{
        ActivityTask, CancelTask, Complete, Completed, Done, Fail, Heartbeat, HeartbeatAnswer,
        TaskVerb,
    },
};
use tokio::time::Instant;
use tracing::Instrument;

use super::Inner;
use crate::{
    activity::{ActivityContext, ActivityEnd, ActivityError, ActivityInfo, Heartbeats},
    error::{Error, ErrorKind},
    trace,
};

/// How long the outcome of an attempt without a deadline is worth sending.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(300);

impl Inner {
    /// Does one attempt.
    pub(super) async fn run_activity(&self, task: ActivityTask) {
        let span = tracing::info_span!(
            "activity",
            otel.kind = "consumer",
            namespace = %self.wire.namespace,
            workflow_id = %task.workflow_id,
            run_id = %task.run_id,
            activity_type = %task.activity_type,
            activity_id = %task.activity_id,
            attempt = task.attempt,
            traceparent = task.traceparent.as_deref(),
        );
        trace::continue_trace(&span, task.traceparent.as_deref());
        self.attempt(task).instrument(span).await;
    }

    async fn attempt(&self, task: ActivityTask) {
        let limit = Duration::from_millis(task.start_to_close_timeout_ms);
        let limit = (!limit.is_zero()).then_some(limit);
        let deadline = Instant::now() + limit.unwrap_or(OUTCOME_PATIENCE);
        let info = self.info(&task);
        let (ctx, heartbeats) = ActivityContext::new(info, task.heartbeat_details);
        let unsent = heartbeats.details.clone();
        let run = match self.activities.get(task.activity_type.as_str()) {
            Some(definition) => definition.run(ctx, task.input),
            None => self.unknown(task.activity_type.as_str()),
        };
        let work = AssertUnwindSafe(run).catch_unwind();
        let heartbeat_timeout = Duration::from_millis(task.heartbeat_timeout_ms);
        let alive = self.tell_alive(&task.token, heartbeats, heartbeat_timeout);
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = alive => return,
            () = expired(limit) => {
                tracing::info!("activity attempt ran out of time and is dropped");
                return;
            }
        };
        let outcome = outcome.unwrap_or_else(|panic| {
            let text = crate::workflow::panic_text(&*panic);
            tracing::error!(panic = text, "activity panicked");
            Err(ActivityError::retryable("Panic", text))
        });
        let details = unsent
            .has_changed()
            .unwrap_or(true)
            .then(|| unsent.borrow().clone());
        let details = details.filter(|details| !details.is_empty());
        if let Err(error) = self
            .tell_outcome(&task.token, outcome, details, deadline)
            .await
        {
            // The attempt was timed out, cancelled or reset meanwhile: its outcome is not wanted.
            tracing::warn!(%error, "activity outcome was not accepted");
        }
    }

    fn info(&self, task: &ActivityTask) -> ActivityInfo {
        ActivityInfo {
            namespace: self.wire.namespace.clone(),
            workflow_id: task.workflow_id.clone(),
            run_id: task.run_id.clone(),
            workflow_type: task.workflow_type.clone(),
            activity_id: task.activity_id.clone(),
            activity_type: task.activity_type.clone(),
            task_queue: self.task_queue.clone(),
            attempt: task.attempt,
            scheduled_at: Timestamp::from_millis(task.scheduled_at_ms),
            started_at: Timestamp::from_millis(task.started_at_ms),
            start_to_close_timeout: Span::from_millis(task.start_to_close_timeout_ms),
            heartbeat_timeout: Span::from_millis(task.heartbeat_timeout_ms),
            token: task.token.clone(),
            traceparent: task.traceparent.clone(),
        }
    }

    fn unknown(&self, name: &str) -> BoxFuture<'static, Result<Payloads, ActivityError>> {
        let known: Vec<_> = self.activities.names().collect();
        let message = format!(
            "activity type {name:?} is not known, this worker knows [{}]",
            known.join(", ")
        );
        Box::pin(async move { Err(ActivityError::retryable("UnknownActivity", message)) })
    }

    /// Sends heartbeats as often as is needed, and hears whether the attempt should stop. Ends when
    /// the worker gives up and the activity had its time to notice: never before.
    async fn tell_alive(
        &self,
        token: &bytes::Bytes,
        mut heartbeats: Heartbeats,
        timeout: Duration,
    ) {
        let interval = match timeout {
            Duration::ZERO => self.options.heartbeat_interval,
            timeout => (timeout * 4 / 5).min(self.options.heartbeat_interval),
        };
        loop {
            tokio::select! {
                changed = heartbeats.details.changed() => {
                    if changed.is_err() {
                        // The activity let go of its context; its outcome is about to come.
                        return std::future::pending().await;
                    }
                }
                () = self.stop_activities.cancelled(), if !heartbeats.cancel.is_cancelled() => {
                    heartbeats.cancel.cancel();
                    continue;
                }
            }
            let details = heartbeats.details.borrow_and_update().clone();
            let next = Instant::now() + interval;
            match self.heartbeat(token, details, next).await {
                Ok(answer) if answer.cancel_requested || answer.reset => heartbeats.cancel.cancel(),
                Ok(_) => {}
                Err(error) if error.is_retryable() => {
                    tracing::debug!(%error, "heartbeat failed");
                }
                Err(error) => {
                    tracing::info!(%error, "activity attempt is over for the engine");
                    heartbeats.cancel.cancel();
                }
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn heartbeat(
        &self,
        token: &bytes::Bytes,
        details: Payloads,
        deadline: Instant,
    ) -> Result<HeartbeatAnswer, Error> {
        let heartbeat = Heartbeat {
            namespace: self.wire.named_namespace(),
            token: token.clone(),
            identity: self.wire.identity.clone(),
            details,
            ..Heartbeat::default()
        };
        self.wire
            .task(TaskVerb::Heartbeat, &heartbeat, deadline)
            .await
    }

    /// Tells the engine how the attempt ended.
    async fn tell_outcome(
        &self,
        token: &bytes::Bytes,
        outcome: Result<Payloads, ActivityError>,
        heartbeat_details: Option<Payloads>,
        deadline: Instant,
    ) -> Result<(), Error> {
        let namespace = self.wire.named_namespace();
        let (token, identity) = (token.clone(), self.wire.identity.clone());
        let failure = match outcome.map_err(ActivityError::into_end) {
            Ok(result) => {
                let complete = Complete {
                    namespace: namespace.clone(),
                    token: token.clone(),
                    identity: identity.clone(),
                    result,
                    ..Complete::default()
                };
                let told = self
                    .wire
                    .task::<_, Completed>(TaskVerb::Complete, &complete, deadline);
                match told.await {
                    Err(error) if is_too_large(&error) => too_large(&error),
                    told => return told.map(|_| ()),
                }
            }
            Err(ActivityEnd::Failed(error)) => error.into_failure(),
            Err(ActivityEnd::Later) => return Ok(()),
            Err(ActivityEnd::Canceled(details)) => {
                let cancel = CancelTask {
                    namespace,
                    token,
                    identity,
                    details,
                    ..CancelTask::default()
                };
                self.wire
                    .task::<_, Done>(TaskVerb::Cancel, &cancel, deadline)
                    .await?;
                return Ok(());
            }
        };
        tracing::info!(error = failure.message, "activity attempt failed");
        let fail = Fail {
            namespace,
            token,
            identity,
            failure,
            heartbeat_details,
            ..Fail::default()
        };
        self.wire
            .task::<_, Done>(TaskVerb::Fail, &fail, deadline)
            .await?;
        Ok(())
    }
}

/// Ends when the attempt has taken too long: the engine has given it up by then.
async fn expired(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

fn is_too_large(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::TooLarge | ErrorKind::Refused(ErrorCode::PayloadTooLarge)
    )
}

/// A result that cannot be sent fails the activity for good, so that its workflow sees it.
fn too_large(error: &Error) -> Failure {
    ActivityError::non_retryable("PayloadTooLarge", error.message()).into_failure()
}
