//! `steadfast demo-worker`: one of the story's Rust workers, in a process of its own.

use std::time::Duration;

use steadfast_sdk::{
    client::Client,
    worker::{Worker, WorkerOptions},
};

use super::{
    NAMESPACE, activities,
    workflows::{self, CodeVersion, MONEY_QUEUE, PROPERTY_QUEUE, WORKFLOW_QUEUE},
};
use crate::cli::{output::Out, problem::Problem};

/// How long it waits for an engine that is away.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one answer may take: what a dying engine was asked is soon asked again.
const ANSWER: Duration = Duration::from_secs(3);
/// One poll: short, because the worker ends it before it stops.
const POLL: Duration = Duration::from_secs(1);

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
    let stop = crate::compose::stop_signal()?;
    let failed = |error: &dyn std::error::Error| Problem::failed("the worker fails").because(error);
    let nats = async_nats::ConnectOptions::new()
        .name("steadfast demo-worker")
        .max_reconnects(None)
        .connect(&args.nats_url)
        .await
        .map_err(|error| failed(&error))?;
    let client = Client::new(nats).namespace(NAMESPACE).patience(PATIENCE).request_timeout(ANSWER);
    let worker = match args.role {
        Role::WorkflowsV1 => of_workflows(client, CodeVersion::V1),
        Role::WorkflowsV2 => of_workflows(client, CodeVersion::V2),
        Role::Money => Worker::new(client, MONEY_QUEUE).activities(activities::money()),
        Role::Property => Worker::new(client, PROPERTY_QUEUE).activities(activities::property()),
    };
    out.line("ready")?;
    let options =
        WorkerOptions { poll_wait: POLL, sticky_timeout: POLL, ..WorkerOptions::default() };
    worker.options(options).run(stop).await.map_err(|error| failed(&error))
}

fn of_workflows(client: Client, version: CodeVersion) -> Worker {
    Worker::new(client, WORKFLOW_QUEUE).workflows(workflows::definitions(version))
}
