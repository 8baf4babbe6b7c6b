//! A human in the loop: the run waits for the loan officer's signal, however long that takes.

use serde::{Deserialize, Serialize};
use steadfast_sdk::workflow::{WorkflowContext, WorkflowError};

use super::{
    super::request::{Officer, Purchase},
    APPROVAL_SIGNAL, money,
};

/// What became of the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Decision {
    /// The rules refuse it; nobody is asked.
    ScreenedOut,
    /// The officer answered.
    Answered(Officer),
}

#[derive(Serialize, Deserialize)]
struct Screening {
    rejects: bool,
    incomes: f64,
}

/// The rules first, then the officer.
pub(super) async fn approval(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Decision, WorkflowError> {
    let answers = ctx.signal::<Officer>(APPROVAL_SIGNAL);
    let screening: Screening = money(&ctx, "automated_screening", &[&purchase]).await?;
    if screening.rejects {
        return Ok(Decision::ScreenedOut);
    }
    money::<String>(&ctx, "request_human_review", &(&purchase, &screening)).await?;
    Ok(Decision::Answered(answers.recv().await?))
}
