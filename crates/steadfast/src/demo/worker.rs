//! `steadfast demo-worker`: one of the story's Rust workers, in a process of its own.

use super::{
    activities,
    workflows::{self, CodeVersion, MONEY_QUEUE, PROPERTY_QUEUE, WORKFLOW_QUEUE},
};
use crate::cli::{output::Out, problem::Problem};

/// Runs a worker of the story.
#[derive(Debug, clap::Args)]
pub struct WorkerArgs {
    /// What it does.
    #[arg(long, value_enum)]
    role: Role,
    /// Where NATS is.
    #[arg(long, value_name = "URL")]
    nats_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    /// The workflows, as they were first.
    WorkflowsV1,
    /// The workflows, as they are now.
    WorkflowsV2,
    /// Activities about people and money.
    Money,
    /// Activities about houses.
    Property,
}

/// Works until it is told to stop.
pub async fn run(args: WorkerArgs, out: Out) -> Result<(), Problem> {
    let (queue, workflows, activities) = match args.role {
        Role::WorkflowsV1 => (
            WORKFLOW_QUEUE,
            workflows::definitions(CodeVersion::V1),
            Vec::new(),
        ),
        Role::WorkflowsV2 => (
            WORKFLOW_QUEUE,
            workflows::definitions(CodeVersion::V2),
            Vec::new(),
        ),
        Role::Money => (MONEY_QUEUE, Vec::new(), activities::money()),
        Role::Property => (PROPERTY_QUEUE, Vec::new(), activities::property()),
    };
    drop((queue, workflows, activities, out, args.nats_url));
    Err(Problem::failed("remote workers are not there yet"))
}
