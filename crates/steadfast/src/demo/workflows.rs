//! The story's workflows, one file per pattern. They decide; the workers do.
//!
//! Every activity takes one argument, a list of what it needs: workers in any language spread it.

mod analysis;
mod loan;
mod onboarding;
mod processing;
mod purchase;
mod settlement;
mod sync;

use std::time::Duration;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use steadfast_core::{RetryPolicy, Span};
use steadfast_sdk::workflow::{Activity, WorkflowContext, WorkflowDefinition};

pub(crate) use self::{purchase::Report, sync::PORTALS};
use super::request::Purchase;

/// Where workflow tasks go.
pub(crate) const WORKFLOW_QUEUE: &str = "demo";
/// Where activities about people and money go.
pub(crate) const MONEY_QUEUE: &str = "demo-money";
/// Where activities about houses go.
pub(crate) const PROPERTY_QUEUE: &str = "demo-property";
/// The loan officer's answer.
pub(crate) const APPROVAL_SIGNAL: &str = "approval";
/// The surveyor was there.
pub(crate) const SURVEYED_SIGNAL: &str = "surveyed";

/// Which version of the workflow code a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CodeVersion {
    /// As it was first.
    V1,
    /// With the enhanced validation, behind a patch.
    V2,
}

/// The properties of several purchases, looked at together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Portfolio {
    /// Its name.
    pub id: String,
    /// What is in it.
    pub purchases: Vec<Purchase>,
}

/// What the portfolio's properties are worth together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PortfolioReport {
    /// How many.
    pub properties: usize,
    /// What they are worth.
    pub estimate: u64,
}

/// All workflows, in one version of the code.
pub(crate) fn definitions(version: CodeVersion) -> Vec<WorkflowDefinition> {
    vec![
        WorkflowDefinition::new("Purchase", purchase::purchase),
        WorkflowDefinition::new("PropertyOnboarding", onboarding::onboarding),
        WorkflowDefinition::new("PropertyAnalysis", analysis::analysis),
        WorkflowDefinition::new("PortfolioAnalysis", analysis::portfolio),
        WorkflowDefinition::new("LoanApproval", loan::approval),
        WorkflowDefinition::new("PropertyPurchase", settlement::settlement),
        WorkflowDefinition::new("DynamicProcessing", processing::dynamic),
        WorkflowDefinition::new("ResilientDataSync", sync::resilient),
        match version {
            CodeVersion::V1 => WorkflowDefinition::new("EvolvingProperty", processing::evolving_v1),
            CodeVersion::V2 => WorkflowDefinition::new("EvolvingProperty", processing::evolving_v2),
        },
    ]
}

/// An activity about people and money.
fn money<O: DeserializeOwned>(
    ctx: &WorkflowContext,
    name: &str,
    takes: &impl Serialize,
) -> Activity<O> {
    patient(ctx.activity(name, takes).task_queue(MONEY_QUEUE))
}

/// An activity about houses.
fn property<O: DeserializeOwned>(
    ctx: &WorkflowContext,
    name: &str,
    takes: &impl Serialize,
) -> Activity<O> {
    patient(ctx.activity(name, takes).task_queue(PROPERTY_QUEUE))
}

fn patient<O: DeserializeOwned>(activity: Activity<O>) -> Activity<O> {
    let retry = RetryPolicy {
        initial_interval: Span::from_millis(200),
        maximum_interval: Span::from_secs(2),
        maximum_attempts: 10,
        ..RetryPolicy::default()
    };
    activity.start_to_close(Duration::from_secs(6)).retry(retry)
}
