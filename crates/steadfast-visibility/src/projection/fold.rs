//! What one record changes of what visibility shows. Much less than a run's state: counters, status,
//! memo, search attributes.

use steadfast_core::{
    Change, Entry, Event, EventKind, Execution, PayloadMap, Record, RunKey, Timestamp,
    builds::note_build, event::WorkflowExecutionStarted, run::Status,
};

use crate::{
    api::{Paused, RunInfo},
    store::Dirty,
};

/// The run that a record opens, if it opens one.
pub(super) fn opened(key: &RunKey, record: &Record) -> Option<RunInfo> {
    let [Entry::Change(Change::Opened(opened)), Entry::Event(first), ..] =
        record.entries.as_slice()
    else {
        return None;
    };
    let EventKind::WorkflowExecutionStarted(started) = &first.kind else {
        return None;
    };
    let mut run = begin(key, first, started);
    if opened.reset.is_some() {
        // Its history begins before it does.
        (run.start_time, run.execution_time) = (record.at, record.at);
    }
    Some(run)
}

fn begin(key: &RunKey, first: &Event, started: &WorkflowExecutionStarted) -> RunInfo {
    let execution = key.execution();
    let parent = started.parent.as_ref();
    let first_run_id = &started.first_execution_run_id;
    RunInfo {
        namespace: key.namespace.clone(),
        workflow_type: started.workflow_type.clone(),
        status: Status::Running,
        start_time: first.at,
        execution_time: first.at + started.first_workflow_task_backoff,
        last_time: first.at,
        close_time: None,
        execution_duration: None,
        history_length: 0,
        history_size_bytes: 0,
        state_transition_count: 0,
        task_queue: started.task_queue.clone(),
        parent: parent.map(|parent| (parent.namespace.clone(), parent.execution.clone())),
        root: root(started, &execution),
        first_run_id: if first_run_id.is_empty() {
            execution.run_id.clone()
        } else {
            first_run_id.clone()
        },
        memo: started.memo.clone(),
        search_attributes: started.search_attributes.clone(),
        user_metadata: first.user_metadata.as_deref().cloned(),
        paused: None,
        is_unreadable: false,
        execution,
    }
}

fn root(started: &WorkflowExecutionStarted, own: &Execution) -> Execution {
    started.root.as_ref().unwrap_or(own).clone()
}

/// Folds a record in; how much of the row it changed.
pub(super) fn fold(run: &mut RunInfo, record: &Record, status: Status) -> Dirty {
    let mut dirty = Dirty::Progress;
    run.state_transition_count += 1;
    run.last_time = record.at;
    for entry in &record.entries {
        match entry {
            Entry::Event(event) => {
                number(run, event);
                dirty = dirty.max(apply(run, event));
            }
            Entry::Flushed(event) => number(run, event),
            Entry::Change(Change::Buffered(event)) => dirty = dirty.max(apply(run, event)),
            Entry::Change(_) => {}
        }
    }
    if run.status != status {
        run.status = status;
        dirty = dirty.max(Dirty::Row);
        if !status.is_open() && run.close_time.is_none() {
            close(run, record.at);
        }
    }
    dirty
}

fn number(run: &mut RunInfo, event: &Event) {
    run.history_length = event.id;
    run.history_size_bytes += event.approximate_bytes();
}

fn close(run: &mut RunInfo, at: Timestamp) {
    run.close_time = Some(at);
    run.execution_duration = Some(at.since(run.execution_time));
    run.paused = None;
}

/// What an event changes beside the counters.
fn apply(run: &mut RunInfo, event: &Event) -> Dirty {
    use EventKind as E;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest shows nowhere in a list")]
    match &event.kind {
        E::WorkflowTaskCompleted(completed) => match &completed.worker {
            Some(worker) if note_build(&mut run.search_attributes, worker) => Dirty::Builds,
            Some(_) | None => Dirty::Progress,
        },
        E::UpsertWorkflowSearchAttributes(upsert) => {
            merge(&mut run.search_attributes, &upsert.search_attributes);
            Dirty::Attributes
        }
        E::WorkflowPropertiesModified(modified) => {
            merge(&mut run.memo, &modified.upserted_memo);
            Dirty::Row
        }
        E::WorkflowExecutionPaused(paused) => {
            run.paused = Some(Paused {
                identity: paused.identity.clone(),
                reason: paused.reason.clone(),
                at: event.at,
            });
            Dirty::Row
        }
        E::WorkflowExecutionUnpaused(_) => {
            run.paused = None;
            Dirty::Row
        }
        E::WorkflowExecutionCompleted(_)
        | E::WorkflowExecutionFailed(_)
        | E::WorkflowExecutionTimedOut(_)
        | E::WorkflowExecutionTerminated(_)
        | E::WorkflowExecutionCanceled(_)
        | E::WorkflowExecutionContinuedAsNew(_) => {
            close(run, event.at);
            Dirty::Row
        }
        _ => Dirty::Progress,
    }
}

/// An empty value removes its name, as in the core.
fn merge(into: &mut PayloadMap, changes: &PayloadMap) {
    for (name, value) in changes {
        if matches!(&*value.data, b"" | b"null" | b"[]") {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}
