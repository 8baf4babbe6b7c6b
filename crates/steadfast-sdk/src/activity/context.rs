//! What an activity function holds.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{
    ActivityId, ActivityType, Namespace, Payloads, RunId, Span, TaskQueue, Timestamp, WorkflowId,
    WorkflowType,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::payload::{self, ConversionError};

/// What an activity knows of its attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityInfo {
    /// The tenant.
    pub namespace: Namespace,
    /// The workflow that asked for it.
    pub workflow_id: WorkflowId,
    /// The run that asked for it.
    pub run_id: RunId,
    /// The workflow's type.
    pub workflow_type: WorkflowType,
    /// The workflow's name for it.
    pub activity_id: ActivityId,
    /// Its type.
    pub activity_type: ActivityType,
    /// Where it was polled from.
    pub task_queue: TaskQueue,
    /// Its attempt, from 1.
    pub attempt: i32,
    /// When it was first scheduled.
    pub scheduled_at: Timestamp,
    /// When this attempt started.
    pub started_at: Timestamp,
    /// How long the attempt may take; zero is no limit.
    pub start_to_close_timeout: Span,
    /// How long it may be silent; zero is no limit.
    pub heartbeat_timeout: Span,
    /// Names the attempt to the engine, for completing it later from elsewhere.
    pub token: bytes::Bytes,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// The worker's end of an attempt.
#[derive(Debug)]
pub(crate) struct Heartbeats {
    pub(crate) details: watch::Receiver<Payloads>,
    pub(crate) cancel: CancellationToken,
}

/// What an activity function holds. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ActivityContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    info: ActivityInfo,
    last_details: Payloads,
    heartbeat: watch::Sender<Payloads>,
    cancel: CancellationToken,
}

impl ActivityContext {
    pub(crate) fn new(info: ActivityInfo, last_details: Payloads) -> (Self, Heartbeats) {
        let (heartbeat, details) = watch::channel(Payloads::new());
        let cancel = CancellationToken::new();
        let heartbeats = Heartbeats { details, cancel: cancel.clone() };
        (Self(Arc::new(Inner { info, last_details, heartbeat, cancel })), heartbeats)
    }

    /// A context for unit tests of an activity function.
    pub fn for_test(info: ActivityInfo) -> Self {
        Self::new(info, Payloads::new()).0
    }

    /// What the activity knows of its attempt.
    pub fn info(&self) -> &ActivityInfo {
        &self.0.info
    }

    /// Says that the attempt is alive, and how far it is. Never waits: the worker sends the newest
    /// details as often as the heartbeat timeout needs. Details that cannot be written are an
    /// error.
    pub fn heartbeat(&self, details: impl Serialize) -> Result<(), ConversionError> {
        let details = payload::encode_list(&details)?;
        self.0.heartbeat.send_replace(details);
        Ok(())
    }

    /// The details that the attempt before this one left, if it did.
    pub fn heartbeat_details<T: DeserializeOwned>(&self) -> Result<Option<T>, ConversionError> {
        self.0.last_details.first().map(payload::decode).transpose()
    }

    /// Whether the attempt should stop: cancelled by its workflow, timed out, or the worker stops.
    /// The engine tells so in answer to heartbeats.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancel.is_cancelled()
    }

    /// Waits until the attempt should stop.
    pub async fn cancelled(&self) {
        self.0.cancel.cancelled().await;
    }
}
