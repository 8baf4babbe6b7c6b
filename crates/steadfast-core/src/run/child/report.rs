//! What a child's fate becomes in its parent's history.

use super::{Child, execution};
use crate::{
    Blanks, EventId, EventKind, Execution, PayloadMap, Rejection, RunId, Transition, WorkflowType,
    event::{
        ChildWorkflowExecutionCanceled, ChildWorkflowExecutionCompleted,
        ChildWorkflowExecutionFailed, ChildWorkflowExecutionStarted,
        ChildWorkflowExecutionTerminated, ChildWorkflowExecutionTimedOut, StartChildFailedCause,
        StartChildWorkflowExecutionFailed,
    },
    input::{ChildFate, ChildReport, Reply},
};

impl Transition<'_> {
    /// Records a child's fate; a repeat, or news to a closed parent, changes nothing of the parent.
    pub(crate) fn child_report(&mut self, report: ChildReport) -> Result<Reply, Rejection> {
        let known = self.run.children.get(&report.initiated_event_id).cloned();
        let Some(child) = known else {
            return Ok(Reply::Duplicate);
        };
        if !self.run.status.is_open() {
            if let Some(run_id) = self.run.reset_with(report.initiated_event_id) {
                return Err(Rejection::WasReset { run_id });
            }
            if matches!(report.fate, ChildFate::Started { .. }) {
                self.child_started_too_late(&child);
            }
            return Ok(Reply::Duplicate);
        }
        if report.child.workflow_id != child.initiated.workflow_id {
            return Err(Rejection::NothingPending);
        }
        let Execution { run_id, .. } = report.child;
        match report.fate {
            ChildFate::Started { workflow_type, header } => {
                if child.is_started() {
                    return Ok(Reply::Duplicate);
                }
                self.child_started(&child, run_id, workflow_type, header);
            }
            ChildFate::StartFailed(cause) => {
                if child.is_started() {
                    return Ok(Reply::Duplicate);
                }
                self.child_not_started(&child, cause);
            }
            fate @ (ChildFate::Completed(_)
            | ChildFate::Failed(..)
            | ChildFate::Canceled(_)
            | ChildFate::TimedOut(_)
            | ChildFate::Terminated) => self.child_ended(&child, run_id, fate),
        }
        self.schedule_workflow_task();
        Ok(Reply::Done)
    }

    fn child_started(
        &mut self,
        child: &Child,
        run_id: RunId,
        workflow_type: WorkflowType,
        header: PayloadMap,
    ) {
        let workflow_type = if workflow_type.is_empty() {
            child.initiated.workflow_type.clone()
        } else {
            workflow_type
        };
        let run_id = if run_id.is_empty() { self.first_run_id(child) } else { run_id };
        let started = ChildWorkflowExecutionStarted {
            namespace: child.initiated.namespace.clone(),
            initiated_event_id: child.initiated_event_id,
            execution: execution(child, run_id),
            workflow_type,
            header,
            blanks: child.initiated.blanks.only(Blanks::HEADER),
        };
        self.arrival(started, Vec::new());
    }

    fn child_not_started(&mut self, child: &Child, cause: StartChildFailedCause) {
        let asked = &child.initiated;
        let failed = StartChildWorkflowExecutionFailed {
            namespace: asked.namespace.clone(),
            workflow_id: asked.workflow_id.clone(),
            workflow_type: asked.workflow_type.clone(),
            cause,
            initiated_event_id: child.initiated_event_id,
            workflow_task_completed_event_id: asked.workflow_task_completed_event_id,
        };
        self.arrival(failed, Vec::new());
    }

    /// The end may be heard of before the start: the start is then recorded first.
    fn child_ended(&mut self, child: &Child, run_id: RunId, fate: ChildFate) {
        if !child.is_started() {
            let (workflow_type, header) =
                (child.initiated.workflow_type.clone(), child.initiated.header.clone());
            self.child_started(child, self.first_run_id(child), workflow_type, header);
        }
        let known = self.run.children.get(&child.initiated_event_id);
        let started_event_id = known.map_or(0, |child| child.started_event_id);
        if let Some(ended) = ended_event(child, run_id, started_event_id, fate) {
            self.arrival(ended, Vec::new());
        }
    }

    fn first_run_id(&self, child: &Child) -> RunId {
        child.first_run(&self.run).run_id
    }
}

/// The closing event of a child in its parent's history; none for a fate that is no end.
fn ended_event(
    child: &Child,
    run_id: RunId,
    started_event_id: EventId,
    fate: ChildFate,
) -> Option<EventKind> {
    let namespace = child.initiated.namespace.clone();
    let workflow_type = child.initiated.workflow_type.clone();
    let initiated_event_id = child.initiated_event_id;
    let execution = execution(child, run_id);
    let kind = match fate {
        ChildFate::Started { .. } | ChildFate::StartFailed(_) => return None,
        ChildFate::Completed(result) => EventKind::from(ChildWorkflowExecutionCompleted {
            result,
            namespace,
            execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
        }),
        ChildFate::Failed(failure, retry_state) => EventKind::from(ChildWorkflowExecutionFailed {
            failure: *failure,
            namespace,
            execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
            retry_state,
        }),
        ChildFate::Canceled(details) => EventKind::from(ChildWorkflowExecutionCanceled {
            details,
            namespace,
            execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
        }),
        ChildFate::TimedOut(retry_state) => EventKind::from(ChildWorkflowExecutionTimedOut {
            namespace,
            execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
            retry_state,
        }),
        ChildFate::Terminated => EventKind::from(ChildWorkflowExecutionTerminated {
            namespace,
            execution,
            workflow_type,
            initiated_event_id,
            started_event_id,
        }),
    };
    Some(kind)
}
