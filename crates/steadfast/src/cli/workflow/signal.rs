//! `steadfast workflow signal`.

use serde_json::json;
use steadfast_protocol::message::{ApiVerb, Done, Signal};

use crate::{
    cli::{
        args::{InputArgs, Scope, Target},
        output::Out,
        problem::Problem,
    },
    remote::{self, Remote},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    target: Target,
    /// The signal's name.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    input: InputArgs,
    /// Repeats of one signal carry the same id, and count once.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let input = remote::payloads(&args.input)?;
    let remote = Remote::open(&args.scope).await?;
    let request = Signal {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
        name: args.name.clone(),
        input,
        identity: remote::identity(),
        request_id: args.request_id.map_or_else(remote::request_id, Into::into),
        ..Signal::default()
    };
    let _: Done = remote.ask(ApiVerb::Signal, &request).await?;
    let told = || json!({"workflow_id": args.target.workflow_id, "signal": args.name});
    Ok(out.either(told, format!("signalled {}: {}", args.target.workflow_id, args.name))?)
}
