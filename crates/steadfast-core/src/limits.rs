//! The bounds of what one run may hold, with Temporal's defaults (`common/dynamicconfig/constants.go`).

use serde::{Deserialize, Serialize};

use crate::Span;

/// Bounds of one run, given to every decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes in any id or name.
    pub id_bytes_max: usize,
    /// Bytes in one payload list, memo or failure.
    pub payload_bytes_max: usize,
    /// Pending activities per run.
    pub pending_activities_max: usize,
    /// Pending children per run.
    pub pending_children_max: usize,
    /// Pending signals to other runs per run.
    pub pending_signals_max: usize,
    /// Pending cancel requests to other runs per run.
    pub pending_cancels_max: usize,
    /// Updates in flight per run.
    pub updates_in_flight_max: usize,
    /// Updates in all per run.
    pub updates_total_max: usize,
    /// Signals in all per run; 0 is no limit.
    pub signals_total_max: usize,
    /// Events after which workers are told to continue as new.
    pub suggest_continue_as_new_events: i64,
    /// History bytes after which workers are told to continue as new.
    pub suggest_continue_as_new_bytes: u64,
    /// How long a worker may answer workflow tasks with nothing but the wish for another one
    /// (`history.workflowTaskHeartbeatTimeout`).
    pub workflow_task_heartbeats_max: Span,
    /// Request ids remembered per run for deduplication.
    pub request_ids_max: usize,
    /// Completion callbacks per run.
    pub callbacks_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            id_bytes_max: 1_000,
            payload_bytes_max: 16 << 20,
            pending_activities_max: 20_000,
            pending_children_max: 20_000,
            pending_signals_max: 20_000,
            pending_cancels_max: 20_000,
            updates_in_flight_max: 10,
            updates_total_max: 2_000,
            signals_total_max: 0,
            suggest_continue_as_new_events: 4_096,
            suggest_continue_as_new_bytes: 4 << 20,
            workflow_task_heartbeats_max: Span::from_secs(1_800),
            request_ids_max: 10_000,
            callbacks_max: 2_000,
        }
    }
}

/// A bound that an input would break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// A required name is empty.
    #[error("{field} is not set on request")]
    Empty {
        /// Which field.
        field: &'static str,
    },
    /// An id or name is too long.
    #[error("{field} exceeds length limit: {bytes} bytes, at most {max}")]
    IdTooLong {
        /// Which field.
        field: &'static str,
        /// Its length.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// Payloads are too large.
    #[error("{field} exceeds size limit: {bytes} bytes, at most {max}")]
    PayloadTooLarge {
        /// Which field.
        field: &'static str,
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// A number that may not be negative is.
    #[error("{what} can't be negative")]
    Negative {
        /// Which number.
        what: &'static str,
    },
    /// A run has as many completion callbacks as it may, in Temporal's words.
    #[error(
        "cannot attach more than {max} callbacks to a workflow ({attached} callbacks already attached)"
    )]
    TooManyCallbacks {
        /// The bound.
        max: usize,
        /// How many it has.
        attached: usize,
    },
    /// Too many of something are pending in one run.
    #[error("too many {what}: at most {max}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The bound.
        max: usize,
    },
}

impl Limits {
    /// A required id or name: not empty, not too long.
    pub fn name(&self, field: &'static str, text: &str) -> Result<(), LimitError> {
        if text.is_empty() {
            return Err(LimitError::Empty { field });
        }
        self.optional_name(field, text)
    }

    /// An id or name that may be empty.
    pub fn optional_name(&self, field: &'static str, text: &str) -> Result<(), LimitError> {
        let (bytes, max) = (text.len(), self.id_bytes_max);
        if bytes > max { Err(LimitError::IdTooLong { field, bytes, max }) } else { Ok(()) }
    }

    /// A list of payloads.
    pub fn payloads(
        &self,
        field: &'static str,
        payloads: &[crate::Payload],
    ) -> Result<(), LimitError> {
        let (bytes, max) = (crate::payload::size_of(payloads), self.payload_bytes_max);
        if bytes > max { Err(LimitError::PayloadTooLarge { field, bytes, max }) } else { Ok(()) }
    }
}
