//! `steadfast workflow terminate`.

use serde_json::json;
use steadfast_protocol::message::{ApiVerb, Done, Terminate};

use crate::{
    cli::{
        args::{Scope, Target},
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
    /// Why, for people.
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let remote = Remote::open(&args.scope).await?;
    let request = Terminate {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
        reason: args.reason,
        identity: remote::identity(),
        ..Terminate::default()
    };
    let _: Done = remote.ask(ApiVerb::Terminate, &request).await?;
    let told = || json!({"workflow_id": args.target.workflow_id, "terminated": true});
    Ok(out.either(told, format!("terminated {}", args.target.workflow_id))?)
}
