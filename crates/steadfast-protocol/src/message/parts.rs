//! Parts of several messages.

use serde::{Deserialize, Serialize};
use steadfast_core::{RunId, Span, WorkflowId, retry};

/// The answer of a request that has nothing to say but that it is done, durably.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// A workflow or one of its runs, where a message holds nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The run; empty or missing is the current one.
    #[serde(default)]
    pub run_id: RunId,
}

/// How failed attempts are repeated. What is left out is as in Temporal: 1 s, doubling, at most 100
/// times the initial interval, without end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetryPolicy {
    /// Delay before the second attempt.
    pub initial_interval_ms: u64,
    /// Each delay is the one before times this.
    pub backoff_coefficient: f64,
    /// No delay is longer.
    pub maximum_interval_ms: u64,
    /// No more attempts than this; 0 is no limit.
    pub maximum_attempts: i32,
    /// Application failure types that are not tried again.
    pub non_retryable_error_types: Vec<String>,
}

impl From<RetryPolicy> for retry::RetryPolicy {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            initial_interval: Span::from_millis(policy.initial_interval_ms),
            backoff_coefficient: policy.backoff_coefficient,
            maximum_interval: Span::from_millis(policy.maximum_interval_ms),
            maximum_attempts: policy.maximum_attempts,
            non_retryable_error_types: policy.non_retryable_error_types,
        }
        .with_defaults()
    }
}

impl From<retry::RetryPolicy> for RetryPolicy {
    fn from(policy: retry::RetryPolicy) -> Self {
        Self {
            initial_interval_ms: millis(policy.initial_interval),
            backoff_coefficient: policy.backoff_coefficient,
            maximum_interval_ms: millis(policy.maximum_interval),
            maximum_attempts: policy.maximum_attempts,
            non_retryable_error_types: policy.non_retryable_error_types,
        }
    }
}

/// A span in milliseconds, rounded up: a worker that waits that long has waited long enough.
pub const fn millis(span: Span) -> u64 {
    span.0.div_ceil(1_000_000)
}
