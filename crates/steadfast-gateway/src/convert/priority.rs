//! Priorities of tasks.

use steadfast_core::Priority;
use steadfast_temporal_api::api::common::v1 as common;

/// A priority, in Temporal's form.
pub(crate) fn to_proto(priority: &Priority) -> common::Priority {
    common::Priority {
        priority_key: priority.priority_key,
        fairness_key: priority.fairness_key.clone(),
        fairness_weight: priority.fairness_weight,
    }
}

/// A priority, from Temporal's form. Whether it is possible is the core's to say.
pub(crate) fn from_proto(priority: common::Priority) -> Priority {
    Priority {
        priority_key: priority.priority_key,
        fairness_key: priority.fairness_key,
        fairness_weight: priority.fairness_weight,
    }
}
