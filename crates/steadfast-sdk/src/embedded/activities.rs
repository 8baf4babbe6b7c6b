//! The engine's port for activity code.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use steadfast_core::{Identity, Payloads, input::ActivityOutcome};
use steadfast_engine::{
    Engine,
    api::{ActivityTarget, EngineError, PolledActivityTask, TaskToken},
    embedded::ActivityHost,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    activity::{
        Activities, ActivityContext, ActivityEnd, ActivityError, ActivityInfo, Attempted, Beat,
        Limits, attempt,
    },
    trace,
};

const IDENTITY: &str = "steadfast-sdk-embedded";
/// Heartbeats are not closer together than this, unless an activity's timeout asks for it.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(30);

/// Runs activity functions inside the engine's process, on its tokio runtime.
pub struct EmbeddedActivities {
    engine: Engine,
    activities: Arc<Activities>,
    concurrency: usize,
}

impl EmbeddedActivities {
    /// A host of these functions, so many attempts at a time.
    pub fn new(engine: Engine, activities: Activities, concurrency: usize) -> Self {
        Self { engine, activities: Arc::new(activities), concurrency: concurrency.max(1) }
    }
}

impl ActivityHost for EmbeddedActivities {
    fn run(&self, task: PolledActivityTask) -> BoxFuture<'static, Option<ActivityOutcome>> {
        let (engine, activities) = (self.engine.clone(), self.activities.clone());
        let scheduled = &task.task.scheduled;
        let span = tracing::info_span!(
            "activity",
            otel.kind = "consumer",
            namespace = %task.run.namespace,
            workflow_id = %task.run.workflow_id,
            run_id = %task.run.run_id,
            activity_type = %scheduled.activity_type,
            activity_id = %scheduled.activity_id,
            attempt = task.task.attempt,
            traceparent = task.traceparent.as_deref(),
            trace_id = tracing::field::Empty,
        );
        trace::continue_trace(&span, task.traceparent.as_deref());
        Box::pin(run_attempt(engine, activities, task).instrument(span))
    }

    fn concurrency(&self) -> usize {
        self.concurrency
    }
}

async fn run_attempt(
    engine: Engine,
    activities: Arc<Activities>,
    task: PolledActivityTask,
) -> Option<ActivityOutcome> {
    let scheduled = task.task.scheduled.clone();
    let limits = Limits {
        start_to_close: scheduled.start_to_close_timeout.into(),
        heartbeat: scheduled.heartbeat_timeout.into(),
        heartbeat_interval: HEARTBEAT_INTERVAL,
    };
    let info = info(&task);
    let (ctx, heartbeats) = ActivityContext::new(info, task.task.heartbeat_details);
    let name = scheduled.activity_type.as_str();
    let Some(definition) = activities.get(name) else {
        let message = format!("activity type {name:?} is not known in this process");
        let failure = ActivityError::retryable("UnknownActivity", message).into_failure();
        return Some(ActivityOutcome::Failed { failure, last_heartbeat: None });
    };
    let code = definition.run(ctx, scheduled.input.clone());
    let target = ActivityTarget::Token(task.token);
    let beat = |details, until| beat(engine.clone(), target.clone(), details, until);
    // The engine drops its attempts itself when it stops.
    let stop = CancellationToken::new();
    match attempt(code, heartbeats, limits, &stop, beat).await {
        Attempted::Returned(outcome, details) => outcome_of(outcome, details),
        // The attempt's deadline has passed: the engine has written that, or is about to.
        Attempted::Expired => None,
    }
}

fn info(task: &PolledActivityTask) -> ActivityInfo {
    let TaskToken { run, attempt, .. } = &task.token;
    let scheduled = &task.task.scheduled;
    ActivityInfo {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        workflow_type: task.task.workflow_type.clone(),
        activity_id: scheduled.activity_id.clone(),
        activity_type: scheduled.activity_type.clone(),
        task_queue: scheduled.task_queue.clone(),
        attempt: *attempt,
        scheduled_at: task.task.scheduled_at,
        started_at: task.task.started_at,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        token: bytes::Bytes::new(),
        traceparent: task.traceparent.clone(),
    }
}

/// Sends a heartbeat; a lost one is made good by the next.
async fn beat(engine: Engine, target: ActivityTarget, details: Payloads, until: Instant) -> Beat {
    let identity = Identity::new(IDENTITY);
    match engine.heartbeat_activity(&target, details, identity, until).await {
        Ok(answer) if answer.cancel_requested || answer.reset => Beat::Stop,
        Ok(_)
        | Err(
            EngineError::Unavailable(_)
            | EngineError::Exhausted { .. }
            | EngineError::DeadlineExceeded(_),
        ) => Beat::GoOn,
        Err(
            EngineError::NotFound { .. }
            | EngineError::NamespaceNotFound(_)
            | EngineError::Rejected(_)
            | EngineError::Quarantined(_)
            | EngineError::QueryFailed(_)
            | EngineError::ShuttingDown,
        ) => Beat::Stop,
    }
}

fn outcome_of(
    outcome: Result<Payloads, ActivityError>,
    last_heartbeat: Option<Payloads>,
) -> Option<ActivityOutcome> {
    match outcome.map_err(ActivityError::into_end) {
        Ok(result) => Some(ActivityOutcome::Completed(result)),
        Err(ActivityEnd::Failed(error)) => {
            let failure = error.into_failure();
            Some(ActivityOutcome::Failed { failure, last_heartbeat })
        }
        Err(ActivityEnd::Canceled(details)) => Some(ActivityOutcome::Canceled(details)),
        Err(ActivityEnd::Later) => None,
    }
}
