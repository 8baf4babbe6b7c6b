//! Activities about houses.

use serde_json::{Value, json};
use steadfast_sdk::activity::{ActivityContext, ActivityDefinition, ActivityError};

use super::{
    super::{
        ledger::record,
        request::{Portals, Purchase},
    },
    work,
};

/// Houses older than this need care.
const OLD_BEFORE: u16 = 1945;

/// All of them.
pub(crate) fn definitions() -> Vec<ActivityDefinition> {
    vec![
        ActivityDefinition::new("market_analysis", market_analysis),
        ActivityDefinition::new("structural_report", structural_report),
        ActivityDefinition::new("synthesize_report", synthesize_report),
        ActivityDefinition::new("hold_property", hold_property),
        ActivityDefinition::new("release_property", release_property),
        ActivityDefinition::new("start_title_transfer", start_title_transfer),
        ActivityDefinition::new("cancel_title_transfer", cancel_title_transfer),
        ActivityDefinition::new("determine_steps", determine_steps),
        ActivityDefinition::new("processing_step", processing_step),
        ActivityDefinition::new("additional_steps", additional_steps),
        ActivityDefinition::new("portal_sync", portal_sync),
        ActivityDefinition::new("fallback_sync", fallback_sync),
        ActivityDefinition::new("basic_processing", basic_processing),
        ActivityDefinition::new("enhanced_validation", enhanced_validation),
        ActivityDefinition::new("portfolio_report", portfolio_report),
    ]
}

async fn market_analysis(
    _ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    work(200).await;
    let property = &purchase.property;
    Ok(json!({ "comparables": 3 + property.built % 5, "estimate": property.price * 102 / 100 }))
}

/// Long work with a heartbeat: a worker that dies is noticed, and the next goes on.
async fn structural_report(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    for part in ["roof", "walls", "cellar", "pipes"] {
        work(100).await;
        ctx.heartbeat(part)?;
    }
    let condition = if purchase.property.built < OLD_BEFORE { "needs care" } else { "sound" };
    Ok(json!({ "condition": condition }))
}

async fn synthesize_report(
    _ctx: ActivityContext,
    (purchase, parts): (Purchase, Value),
) -> Result<Value, ActivityError> {
    Ok(json!({
        "property": purchase.property.id,
        "estimate": parts["market"]["estimate"],
        "condition": parts["structure"]["condition"],
        "gross_yield": parts["finances"]["gross_yield"],
    }))
}

async fn hold_property(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<String, ActivityError> {
    record(ctx.info(), &purchase.id, "hold_property", purchase.property.id.as_str())?;
    Ok(format!("hold-{}", purchase.id))
}

async fn release_property(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<(), ActivityError> {
    Ok(record(ctx.info(), &purchase.id, "release_property", purchase.property.id.as_str())?)
}

async fn start_title_transfer(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<String, ActivityError> {
    work(300).await;
    record(ctx.info(), &purchase.id, "start_title_transfer", purchase.property.id.as_str())?;
    Ok(format!("transfer-{}", purchase.id))
}

async fn cancel_title_transfer(
    ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<(), ActivityError> {
    Ok(record(ctx.info(), &purchase.id, "cancel_title_transfer", purchase.property.id.as_str())?)
}

async fn determine_steps(
    _ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Vec<Value>, ActivityError> {
    let property = &purchase.property;
    let mut steps = vec![
        json!({ "name": "land_survey", "review": false }),
        json!({ "name": "building_survey", "review": property.built < OLD_BEFORE }),
    ];
    if property.price > 500_000 {
        steps.push(json!({ "name": "valuation", "review": false }));
    }
    Ok(steps)
}

async fn processing_step(
    _ctx: ActivityContext,
    (_purchase, step): (Purchase, Value),
) -> Result<Value, ActivityError> {
    work(50).await;
    Ok(json!({ "step": step["name"], "needs_review": step["review"] }))
}

async fn additional_steps(
    _ctx: ActivityContext,
    (_purchase, after): (Purchase, String),
) -> Result<Vec<Value>, ActivityError> {
    let step = |what| json!({ "name": format!("{after}:{what}"), "review": false });
    Ok(["damp", "wiring"].map(step).to_vec())
}

async fn portal_sync(
    ctx: ActivityContext,
    (purchase, portal): (Purchase, String),
) -> Result<Value, ActivityError> {
    match purchase.portals {
        Portals::Down => {
            Err(ActivityError::retryable("PortalDown", format!("{portal} answers 503")))
        }
        Portals::Up => {
            record(ctx.info(), &purchase.id, "portal_sync", portal.as_str())?;
            Ok(json!({ "portal": portal, "by": "portal" }))
        }
    }
}

async fn fallback_sync(
    ctx: ActivityContext,
    (purchase, portal): (Purchase, String),
) -> Result<Value, ActivityError> {
    record(ctx.info(), &purchase.id, "fallback_sync", portal.as_str())?;
    Ok(json!({ "portal": portal, "by": "fallback" }))
}

async fn basic_processing(
    _ctx: ActivityContext,
    (purchase,): (Purchase,),
) -> Result<Value, ActivityError> {
    Ok(json!({ "property": purchase.property.id, "level": "basic" }))
}

async fn enhanced_validation(
    _ctx: ActivityContext,
    (mut result,): (Value,),
) -> Result<Value, ActivityError> {
    result["level"] = "enhanced".into();
    Ok(result)
}

async fn portfolio_report(
    _ctx: ActivityContext,
    (analyses,): (Vec<Value>,),
) -> Result<Value, ActivityError> {
    let estimate: u64 = analyses.iter().filter_map(|each| each["estimate"].as_u64()).sum();
    Ok(json!({ "properties": analyses.len(), "estimate": estimate }))
}
