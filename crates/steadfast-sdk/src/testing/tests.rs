//! Replay tests of the workflow runtime: hand-made histories, and runs in the test world.

mod basics;
mod cancellation;
mod determinism;
mod messages;
mod versions;

use steadfast_core::EventId;

use super::History;
use crate::workflow::{WorkflowContext, WorkflowError};

/// Two activities, one after the other.
async fn sequential(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    let first: String = ctx.activity("first", &name).await?;
    let second: String = ctx.activity("second", &first).await?;
    Ok(second)
}

/// The history of [`sequential`] up to the first activity's result.
fn sequential_history() -> (History, EventId) {
    let mut history = History::started("W", "in");
    history.task();
    let first = history.activity("1", "first");
    history.activity_completed(first, "one");
    (history, first)
}
