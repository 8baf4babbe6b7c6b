//! Retry policies.

use steadfast_core::RetryPolicy;
use steadfast_temporal_api::api::common::v1 as common;

use super::time;
use crate::fault::Fault;

/// A retry policy, in Temporal's form.
pub(crate) fn to_proto(policy: &RetryPolicy) -> common::RetryPolicy {
    common::RetryPolicy {
        initial_interval: time::duration(policy.initial_interval),
        backoff_coefficient: policy.backoff_coefficient,
        maximum_interval: time::duration(policy.maximum_interval),
        maximum_attempts: policy.maximum_attempts,
        non_retryable_error_types: policy.non_retryable_error_types.clone(),
    }
}

/// A retry policy, from Temporal's form. Whether it makes sense is the core's to say.
pub(crate) fn from_proto(
    policy: Option<common::RetryPolicy>,
) -> Result<Option<RetryPolicy>, Fault> {
    let Some(policy) = policy else { return Ok(None) };
    Ok(Some(RetryPolicy {
        initial_interval: time::span("InitialInterval", policy.initial_interval)?,
        backoff_coefficient: policy.backoff_coefficient,
        maximum_interval: time::span("MaximumInterval", policy.maximum_interval)?,
        maximum_attempts: policy.maximum_attempts,
        non_retryable_error_types: policy.non_retryable_error_types,
    }))
}
