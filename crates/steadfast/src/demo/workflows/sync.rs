//! A fallback behind a circuit breaker: a service that is down is not asked again and again.

use serde::{Deserialize, Serialize};
use steadfast_sdk::workflow::{WorkflowContext, WorkflowError};

use super::{super::request::Purchase, property};

/// Who is told of a purchase.
pub(crate) const PORTALS: [&str; 3] = ["land-register", "tax-office", "insurer"];
/// The breaker opens after this many failures in a row.
const FAILURES_MAX: u32 = 2;

/// Opens when a service fails too often. It is plain workflow state: replay restores it.
#[derive(Debug, Default)]
struct CircuitBreaker {
    failures: u32,
}

impl CircuitBreaker {
    fn is_open(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    fn record<T, E>(&mut self, result: Result<T, E>) -> Option<T> {
        self.failures = if result.is_ok() { 0 } else { self.failures + 1 };
        result.ok()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    by: String,
}

/// How the portals were told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Synced {
    /// Portals that answered.
    pub by_portal: u32,
    /// Portals that were told in another way.
    pub by_fallback: u32,
    /// Whether the breaker was open at the end.
    pub breaker_open: bool,
}

/// Tells every portal, one way or the other.
pub(super) async fn resilient(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Synced, WorkflowError> {
    let mut breaker = CircuitBreaker::default();
    let mut synced = Synced::default();
    for portal in PORTALS {
        let takes = (&purchase, portal);
        let told = if breaker.is_open() {
            None
        } else {
            let asked = property::<Told>(&ctx, "portal_sync", &takes).max_attempts(2);
            breaker.record(asked.await)
        };
        let told = match told {
            Some(told) => told,
            None => property::<Told>(&ctx, "fallback_sync", &takes).await?,
        };
        match told.by.as_str() {
            "portal" => synced.by_portal += 1,
            _ => synced.by_fallback += 1,
        }
    }
    synced.breaker_open = breaker.is_open();
    Ok(synced)
}
