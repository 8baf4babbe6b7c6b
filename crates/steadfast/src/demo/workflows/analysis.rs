//! Parallel execution, and a portfolio of child workflows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use steadfast_sdk::workflow::{WorkflowContext, WorkflowError, try_join_all, try_join3};

use super::{super::request::Purchase, Portfolio, PortfolioReport, money, property};

/// What is known of a property.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Analysis {
    /// Which.
    pub property: String,
    /// What it is worth.
    pub estimate: u64,
    /// What state it is in.
    pub condition: String,
    /// What it brings in a year, as a part of its price.
    pub gross_yield: f64,
}

/// Three analyses at once, in two languages, then their sum.
pub(super) async fn analysis(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Analysis, WorkflowError> {
    let beat = std::time::Duration::from_secs(2);
    let takes = [&purchase];
    let (market, structure, finances) = try_join3(
        property::<Value>(&ctx, "market_analysis", &takes),
        property::<Value>(&ctx, "structural_report", &takes).heartbeat(beat),
        money::<Value>(&ctx, "financial_projection", &takes).heartbeat(beat),
    )
    .await?;
    let parts = json!({ "market": market, "structure": structure, "finances": finances });
    Ok(property(&ctx, "synthesize_report", &(&purchase, parts)).await?)
}

/// One child per property, all at once, then one report.
pub(super) async fn portfolio(
    ctx: WorkflowContext,
    portfolio: Portfolio,
) -> Result<PortfolioReport, WorkflowError> {
    let children = portfolio.purchases.iter().map(|purchase| {
        let id = format!("{}-analysis-{}", portfolio.id, purchase.property.id);
        ctx.child::<Analysis>("PropertyAnalysis", purchase).workflow_id(id)
    });
    let analyses = try_join_all(children).await?;
    Ok(property(&ctx, "portfolio_report", &[&analyses]).await?)
}
