//! Steps that are only known at run time, and code that changes while runs are under way.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use steadfast_sdk::workflow::{WorkflowContext, WorkflowError};

use super::{super::request::Purchase, SURVEYED_SIGNAL, property};

/// More steps than this are a mistake.
const STEPS_MAX: usize = 50;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Step {
    name: String,
    review: bool,
}

#[derive(Debug, Deserialize)]
struct StepDone {
    step: String,
    needs_review: bool,
}

/// The names of the steps that were done.
pub(super) async fn dynamic(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Vec<String>, WorkflowError> {
    let mut steps: VecDeque<Step> = property(&ctx, "determine_steps", &[&purchase]).await?;
    let mut done = Vec::new();
    while let Some(step) = steps.pop_front() {
        if done.len() == STEPS_MAX {
            return Err(WorkflowError::application("TooManySteps", "the steps do not end"));
        }
        let result: StepDone = property(&ctx, "processing_step", &(&purchase, &step)).await?;
        if result.needs_review {
            let more = (&purchase, &result.step);
            steps.extend(property::<Vec<Step>>(&ctx, "additional_steps", &more).await?);
        }
        done.push(result.step);
    }
    Ok(done)
}

/// How thoroughly a property was processed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Processed {
    /// Which.
    pub property: String,
    /// `basic` or `enhanced`.
    pub level: String,
}

/// As the code was first.
pub(super) async fn evolving_v1(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Processed, WorkflowError> {
    let surveyed = ctx.signal::<()>(SURVEYED_SIGNAL);
    let result = property(&ctx, "basic_processing", &[&purchase]).await?;
    surveyed.recv().await?;
    Ok(result)
}

/// As it is now: runs that were past this place before go on as they began.
pub(super) async fn evolving_v2(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Processed, WorkflowError> {
    let surveyed = ctx.signal::<()>(SURVEYED_SIGNAL);
    let mut result: Processed = property(&ctx, "basic_processing", &[&purchase]).await?;
    if ctx.patched("enhanced-validation") {
        result = property(&ctx, "enhanced_validation", &[&result]).await?;
    }
    surveyed.recv().await?;
    Ok(result)
}
