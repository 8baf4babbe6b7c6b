//! When to try again: Temporal's retry policy (`service/history/workflow/retry.go` is the oracle).

use serde::{Deserialize, Serialize};

use crate::{
    Failure, Span, Timestamp,
    failure::{FailureInfo, RetryState, TimeoutType},
};

/// What names a timeout among the error types that are not tried again.
const TIMEOUT_PREFIX: &str = "TemporalTimeout:";
/// The timeouts that there are.
const TIMEOUTS: [&str; 4] = ["StartToClose", "ScheduleToStart", "ScheduleToClose", "Heartbeat"];

/// How failed attempts are repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetryPolicy {
    /// Delay before the second attempt.
    pub initial_interval: Span,
    /// Each delay is the one before times this.
    pub backoff_coefficient: f64,
    /// No delay is longer; zero means 100 times the initial interval.
    pub maximum_interval: Span,
    /// No more attempts than this; zero means no limit.
    pub maximum_attempts: i32,
    /// Application failure types that are not tried again.
    pub non_retryable_error_types: Vec<String>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial_interval: Span::from_secs(1),
            backoff_coefficient: 2.0,
            maximum_interval: Span::ZERO,
            maximum_attempts: 0,
            non_retryable_error_types: Vec::new(),
        }
    }
}

/// Whether, and when, the next attempt starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this delay.
    RetryAfter(Span),
    /// Do not try again, for this reason.
    Stop(RetryState),
}

impl RetryPolicy {
    /// The policy with unset fields filled as Temporal's server fills them.
    pub fn with_defaults(mut self) -> Self {
        let defaults = Self::default();
        if self.initial_interval.is_zero() {
            self.initial_interval = defaults.initial_interval;
        }
        if self.backoff_coefficient == 0.0 {
            self.backoff_coefficient = defaults.backoff_coefficient;
        }
        if self.maximum_interval.is_zero() {
            self.maximum_interval = Span(self.initial_interval.0.saturating_mul(100));
        }
        self
    }

    /// What is wrong with the policy, in words for its author.
    pub fn check(&self) -> Result<(), String> {
        if self.maximum_attempts == 1 {
            // Nothing is ever repeated: the rest says nothing.
            return Ok(());
        }
        if !self.backoff_coefficient.is_finite()
            || (self.backoff_coefficient != 0.0 && self.backoff_coefficient < 1.0)
        {
            return Err("BackoffCoefficient cannot be less than 1 on retry policy.".to_owned());
        }
        if let (Some(max), Some(initial)) =
            (self.maximum_interval.set(), self.initial_interval.set())
            && max < initial
        {
            return Err(
                "MaximumInterval cannot be less than InitialInterval on retry policy.".to_owned()
            );
        }
        if self.maximum_attempts < 0 {
            return Err("MaximumAttempts cannot be negative on retry policy.".to_owned());
        }
        for name in &self.non_retryable_error_types {
            let timeout = name.strip_prefix(TIMEOUT_PREFIX);
            if let Some(timeout) = timeout.filter(|timeout| !TIMEOUTS.contains(timeout)) {
                return Err(format!("Invalid timeout type value: {timeout}."));
            }
        }
        Ok(())
    }

    /// Decides after attempt number `attempt` (from 1) failed at `now`; `deadline` is when all
    /// attempts together must be over.
    pub fn after_failure(
        &self,
        attempt: i32,
        failure: &Failure,
        now: Timestamp,
        deadline: Option<Timestamp>,
    ) -> Verdict {
        if !self.is_retryable(failure) {
            return Verdict::Stop(RetryState::NonRetryableFailure);
        }
        if self.maximum_attempts > 0 && attempt >= self.maximum_attempts {
            return Verdict::Stop(RetryState::MaximumAttemptsReached);
        }
        let own_delay = match &failure.info {
            FailureInfo::Application(info) => info.next_retry_delay,
            FailureInfo::Unspecified
            | FailureInfo::Timeout { .. }
            | FailureInfo::Canceled { .. }
            | FailureInfo::Terminated { .. }
            | FailureInfo::Server { .. }
            | FailureInfo::ResetWorkflow { .. }
            | FailureInfo::Activity(_)
            | FailureInfo::ChildWorkflow(_)
            | FailureInfo::NexusOperation(_)
            | FailureInfo::NexusHandler { .. } => None,
        };
        let delay = own_delay.unwrap_or_else(|| self.delay(attempt));
        match deadline {
            Some(deadline) if now + delay > deadline => Verdict::Stop(RetryState::Timeout),
            Some(_) | None => Verdict::RetryAfter(delay),
        }
    }

    /// The delay after attempt number `attempt`, from 1.
    pub fn delay(&self, attempt: i32) -> Span {
        let factor = self.backoff_coefficient.powi(attempt.saturating_sub(1).max(0));
        // A product too large for u64 saturates in the cast, and the maximum then applies.
        let nanos = (self.initial_interval.0 as f64 * factor) as u64;
        Span(nanos).shorter_limit(self.maximum_interval)
    }

    /// Whether the policy lets such a failure be tried again at all.
    pub fn is_retryable(&self, failure: &Failure) -> bool {
        match &failure.info {
            FailureInfo::Terminated { .. } | FailureInfo::Canceled { .. } => false,
            FailureInfo::Timeout { timeout, .. } => match timeout {
                TimeoutType::StartToClose | TimeoutType::Heartbeat => {
                    !self.lists("TemporalTimeout:StartToClose", *timeout, TimeoutType::StartToClose)
                        && !self.lists(
                            "TemporalTimeout:Heartbeat",
                            *timeout,
                            TimeoutType::Heartbeat,
                        )
                }
                TimeoutType::Unspecified
                | TimeoutType::ScheduleToStart
                | TimeoutType::ScheduleToClose => false,
            },
            FailureInfo::Server { non_retryable } => !non_retryable,
            FailureInfo::Application(info) => {
                !info.non_retryable && !self.non_retryable_error_types.contains(&info.kind)
            }
            FailureInfo::Unspecified
            | FailureInfo::ResetWorkflow { .. }
            | FailureInfo::Activity(_)
            | FailureInfo::ChildWorkflow(_)
            | FailureInfo::NexusOperation(_)
            | FailureInfo::NexusHandler { .. } => true,
        }
    }

    fn lists(&self, name: &str, actual: TimeoutType, named: TimeoutType) -> bool {
        actual == named && self.non_retryable_error_types.iter().any(|t| t == name)
    }
}
