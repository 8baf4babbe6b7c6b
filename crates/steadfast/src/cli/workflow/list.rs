//! `steadfast workflow list`.

use serde_json::{Value, json};
use steadfast_core::Timestamp;
use steadfast_protocol::message::{ApiVerb, List, ListPage, ListedRun};

use crate::{
    cli::{
        args::Scope,
        output::{Out, table},
        problem::Problem,
    },
    remote::Remote,
    render,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// At most so many runs.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: u32,
    /// Only runs of this workflow type.
    #[arg(long, value_name = "NAME")]
    r#type: Option<String>,
    /// Only runs in this status, such as Running or Failed.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    check_status(args.status.as_deref())?;
    let remote = Remote::open(&args.scope).await?;
    let limit = args.limit as usize;
    let mut runs: Vec<ListedRun> = Vec::new();
    let mut request =
        List { namespace: remote.namespace(), max_runs: args.limit, ..List::default() };
    while runs.len() < limit {
        let page: ListPage = remote.ask(ApiVerb::List, &request).await?;
        runs.extend(page.runs.into_iter().filter(|run| wanted(run, &args)));
        if page.next_page.is_empty() {
            break;
        }
        request.page = page.next_page;
    }
    runs.truncate(limit);
    if out.is_json() {
        return Ok(out.value(&Value::Array(runs.iter().map(as_json).collect()))?);
    }
    let row = |run: &ListedRun| {
        vec![
            run.status.name().to_owned(),
            run.workflow_id.to_string(),
            run.workflow_type.to_string(),
            run.run_id.to_string(),
            render::time(Timestamp::from_millis(run.last_at_ms)),
        ]
    };
    let rows: Vec<_> = runs.iter().map(row).collect();
    Ok(out.line(table(&["STATUS", "WORKFLOW", "TYPE", "RUN", "LAST CHANGE"], &rows))?)
}

fn check_status(status: Option<&str>) -> Result<(), Problem> {
    let Some(status) = status else { return Ok(()) };
    if steadfast_core::run::Status::from_name(status).is_some() {
        return Ok(());
    }
    Err(Problem::usage(format!("there is no status {status:?}")).advice(
        "one of Running, Paused, Completed, Failed, Canceled, Terminated, ContinuedAsNew, TimedOut",
    ))
}

fn wanted(run: &ListedRun, args: &Args) -> bool {
    args.r#type.as_ref().is_none_or(|kind| run.workflow_type.as_str() == kind)
        && args.status.as_ref().is_none_or(|status| run.status.name() == status)
}

fn as_json(run: &ListedRun) -> Value {
    json!({
        "workflow_id": run.workflow_id.as_str(),
        "run_id": run.run_id.as_str(),
        "workflow_type": run.workflow_type.as_str(),
        "status": run.status.name(),
        "last_at": render::time(Timestamp::from_millis(run.last_at_ms)),
    })
}
