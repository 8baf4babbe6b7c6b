//! Why an input changed nothing. Front doors map these to their own error forms.

use crate::{RunId, event::WorkflowTaskFailedCause, limits::LimitError};

/// A bad completion in Temporal's words; its failed workflow task says the same.
pub(crate) fn bad_completion(cause: WorkflowTaskFailedCause, message: &str) -> String {
    let name = cause.name();
    if name == message { name } else { format!("{name}: {message}") }
}

/// Why an input changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The run is closed; only reads are possible.
    #[error("workflow execution already completed")]
    Closed,
    /// Another run of this id is open (`WorkflowExecutionAlreadyStarted`).
    #[error("workflow execution is already running, run id {run_id}")]
    AlreadyStarted {
        /// The run that holds the id.
        run_id: RunId,
        /// The request that started it.
        start_request_id: crate::RequestId,
    },
    /// The first run of the chain is another than the caller expects.
    #[error("workflow execution not found: the chain's first run is not the one named")]
    WrongFirstRun,
    /// Cancellation was asked for before, by another request.
    #[error("cancellation already requested for this workflow execution")]
    CancellationAlreadyRequested,
    /// The run was reset: what was meant for it goes to the run that took its place.
    #[error("workflow execution was reset, run id {run_id}")]
    WasReset {
        /// The run that took its place.
        run_id: RunId,
    },
    /// Only the parent may do this.
    #[error("the target is not a child of the requesting workflow")]
    NotParent,
    /// The workflow task is gone: answered, timed out, failed or offered again.
    #[error("workflow task not found or already completed")]
    WorkflowTaskNotFound,
    /// The worker has asked for another task for too long, and done nothing else: the workflow task timed
    /// out, and goes to the run's own queue.
    #[error("workflow task heartbeat timeout")]
    HeartbeatsTooLong,
    /// The activity, or this attempt of it, is gone.
    #[error("activity task not found, already completed, or another attempt is running")]
    ActivityNotFound,
    /// The activity's run is closed.
    #[error("workflow execution already completed")]
    ActivityOfClosed,
    /// No pending activity is the one that an operator means.
    #[error("can't find a pending activity of such id or type: invalid, or already completed")]
    NoPendingActivity,
    /// The activity is held back already, by another request.
    #[error("activity is already paused")]
    ActivityAlreadyPaused,
    /// The worker's answer was not acceptable; the workflow task failed and will be tried again.
    #[error("{}", bad_completion(*cause, message))]
    BadCompletion {
        /// What Temporal calls it.
        cause: crate::event::WorkflowTaskFailedCause,
        /// What was wrong.
        message: String,
    },
    /// New events arrived that the workflow must see before it may close (`UnhandledCommand`).
    #[error("unhandled command: new events arrived while the task was out")]
    UnhandledCommand,
    /// The workflow's code cannot be asked in the state that the run is in (`WorkflowNotReady`).
    #[error("{0}")]
    NotReady(&'static str),
    /// The run is paused, or is not: the request does not go with that.
    #[error("{0}")]
    Paused(&'static str),
    /// The run tried to close and is about to try again: what keeps it from that must wait
    /// (`ErrWorkflowClosing`).
    #[error("workflow operation can not be applied because workflow is closing")]
    Closing,
    /// The run closed before the workflow saw the update
    /// (Temporal's `AbortedByWorkflowClosingErr`).
    #[error("workflow update was aborted by closing workflow")]
    UpdateAborted,
    /// The id was used a moment ago (`history.workflowIdReuseMinimalInterval`).
    #[error("too many starts for this workflow, {since_ms} ms since the last start")]
    TooManyStarts {
        /// How long ago the last run started.
        since_ms: u64,
    },
    /// A limit was reached.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The request itself is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// There is no such pending child, signal or cancel request.
    #[error("no pending message with this id")]
    NothingPending,
    /// The update was refused by the workflow's validator.
    #[error("the workflow rejected the update")]
    UpdateRejected(Box<crate::Failure>),
}
