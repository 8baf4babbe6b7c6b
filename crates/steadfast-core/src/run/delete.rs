//! Deletion: a run that is open is terminated first; that it must go is durable, and whoever hosts it
//! removes its records when it owes nobody anything. Follows `service/history/api/deleteworkflow`.

use crate::{Change, Identity, Transition, event::WorkflowExecutionTerminated, input::Reply};

impl Transition<'_> {
    pub(super) fn delete(&mut self, identity: Identity) -> Reply {
        if self.run.deleting {
            return Reply::Duplicate;
        }
        self.change(Change::DeleteRequested(identity));
        if self.run.status.is_open() {
            self.close_run(WorkflowExecutionTerminated {
                reason: "Delete workflow execution".to_owned(),
                identity: "history-service".into(),
                ..WorkflowExecutionTerminated::default()
            });
        }
        Reply::Done
    }
}

#[cfg(test)]
mod tests;
