//! Workflow tasks, timers and markers.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    EventId, Failure, Identity, PayloadMap, Payloads, RequestId, RunId, Span, TaskQueue, TimerId,
    failure::TimeoutType,
};

/// A workflow task waits for a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowTaskScheduled {
    pub task_queue: TaskQueue,
    pub sticky: bool,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub start_to_close_timeout: Span,
    pub attempt: i32,
}

/// A worker took it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowTaskStarted {
    pub scheduled_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    pub request_id: RequestId,
    pub suggest_continue_as_new: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggest_continue_as_new_reasons: Vec<SuggestContinueAsNewReason>,
    pub history_size_bytes: u64,
}

/// The worker answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowTaskCompleted {
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub binary_checksum: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_metadata: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metering_metadata: Option<Bytes>,
    /// Temporal's version stamp as records of earlier builds have it, encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_version: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerVersion>,
}

/// Which code a worker runs (`temporal.api.common.v1.WorkerVersionStamp`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerVersion {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_versioning: bool,
}

/// The worker did not answer in time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowTaskTimedOut {
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    pub timeout_type: TimeoutType,
}

/// The worker failed it, or its answer was not acceptable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowTaskFailed {
    pub scheduled_event_id: EventId,
    pub started_event_id: EventId,
    pub cause: WorkflowTaskFailedCause,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub base_run_id: RunId,
    #[serde(skip_serializing_if = "RunId::is_empty")]
    pub new_run_id: RunId,
    pub fork_event_version: i64,
}

/// A timer runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimerStarted {
    pub timer_id: TimerId,
    #[serde(skip_serializing_if = "Span::is_zero_ref")]
    pub start_to_fire_timeout: Span,
    pub workflow_task_completed_event_id: EventId,
}

/// It fired.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimerFired {
    pub timer_id: TimerId,
    pub started_event_id: EventId,
}

/// The workflow cancelled it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimerCanceled {
    pub timer_id: TimerId,
    pub started_event_id: EventId,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
}

/// The SDK noted something: a side effect, a version, a local activity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MarkerRecorded {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub marker_name: String,
    pub details: BTreeMap<String, Payloads>,
    pub workflow_task_completed_event_id: EventId,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Why a worker is told to continue as new (`temporal.api.enums.v1.SuggestContinueAsNewReason`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SuggestContinueAsNewReason {
    #[default]
    Unspecified = 0,
    HistorySizeTooLarge = 1,
    TooManyHistoryEvents = 2,
    TooManyUpdates = 3,
}

/// Why a workflow task failed (`temporal.api.enums.v1.WorkflowTaskFailedCause`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkflowTaskFailedCause {
    #[default]
    Unspecified = 0,
    UnhandledCommand = 1,
    BadScheduleActivityAttributes = 2,
    BadRequestCancelActivityAttributes = 3,
    BadStartTimerAttributes = 4,
    BadCancelTimerAttributes = 5,
    BadRecordMarkerAttributes = 6,
    BadCompleteWorkflowExecutionAttributes = 7,
    BadFailWorkflowExecutionAttributes = 8,
    BadCancelWorkflowExecutionAttributes = 9,
    BadRequestCancelExternalAttributes = 10,
    BadContinueAsNewAttributes = 11,
    StartTimerDuplicateId = 12,
    ResetStickyTaskQueue = 13,
    WorkflowWorkerUnhandledFailure = 14,
    BadSignalWorkflowExecutionAttributes = 15,
    BadStartChildExecutionAttributes = 16,
    ForceCloseCommand = 17,
    FailoverCloseCommand = 18,
    BadSignalInputSize = 19,
    ResetWorkflow = 20,
    BadBinary = 21,
    ScheduleActivityDuplicateId = 22,
    BadSearchAttributes = 23,
    NonDeterministicError = 24,
    BadModifyWorkflowPropertiesAttributes = 25,
    PendingChildWorkflowsLimitExceeded = 26,
    PendingActivitiesLimitExceeded = 27,
    PendingSignalsLimitExceeded = 28,
    PendingRequestCancelLimitExceeded = 29,
    BadUpdateWorkflowExecutionMessage = 30,
    UnhandledUpdate = 31,
    BadScheduleNexusOperationAttributes = 32,
    PendingNexusOperationsLimitExceeded = 33,
    BadRequestCancelNexusOperationAttributes = 34,
    FeatureDisabled = 35,
    GrpcMessageTooLarge = 36,
    PayloadsTooLarge = 37,
}

impl WorkflowTaskFailedCause {
    /// Its name in Temporal's `WorkflowTaskFailedCause`, in camel case.
    pub fn name(self) -> String {
        if self == Self::BadRequestCancelExternalAttributes {
            return "BadRequestCancelExternalWorkflowExecutionAttributes".to_owned();
        }
        format!("{self:?}")
    }
}
