//! What keeps a workflow from going on, for whoever looks at lists: after some failures in a row a
//! search attribute says so, until a task completes (`UpdateReportedProblemsSearchAttribute`).

use serde::{Deserialize, Serialize};

use crate::{
    Run, event::WorkflowTaskFailedCause, failure::TimeoutType, search_attribute::keyword_list,
};

/// The search attribute.
pub const PROBLEMS_ATTRIBUTE: &str = "TemporalReportedProblems";

/// Failures in a row after which it is set
/// (`system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute`).
const FAILURES_MIN: i32 = 5;

/// How a workflow task came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// It failed.
    Failed(WorkflowTaskFailedCause),
    /// It was too late.
    TimedOut(TimeoutType),
}

impl Run {
    /// The attempt before `next_attempt` came to nothing.
    pub(super) fn report_problem(&mut self, next_attempt: i32, problem: Problem) {
        if next_attempt <= FAILURES_MIN {
            return;
        }
        let (category, cause) = match problem {
            Problem::Failed(cause) => {
                ("WorkflowTaskFailed", format!("WorkflowTaskFailedCause{cause:?}"))
            }
            Problem::TimedOut(timeout) => {
                ("WorkflowTaskTimedOut", format!("WorkflowTaskTimedOutCause{timeout:?}"))
            }
        };
        let entries = [format!("category={category}"), format!("cause={cause}")];
        self.search_attributes.insert(PROBLEMS_ATTRIBUTE.to_owned(), keyword_list(&entries));
    }

    pub(super) fn forget_problem(&mut self) {
        self.search_attributes.remove(PROBLEMS_ATTRIBUTE);
    }
}
