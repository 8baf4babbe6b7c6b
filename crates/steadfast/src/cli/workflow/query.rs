//! `steadfast workflow query`.

use serde_json::json;
use steadfast_protocol::message::{ApiVerb, Query, QueryAnswer};

use crate::{
    cli::{
        args::{InputArgs, Scope, Target},
        output::Out,
        problem::Problem,
    },
    remote::{self, Remote},
    render,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    target: Target,
    /// The query's name.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    input: InputArgs,
    /// Do not ask a run that is closed.
    #[arg(long)]
    reject_not_open: bool,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let input = remote::payloads(&args.input)?;
    let remote = Remote::open(&args.scope).await?;
    let request = Query {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
        name: args.name,
        args: input,
        reject_not_open: args.reject_not_open,
        timeout_ms: remote.timeout_ms(),
        ..Query::default()
    };
    let answer: QueryAnswer = remote.ask(ApiVerb::Query, &request).await?;
    if let Some(status) = answer.rejected {
        return Err(Problem::failed(format!("not asked: the run is {}", status.name())));
    }
    if let Some(failure) = answer.failure {
        let line = render::failure_line(&render::value(&failure));
        return Err(Problem::failed(format!("the query failed: {line}")).code("query_failed"));
    }
    let result = render::payloads(&answer.result.unwrap_or_default());
    Ok(out.either(|| json!({"result": result}), super::result::one(&result))?)
}
