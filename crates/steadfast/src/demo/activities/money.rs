//! Activities about people and money.

use serde_json::{Value, json};
use steadfast_sdk::activity::{ActivityContext, ActivityDefinition, ActivityError};

use super::{
    super::{
        ledger::record,
        request::{INCOMES_MAX, Purchase, Registry},
    },
    work,
};

/// All of them.
pub(crate) fn definitions() -> Vec<ActivityDefinition> {
    vec![
        ActivityDefinition::new("validate_documents", validate_documents),
        ActivityDefinition::new("background_check", background_check),
        ActivityDefinition::new("update_crm", update_crm),
        ActivityDefinition::new("notify", notify),
        ActivityDefinition::new("automated_screening", automated_screening),
        ActivityDefinition::new("request_human_review", request_human_review),
        ActivityDefinition::new("financial_projection", financial_projection),
        ActivityDefinition::new("reserve_funds", reserve_funds),
        ActivityDefinition::new("release_funds", release_funds),
        ActivityDefinition::new("finalize_purchase", finalize_purchase),
    ]
}

async fn validate_documents(
    _ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    let missing = purchase.missing_papers();
    Ok(json!({ "valid": missing.is_empty(), "missing": missing }))
}

/// The credit bureau is busy at first: the retry policy sees to it.
async fn background_check(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    if ctx.info().attempt == 1 {
        return Err(ActivityError::retryable("BureauBusy", "the credit bureau answers 503"));
    }
    work(100).await;
    Ok(json!({ "buyer": purchase.buyer.name, "clear": true, "attempt": ctx.info().attempt }))
}

async fn update_crm(
    ctx: ActivityContext,
    (purchase, status): (Purchase, String),
) -> Result<String, ActivityError> {
    record(ctx.info(), &purchase.id, "crm", status.as_str())?;
    Ok(status)
}

async fn notify(
    ctx: ActivityContext,
    (purchase, message): (Purchase, String),
) -> Result<String, ActivityError> {
    record(ctx.info(), &purchase.id, "notified", message.as_str())?;
    Ok(message)
}

async fn automated_screening(
    _ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    let (loan, income) = (purchase.loan.amount, purchase.buyer.annual_income);
    let incomes = (loan * 10 / income.max(1)) as f64 / 10.0;
    Ok(json!({ "rejects": loan > INCOMES_MAX.saturating_mul(income), "incomes": incomes }))
}

async fn request_human_review(
    ctx: ActivityContext,
    (purchase, screening): (Purchase, Value),
) -> Result<String, ActivityError> {
    record(ctx.info(), &purchase.id, "review_requested", screening["incomes"].clone())?;
    Ok("waiting for a loan officer".to_owned())
}

/// Long work with a heartbeat: a worker that dies is noticed, and the next goes on.
async fn financial_projection(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    for month in 1..=6 {
        work(100).await;
        ctx.heartbeat(month)?;
    }
    let price = purchase.property.price;
    let rent = price / 250;
    Ok(json!({ "monthly_rent": rent, "gross_yield": 12.0 * rent as f64 / price as f64 }))
}

async fn reserve_funds(
    ctx: ActivityContext,
    (purchase, amount): (Purchase, u64),
) -> Result<u64, ActivityError> {
    if amount > purchase.buyer.funds {
        return Err(ActivityError::non_retryable("InsufficientFunds", "the deposit is not there"));
    }
    record(ctx.info(), &purchase.id, "reserve_funds", amount)?;
    Ok(amount)
}

async fn release_funds(
    ctx: ActivityContext,
    (purchase, amount): (Purchase, u64),
) -> Result<u64, ActivityError> {
    record(ctx.info(), &purchase.id, "release_funds", amount)?;
    Ok(amount)
}

/// Never tried twice: its activity has one attempt.
async fn finalize_purchase(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    work(300).await;
    match purchase.registry {
        Registry::Refuses => {
            Err(ActivityError::non_retryable("RegistryRefused", "a lien is on the title"))
        }
        Registry::Records => {
            record(ctx.info(), &purchase.id, "finalize_purchase", purchase.property.price)?;
            Ok(json!({ "deed": format!("deed-{}", purchase.id) }))
        }
    }
}
