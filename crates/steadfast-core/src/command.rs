//! What a worker asks for when it completes a workflow task (`temporal.api.command.v1`).

#![expect(missing_docs, reason = "the fields are those of temporal.api.command.v1")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ActivityId, ActivityType, Blanks, EventId, Execution, Failure, Namespace, PayloadMap, Payloads,
    Priority, RetryPolicy, Span, TaskQueue, TimerId, UpdateId, WorkflowId, WorkflowType,
    event::{Initiator, UpdateOutcome, UpdateRequest, UserMetadata},
    start::{ParentClosePolicy, WorkflowIdReusePolicy},
};

/// A command with what the user says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// What to do.
    pub kind: CommandKind,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Box<UserMetadata>>,
}

impl<T: Into<CommandKind>> From<T> for Command {
    fn from(kind: T) -> Self {
        Self { kind: kind.into(), user_metadata: None }
    }
}

/// The kinds of commands, in the order of Temporal's `CommandType` where it has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CommandKind {
    ScheduleActivity(Box<ScheduleActivity>),
    RequestCancelActivity {
        scheduled_event_id: EventId,
    },
    StartTimer {
        timer_id: TimerId,
        start_to_fire_timeout: Span,
    },
    CancelTimer {
        timer_id: TimerId,
    },
    CompleteWorkflow {
        #[serde(default)]
        result: Payloads,
    },
    FailWorkflow {
        failure: Box<Failure>,
    },
    CancelWorkflow {
        #[serde(default)]
        details: Payloads,
    },
    ContinueAsNew(Box<ContinueAsNew>),
    StartChildWorkflow(Box<StartChildWorkflow>),
    SignalExternalWorkflow(Box<SignalExternalWorkflow>),
    RequestCancelExternalWorkflow(Box<RequestCancelExternalWorkflow>),
    RecordMarker(Box<RecordMarker>),
    UpsertSearchAttributes {
        search_attributes: PayloadMap,
    },
    ModifyProperties {
        upserted_memo: PayloadMap,
    },
    /// The workflow accepted an update (Temporal: a protocol message `Acceptance`).
    AcceptUpdate(Box<AcceptUpdate>),
    /// The workflow's validator refused an update; leaves no event.
    RejectUpdate {
        update_id: UpdateId,
        failure: Box<Failure>,
    },
    /// The workflow finished an update (Temporal: a protocol message `Response`).
    CompleteUpdate {
        update_id: UpdateId,
        outcome: UpdateOutcome,
    },
}

/// An activity to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleActivity {
    pub activity_id: ActivityId,
    pub activity_type: ActivityType,
    /// Empty means the run's own queue; `nats:<subject>` is a service activity.
    pub task_queue: TaskQueue,
    pub header: PayloadMap,
    pub input: Payloads,
    pub schedule_to_close_timeout: Span,
    pub schedule_to_start_timeout: Span,
    pub start_to_close_timeout: Span,
    pub heartbeat_timeout: Span,
    pub retry_policy: Option<RetryPolicy>,
    /// The worker has room to run it at once.
    pub request_eager_execution: bool,
    /// How urgent it is; what is not set is the workflow's.
    pub priority: Option<Priority>,
    /// Whether the build id of this run's worker is meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_workflow_build_id: bool,
    /// What of it was there and said nothing.
    #[serde(skip)]
    pub blanks: Blanks,
}

/// The run goes on as a new one; empty fields are taken over from this run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContinueAsNew {
    pub workflow_type: WorkflowType,
    pub task_queue: TaskQueue,
    pub input: Payloads,
    pub workflow_run_timeout: Span,
    pub workflow_task_timeout: Span,
    pub backoff_start_interval: Span,
    pub retry_policy: Option<RetryPolicy>,
    pub initiator: Initiator,
    pub failure: Option<Failure>,
    pub last_completion_result: Payloads,
    pub cron_schedule: String,
    pub header: PayloadMap,
    pub memo: PayloadMap,
    pub search_attributes: PayloadMap,
    /// Whether the build id of this run's worker is meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit_build_id: bool,
}

/// A child to start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartChildWorkflow {
    /// Empty means the parent's.
    pub namespace: Namespace,
    pub workflow_id: WorkflowId,
    pub workflow_type: WorkflowType,
    /// Empty means the parent's.
    pub task_queue: TaskQueue,
    pub input: Payloads,
    pub workflow_execution_timeout: Span,
    pub workflow_run_timeout: Span,
    pub workflow_task_timeout: Span,
    pub parent_close_policy: ParentClosePolicy,
    pub workflow_id_reuse_policy: WorkflowIdReusePolicy,
    pub retry_policy: Option<RetryPolicy>,
    pub cron_schedule: String,
    pub header: PayloadMap,
    pub memo: PayloadMap,
    pub search_attributes: PayloadMap,
    /// How urgent its tasks are; what is not set is the parent's.
    pub priority: Option<Priority>,
    /// Whether the build id of this run's worker is meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inherit_build_id: bool,
    /// What of it was there and said nothing.
    #[serde(skip)]
    pub blanks: Blanks,
}

/// A signal to another run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignalExternalWorkflow {
    /// Empty means this run's.
    pub namespace: Namespace,
    pub execution: Execution,
    pub signal_name: String,
    pub input: Payloads,
    pub child_workflow_only: bool,
    pub header: PayloadMap,
}

/// A cancel request to another run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestCancelExternalWorkflow {
    /// Empty means this run's.
    pub namespace: Namespace,
    pub execution: Execution,
    pub child_workflow_only: bool,
    pub reason: String,
}

/// A note of the SDK's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordMarker {
    pub marker_name: String,
    pub details: BTreeMap<String, Payloads>,
    pub header: PayloadMap,
    pub failure: Option<Failure>,
}

/// The workflow accepted an update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcceptUpdate {
    pub update_id: UpdateId,
    /// Temporal's message id of the request; native workers leave it empty.
    pub request_message_id: String,
    pub request_sequencing_event_id: EventId,
    /// What was asked, when the engine has forgotten it (it never does for a live update).
    pub request: Option<UpdateRequest>,
}
