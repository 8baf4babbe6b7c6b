//! One purchase from the papers to the portals: every other pattern is a child of this workflow.

use serde::{Deserialize, Serialize};
use steadfast_sdk::workflow::{Child, WorkflowContext, WorkflowError, try_join};

use super::{
    super::request::{Outcome, Purchase},
    analysis::Analysis,
    loan::Decision,
    onboarding::PAPERS_REFUSED,
    processing::Processed,
    settlement::REGISTRY_REFUSED,
    sync::Synced,
};

/// How a purchase went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Which.
    pub purchase: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in somebody's words.
    pub remark: String,
    /// What the property is worth.
    pub estimate: u64,
    /// The processing steps.
    pub steps: Vec<String>,
    /// How thoroughly the property was processed: `basic` by old code, `enhanced` by new.
    pub level: String,
    /// How the portals were told, of a purchase that came about.
    pub synced: Option<Synced>,
}

/// The whole way.
pub(super) async fn purchase(
    ctx: WorkflowContext,
    purchase: Purchase,
) -> Result<Report, WorkflowError> {
    let mut report = Report {
        purchase: purchase.id.clone(),
        outcome: Outcome::PapersRefused,
        remark: String::new(),
        estimate: 0,
        steps: Vec::new(),
        level: String::new(),
        synced: None,
    };
    let child = Family { ctx: &ctx, purchase: &purchase };
    match child.start::<String>("PropertyOnboarding").await {
        Ok(_) => {}
        Err(failed) if failed.kind() == Some(PAPERS_REFUSED) => {
            report.remark = failed.message().to_owned();
            return Ok(report);
        }
        Err(failed) => return Err(failed.into()),
    }
    let evolving = child.start::<Processed>("EvolvingProperty").started().await?;
    let (analysis, steps) = try_join(
        child.start::<Analysis>("PropertyAnalysis"),
        child.start::<Vec<String>>("DynamicProcessing"),
    )
    .await?;
    report.estimate = analysis.estimate;
    report.steps = steps;
    (report.outcome, report.remark) = settle(&child).await?;
    if report.outcome == Outcome::Completed {
        report.synced = Some(child.start::<Synced>("ResilientDataSync").await?);
    }
    report.level = evolving.result().await?.level;
    Ok(report)
}

/// The loan, and what follows when it is granted.
async fn settle(child: &Family<'_>) -> Result<(Outcome, String), WorkflowError> {
    let officer = match child.start::<Decision>("LoanApproval").await? {
        Decision::ScreenedOut => {
            return Ok((Outcome::LoanScreenedOut, "too large for the income".to_owned()));
        }
        Decision::Answered(officer) if !officer.approves => {
            return Ok((Outcome::LoanRefused, officer.comment));
        }
        Decision::Answered(officer) => officer,
    };
    match child.start::<String>("PropertyPurchase").await {
        Ok(deed) => Ok((Outcome::Completed, format!("{deed}; officer: {}", officer.comment))),
        Err(failed) if failed.kind() == Some(REGISTRY_REFUSED) => {
            Ok((Outcome::Compensated, failed.message().to_owned()))
        }
        Err(failed) => Err(failed.into()),
    }
}

/// Starts the children of one purchase, each under a name that people can read.
struct Family<'a> {
    ctx: &'a WorkflowContext,
    purchase: &'a Purchase,
}

impl Family<'_> {
    fn start<O: serde::de::DeserializeOwned>(&self, workflow_type: &str) -> Child<O> {
        let id = format!("{workflow_type}-{}", self.purchase.id);
        self.ctx.child(workflow_type, self.purchase).workflow_id(id)
    }
}
