//! Sequential processing with retries: papers, background check, systems, people.

use serde::Deserialize;
use steadfast_sdk::workflow::{ApplicationError, WorkflowContext, WorkflowError};

use super::{super::request::Purchase, money};

/// The type of the error when papers are missing.
pub(super) const PAPERS_REFUSED: &str = "PapersRefused";

#[derive(Deserialize)]
struct Papers {
    valid: bool,
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct Background {
    clear: bool,
}

/// One step after the other; the credit bureau needs a second attempt.
pub(super) async fn onboarding(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<String, WorkflowError> {
    let papers: Papers = money(&ctx, "validate_documents", &[&purchase]).await?;
    if !papers.valid {
        let message = format!("missing: {}", papers.missing.join(", "));
        return Err(ApplicationError::new(PAPERS_REFUSED, message).non_retryable().into());
    }
    let background: Background = money(&ctx, "background_check", &[&purchase]).await?;
    let status = if background.clear { "verified" } else { "unclear" };
    money::<String>(&ctx, "update_crm", &(&purchase, status)).await?;
    money::<String>(&ctx, "notify", &(&purchase, "onboarding complete")).await?;
    Ok(status.to_owned())
}
