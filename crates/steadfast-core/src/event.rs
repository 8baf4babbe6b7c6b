//! Durable, numbered history: what clients read and workers replay.
//!
//! The kinds, names and fields are those of Temporal's `temporal.api.history.v1` and
//! `temporal.api.enums.v1.EventType`, so that a gateway maps them field by field. A kind that this
//! build does not know is an error when read, never skipped.

pub mod activity;
pub mod child;
pub mod external;
pub mod task;
pub mod update;
pub mod workflow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::{activity::*, child::*, external::*, task::*, update::*, workflow::*};
use crate::{EventId, Payload, Timestamp};

/// One numbered fact of a run's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number: contiguous from 1.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Summary and details that the user attached to the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Box<UserMetadata>>,
    /// Links to other runs' events, encoded by the front door that brought them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Bytes>,
}

/// What the user says of a command, for people who look at the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserMetadata {
    /// One line.
    pub summary: Option<Payload>,
    /// More.
    pub details: Option<Payload>,
    /// Groups that the SDK puts the event in, encoded by the front door.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<Bytes>,
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        /// What happened. Numbers are Temporal's `EventType`; the large kinds are boxed.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* $name(Box<$name>),)*
        }

        impl EventKind {
            /// Every kind's name and number.
            pub const ALL: &'static [(&'static str, i32)] = &[$((stringify!($name), $number)),*];

            /// Its name, as in Temporal's `EventType` in camel case.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            /// Its number in Temporal's `EventType`.
            pub fn number(&self) -> i32 {
                match self {
                    $(Self::$name(_) => $number,)*
                }
            }
        }

        $(impl From<$name> for EventKind {
            fn from(attributes: $name) -> Self {
                Self::$name(Box::new(attributes))
            }
        })*
    };
}

event_kinds! {
    /// The run exists.
    WorkflowExecutionStarted = 1,
    /// The workflow returned.
    WorkflowExecutionCompleted = 2,
    /// The workflow failed.
    WorkflowExecutionFailed = 3,
    /// The run or its execution took too long.
    WorkflowExecutionTimedOut = 4,
    /// A workflow task waits for a worker.
    WorkflowTaskScheduled = 5,
    /// A worker took it.
    WorkflowTaskStarted = 6,
    /// The worker answered.
    WorkflowTaskCompleted = 7,
    /// The worker did not answer in time.
    WorkflowTaskTimedOut = 8,
    /// The worker failed it, or its answer was not acceptable.
    WorkflowTaskFailed = 9,
    /// An activity is to be done.
    ActivityTaskScheduled = 10,
    /// Its last attempt started.
    ActivityTaskStarted = 11,
    /// It returned.
    ActivityTaskCompleted = 12,
    /// It failed for good.
    ActivityTaskFailed = 13,
    /// One of its deadlines passed for good.
    ActivityTaskTimedOut = 14,
    /// A timer runs.
    TimerStarted = 17,
    /// It fired.
    TimerFired = 18,
    /// The workflow asked to cancel an activity.
    ActivityTaskCancelRequested = 15,
    /// The activity ended cancelled.
    ActivityTaskCanceled = 16,
    /// The workflow cancelled a timer.
    TimerCanceled = 19,
    /// Somebody asked to cancel the workflow.
    WorkflowExecutionCancelRequested = 20,
    /// The workflow ended cancelled.
    WorkflowExecutionCanceled = 21,
    /// The workflow asks to cancel another.
    RequestCancelExternalWorkflowExecutionInitiated = 22,
    /// That could not be delivered.
    RequestCancelExternalWorkflowExecutionFailed = 23,
    /// That was delivered.
    ExternalWorkflowExecutionCancelRequested = 24,
    /// The SDK noted something.
    MarkerRecorded = 25,
    /// A signal arrived.
    WorkflowExecutionSignaled = 26,
    /// The run was terminated.
    WorkflowExecutionTerminated = 27,
    /// The run goes on as a new one.
    WorkflowExecutionContinuedAsNew = 28,
    /// A child is to be started.
    StartChildWorkflowExecutionInitiated = 29,
    /// It could not be.
    StartChildWorkflowExecutionFailed = 30,
    /// The child runs.
    ChildWorkflowExecutionStarted = 31,
    /// The child returned.
    ChildWorkflowExecutionCompleted = 32,
    /// The child failed.
    ChildWorkflowExecutionFailed = 33,
    /// The child ended cancelled.
    ChildWorkflowExecutionCanceled = 34,
    /// The child took too long.
    ChildWorkflowExecutionTimedOut = 35,
    /// The child was terminated.
    ChildWorkflowExecutionTerminated = 36,
    /// The workflow signals another.
    SignalExternalWorkflowExecutionInitiated = 37,
    /// That could not be delivered.
    SignalExternalWorkflowExecutionFailed = 38,
    /// That was delivered.
    ExternalWorkflowExecutionSignaled = 39,
    /// Search attributes changed.
    UpsertWorkflowSearchAttributes = 40,
    /// The workflow accepted an update.
    WorkflowExecutionUpdateAccepted = 41,
    /// It finished an update.
    WorkflowExecutionUpdateCompleted = 43,
    /// Memo fields changed.
    WorkflowPropertiesModified = 46,
    /// An update was carried over a reset.
    WorkflowExecutionUpdateAdmitted = 47,
    /// The run's options were changed from outside.
    WorkflowExecutionOptionsUpdated = 55,
    /// The run was paused.
    WorkflowExecutionPaused = 58,
    /// The run goes on.
    WorkflowExecutionUnpaused = 59,
}

impl Event {
    /// About how many bytes this event costs in a history: what limits are measured with.
    pub fn approximate_bytes(&self) -> u64 {
        const FIXED: usize = 96;
        /// The ids, names and times that a start has beyond other events.
        const START: usize = 224;
        let payloads = crate::payload::size_of;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is small, or ends the run")]
        let variable = match &self.kind {
            EventKind::WorkflowExecutionStarted(a) => START + payloads(&a.input),
            EventKind::WorkflowExecutionSignaled(a) => payloads(&a.input),
            EventKind::ActivityTaskScheduled(a) => payloads(&a.input),
            EventKind::ActivityTaskCompleted(a) => payloads(&a.result),
            EventKind::StartChildWorkflowExecutionInitiated(a) => payloads(&a.input),
            EventKind::ChildWorkflowExecutionCompleted(a) => payloads(&a.result),
            EventKind::MarkerRecorded(a) => a.details.values().map(|p| payloads(p)).sum(),
            EventKind::WorkflowExecutionUpdateAccepted(a) => {
                a.accepted_request.as_ref().map_or(0, |request| payloads(&request.args))
            }
            _ => 0,
        };
        (FIXED + variable) as u64
    }
}
