//! The policy table: for each way to fail, what to do about it.

use std::time::Duration;

use ractor::ActorProcessingErr;

use super::{Failures, RunFailure};
use crate::{config::EngineConfig, ports::Sequence};

/// What the supervisor does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Start an actor again after this delay; what waits in the inbox waits on.
    RestartAfter(Duration),
    /// Start none until somebody asks for the run; what waits is told to try again.
    Rest,
    /// Take the run out of service.
    Quarantine(String),
}

/// Decides by the kind of failure and by how often it happened at this sequence.
pub(crate) fn treat(
    error: &ActorProcessingErr,
    failures: &mut Failures,
    sequence: Sequence,
    config: &EngineConfig,
) -> Treatment {
    match error.downcast_ref::<RunFailure>() {
        Some(RunFailure::Fenced) => Treatment::Rest,
        Some(RunFailure::Unknown(_) | RunFailure::Unreachable(_)) => {
            failures.total = failures.total.saturating_add(1);
            Treatment::RestartAfter(delay(failures.total, config))
        }
        Some(RunFailure::Unreadable(reason)) => Treatment::Quarantine(reason.clone()),
        // Anything else is a panic.
        None => {
            let count = failures.count_at(sequence);
            if count >= config.quarantine_after {
                Treatment::Quarantine(format!("failed {count} times in a row: {error}"))
            } else {
                Treatment::RestartAfter(delay(count, config))
            }
        }
    }
}

impl Failures {
    /// Counts a failure at this sequence; progress since the last one starts the count again.
    fn count_at(&mut self, sequence: Sequence) -> u32 {
        if self.at != sequence {
            *self = Self { at: sequence, count: 0, total: self.total };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

/// The delay before restart number `count`, from 1: it doubles up to the longest one.
pub(crate) fn delay(count: u32, config: &EngineConfig) -> Duration {
    let doublings = count.saturating_sub(1).min(20);
    let millis = config.restart_backoff_ms.saturating_mul(1 << doublings);
    Duration::from_millis(millis.min(config.restart_backoff_max_ms))
}
