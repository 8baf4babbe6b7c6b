//! What the engine does after a record is acknowledged. Nothing here happens before.
//!
//! Every effect can be derived again from the run's state ([`crate::Run::pending_effects`]), so a
//! crash between the acknowledgement and the effect loses nothing; receivers drop duplicates.

use crate::{
    EventId, Execution, RunKey, TaskQueue, UpdateId, WorkflowKey,
    event::UpdateOutcome,
    input::{ChildReport, RequestCancel, Reset, Signal, Start, Terminate},
};

/// One thing to do after the acknowledgement.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Offer the workflow task to workers.
    OfferWorkflowTask {
        /// The queue, sticky or normal.
        task_queue: TaskQueue,
        /// Its scheduled event.
        scheduled_event_id: EventId,
        /// Its attempt.
        attempt: i32,
        /// Whether the queue is the cache holder's own.
        sticky: bool,
        /// Its line in the queue, from the most urgent, 0.
        line: usize,
    },
    /// Offer an activity attempt to workers.
    OfferActivity {
        /// The queue, or `nats:<subject>`.
        task_queue: TaskQueue,
        /// Its scheduled event.
        scheduled_event_id: EventId,
        /// Its attempt.
        attempt: i32,
        /// Its line in the queue, from the most urgent, 0.
        line: usize,
    },
    /// Take an activity's offer back.
    WithdrawActivity {
        /// The queue.
        task_queue: TaskQueue,
        /// Its scheduled event.
        scheduled_event_id: EventId,
    },
    /// Send a message to another run, until it is answered for.
    Send(Box<Outbound>),
    /// An update went a stage further: wake who waits.
    UpdateStage {
        /// Which update.
        update_id: UpdateId,
        /// Where it is.
        stage: UpdateStage,
    },
    /// Try to tell somebody that the run has closed, then report how that ended.
    CallBack {
        /// Which completion callback, by its place in [`crate::Run::callbacks`].
        index: u32,
    },
    /// The run closed: wake who waits, leave memory.
    Closed,
}

/// A stage that clients can wait for.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateStage {
    /// The workflow accepted it.
    Accepted,
    /// The workflow's validator refused it.
    Rejected(Box<crate::Failure>),
    /// It ended.
    Completed(UpdateOutcome),
    /// The run closed before it ended.
    Aborted,
}

/// A message to another run. Its id is the sender's run and the initiated event.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// The sender.
    pub from: RunKey,
    /// The sender's event that asked for it; for a successor or a report, the closing event.
    pub initiated_event_id: EventId,
    /// What is sent.
    pub message: OutboundMessage,
}

/// The kinds of messages between runs.
#[derive(Clone, Debug, PartialEq)]
pub enum OutboundMessage {
    /// Start this run as a child.
    StartChild {
        /// The run to make.
        key: RunKey,
        /// What it is made from.
        start: Box<Start>,
    },
    /// Start the run that follows this one.
    StartSuccessor {
        /// The run to make.
        key: RunKey,
        /// What it is made from.
        start: Box<Start>,
    },
    /// Make the run that a reset asked for out of this one's history.
    StartReset {
        /// The run whose history it begins with: the sender.
        base: RunKey,
        /// What was asked.
        reset: Box<Reset>,
    },
    /// Signal another run; an empty run id in `to` is the current run.
    Signal {
        /// The target.
        to: RunKey,
        /// The signal.
        signal: Box<Signal>,
        /// The target must be a child of this run: the sender, or one whose history it has.
        only_child_of: Option<Execution>,
    },
    /// Ask another run to cancel.
    RequestCancel {
        /// The target.
        to: RunKey,
        /// The request.
        request: Box<RequestCancel>,
    },
    /// Terminate a child (parent close policy).
    Terminate {
        /// The target.
        to: RunKey,
        /// The request.
        request: Box<Terminate>,
    },
    /// Tell the parent what became of this run.
    ReportToParent {
        /// The parent.
        to: RunKey,
        /// What happened.
        report: Box<ChildReport>,
    },
}

impl OutboundMessage {
    /// The workflow it goes to.
    pub fn target(&self) -> WorkflowKey {
        match self {
            Self::StartChild { key, .. }
            | Self::StartSuccessor { key, .. }
            | Self::StartReset { base: key, .. } => key.workflow(),
            Self::Signal { to, .. }
            | Self::RequestCancel { to, .. }
            | Self::Terminate { to, .. }
            | Self::ReportToParent { to, .. } => to.workflow(),
        }
    }
}
