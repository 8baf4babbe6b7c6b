//! One activity attempt: run it, tell the engine that it is alive, and how it ended.

use std::time::Duration;

use futures::future::BoxFuture;
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
    activity::{
        ActivityContext, ActivityEnd, ActivityError, ActivityInfo, Attempted, Beat, Limits, attempt,
    },
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
            task_queue = %self.task_queue,
            activity_type = %task.activity_type,
            activity_id = %task.activity_id,
            attempt = task.attempt,
            traceparent = task.traceparent.as_deref(),
            trace_id = tracing::field::Empty,
        );
        trace::continue_trace(&span, task.traceparent.as_deref());
        self.attempt(task).instrument(span).await;
    }

    async fn attempt(&self, task: ActivityTask) {
        let start_to_close = Duration::from_millis(task.start_to_close_timeout_ms);
        let patience = if start_to_close.is_zero() { OUTCOME_PATIENCE } else { start_to_close };
        let deadline = Instant::now() + patience;
        let limits = Limits {
            start_to_close,
            heartbeat: Duration::from_millis(task.heartbeat_timeout_ms),
            heartbeat_interval: self.options.heartbeat_interval,
        };
        let (ctx, heartbeats) = ActivityContext::new(self.info(&task), task.heartbeat_details);
        let code = match self.activities.get(task.activity_type.as_str()) {
            Some(definition) => definition.run(ctx, task.input),
            None => self.unknown(task.activity_type.as_str()),
        };
        let beat = |details, until| self.beat(&task.token, details, until);
        let attempted = attempt(code, heartbeats, limits, &self.stop_activities, beat).await;
        let Attempted::Returned(outcome, details) = attempted else {
            tracing::info!("activity attempt ran out of time and is dropped");
            return;
        };
        if let Err(error) = self.tell_outcome(&task.token, outcome, details, deadline).await {
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

    /// Sends a heartbeat; a lost one is made good by the next.
    async fn beat(&self, token: &bytes::Bytes, details: Payloads, until: Instant) -> Beat {
        match self.heartbeat(token, details, until).await {
            Ok(answer) if answer.cancel_requested || answer.reset => Beat::Stop,
            Ok(_) => Beat::GoOn,
            Err(error) if error.is_retryable() => {
                tracing::debug!(%error, "heartbeat failed");
                Beat::GoOn
            }
            Err(error) => {
                tracing::info!(%error, "activity attempt is over for the engine");
                Beat::Stop
            }
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
        self.wire.task(TaskVerb::Heartbeat, &heartbeat, deadline).await
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
                let told = self.wire.task::<_, Completed>(TaskVerb::Complete, &complete, deadline);
                match told.await {
                    Err(error) if is_too_large(&error) => too_large(&error),
                    told => return told.map(|_| ()),
                }
            }
            Err(ActivityEnd::Failed(error)) => error.into_failure(),
            Err(ActivityEnd::Later) => return Ok(()),
            Err(ActivityEnd::Canceled(details)) => {
                let cancel =
                    CancelTask { namespace, token, identity, details, ..CancelTask::default() };
                self.wire.task::<_, Done>(TaskVerb::Cancel, &cancel, deadline).await?;
                return Ok(());
            }
        };
        tracing::info!(error = failure.message, "activity attempt failed");
        let fail =
            Fail { namespace, token, identity, failure, heartbeat_details, ..Fail::default() };
        self.wire.task::<_, Done>(TaskVerb::Fail, &fail, deadline).await?;
        Ok(())
    }
}

fn is_too_large(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Refused(ErrorCode::PayloadTooLarge))
}

/// A result that cannot be sent fails the activity for good, so that its workflow sees it.
fn too_large(error: &Error) -> Failure {
    ActivityError::non_retryable("PayloadTooLarge", error.message()).into_failure()
}
