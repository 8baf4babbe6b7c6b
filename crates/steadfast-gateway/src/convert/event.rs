//! Events, in Temporal's form: one file per family, the kinds in the order of their numbers.

mod activity;
mod child;
mod external;
mod task;
mod update;
mod workflow;

use steadfast_core::{Event, EventKind, Span, TaskQueue};
use steadfast_temporal_api::api::history::v1 as history;

use self::history::history_event::Attributes;
use super::{clear, time, user_metadata};

/// One event. `namespace_id` is that of the run's own namespace.
pub(crate) fn to_proto(event: &Event, names: &Names) -> history::HistoryEvent {
    history::HistoryEvent {
        event_id: event.id,
        event_time: Some(time::timestamp(event.at)),
        event_type: event.kind.number(),
        // Temporal counts its inner writes here; ours are the events themselves.
        task_id: event.id,
        worker_may_ignore: concerns_no_worker(&event.kind),
        user_metadata: event.user_metadata.as_deref().and_then(user_metadata),
        event_group_markers: event
            .user_metadata
            .iter()
            .flat_map(|metadata| &metadata.markers)
            .filter_map(clear)
            .collect(),
        links: event.links.iter().filter_map(clear).collect(),
        attributes: Some(attributes(&event.kind, names)),
        ..history::HistoryEvent::default()
    }
}

/// Whether the event came from outside and asks nothing of the workflow: an SDK that does not know it
/// may pass over it, and otherwise fails the workflow task.
fn concerns_no_worker(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::WorkflowExecutionOptionsUpdated(_)
            | EventKind::WorkflowExecutionPaused(_)
            | EventKind::WorkflowExecutionUnpaused(_)
    )
}

/// What events say of their run's surroundings, which the core does not repeat in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The id of the run's own namespace.
    pub(crate) namespace: String,
    /// The same of its name.
    pub(crate) namespace_id: String,
    /// How long it keeps closed runs.
    pub(crate) retention: Span,
    /// The run's own task queue, where events of one run are shown.
    pub(crate) task_queue: TaskQueue,
}

impl Names {
    /// The same for the events of one run.
    pub(crate) fn of_run(mut self, task_queue: &TaskQueue) -> Self {
        self.task_queue = task_queue.clone();
        self
    }

    /// The id of a namespace, where it is known: another's is not shown.
    fn id_of(&self, namespace: &steadfast_core::Namespace) -> String {
        if namespace.as_str() == self.namespace { self.namespace_id.clone() } else { String::new() }
    }
}

fn attributes(kind: &EventKind, names: &Names) -> Attributes {
    match kind {
        EventKind::WorkflowExecutionStarted(a) => workflow::started(a, names),
        EventKind::WorkflowExecutionCompleted(a) => workflow::completed(a),
        EventKind::WorkflowExecutionFailed(a) => workflow::failed(a),
        EventKind::WorkflowExecutionTimedOut(a) => workflow::timed_out(a),
        EventKind::WorkflowTaskScheduled(a) => task::scheduled(a, names),
        EventKind::WorkflowTaskStarted(a) => task::started(a),
        EventKind::WorkflowTaskCompleted(a) => task::completed(a),
        EventKind::WorkflowTaskTimedOut(a) => task::timed_out(a),
        EventKind::WorkflowTaskFailed(a) => task::failed(a),
        EventKind::ActivityTaskScheduled(a) => activity::scheduled(a),
        EventKind::ActivityTaskStarted(a) => activity::started(a),
        EventKind::ActivityTaskCompleted(a) => activity::completed(a),
        EventKind::ActivityTaskFailed(a) => activity::failed(a),
        EventKind::ActivityTaskTimedOut(a) => activity::timed_out(a),
        EventKind::ActivityTaskCancelRequested(a) => activity::cancel_requested(a),
        EventKind::ActivityTaskCanceled(a) => activity::canceled(a),
        EventKind::TimerStarted(a) => task::timer_started(a),
        EventKind::TimerFired(a) => task::timer_fired(a),
        EventKind::TimerCanceled(a) => task::timer_canceled(a),
        EventKind::WorkflowExecutionCancelRequested(a) => workflow::cancel_requested(a),
        EventKind::WorkflowExecutionCanceled(a) => workflow::canceled(a),
        EventKind::RequestCancelExternalWorkflowExecutionInitiated(a) => {
            external::cancel_initiated(a, names)
        }
        EventKind::RequestCancelExternalWorkflowExecutionFailed(a) => {
            external::cancel_failed(a, names)
        }
        EventKind::ExternalWorkflowExecutionCancelRequested(a) => external::canceled(a, names),
        EventKind::MarkerRecorded(a) => task::marker(a),
        EventKind::WorkflowExecutionSignaled(a) => workflow::signaled(a),
        EventKind::WorkflowExecutionTerminated(a) => workflow::terminated(a),
        EventKind::WorkflowExecutionContinuedAsNew(a) => workflow::continued(a),
        EventKind::StartChildWorkflowExecutionInitiated(a) => child::initiated(a, names),
        EventKind::StartChildWorkflowExecutionFailed(a) => child::start_failed(a, names),
        EventKind::ChildWorkflowExecutionStarted(a) => child::started(a, names),
        EventKind::ChildWorkflowExecutionCompleted(a) => child::completed(a, names),
        EventKind::ChildWorkflowExecutionFailed(a) => child::failed(a, names),
        EventKind::ChildWorkflowExecutionCanceled(a) => child::canceled(a, names),
        EventKind::ChildWorkflowExecutionTimedOut(a) => child::timed_out(a, names),
        EventKind::ChildWorkflowExecutionTerminated(a) => child::terminated(a, names),
        EventKind::SignalExternalWorkflowExecutionInitiated(a) => {
            external::signal_initiated(a, names)
        }
        EventKind::SignalExternalWorkflowExecutionFailed(a) => external::signal_failed(a, names),
        EventKind::ExternalWorkflowExecutionSignaled(a) => external::signaled(a, names),
        EventKind::UpsertWorkflowSearchAttributes(a) => workflow::upserted(a),
        EventKind::WorkflowExecutionUpdateAccepted(a) => update::accepted(a),
        EventKind::WorkflowExecutionUpdateCompleted(a) => update::completed(a),
        EventKind::WorkflowPropertiesModified(a) => workflow::modified(a),
        EventKind::WorkflowExecutionUpdateAdmitted(a) => update::admitted(a),
        EventKind::WorkflowExecutionOptionsUpdated(a) => workflow::options_updated(a),
        EventKind::WorkflowExecutionPaused(a) => workflow::paused(a),
        EventKind::WorkflowExecutionUnpaused(a) => workflow::unpaused(a),
    }
}

#[cfg(test)]
mod tests;
