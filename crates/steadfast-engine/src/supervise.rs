//! What happens when a run's actor ends: a table of policies, not code in handlers.
//!
//! A run that fails again and again at the same sequence is quarantined: it can be described and
//! resumed, and takes nothing else with it.

pub(crate) mod policy;
pub(crate) mod quarantine;

use crate::ports::Sequence;

/// Why a run's actor ended before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunFailure {
    /// Another owner writes this run.
    #[error("fenced: another record was written first")]
    Fenced,
    /// The log may or may not have the last record.
    #[error("the outcome of an append is not known: {0}")]
    Unknown(String),
    /// The log does not answer.
    #[error("the log is not reachable: {0}")]
    Unreachable(String),
    /// The records do not fold into a state.
    #[error("the run cannot be read: {0}")]
    Unreadable(String),
}

/// How often a run failed in the same place.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    at: Sequence,
    count: u32,
    total: u32,
}

#[cfg(test)]
mod tests;
