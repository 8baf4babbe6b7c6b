//! `steadfast workflow list`.

use serde_json::{Value, json};
use steadfast_core::{Timestamp, run::Status};
use steadfast_protocol::message::{ApiVerb, Count, Counted, List, ListPage, ListedRun};

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
    /// Only runs that this filter fits, such as "WorkflowType = 'Order' AND CloseTime IS NULL".
    #[arg(short, long, value_name = "FILTER", default_value = "", conflicts_with_all = ["type", "status"])]
    query: String,
    /// Only runs of this workflow type.
    #[arg(long, value_name = "NAME")]
    r#type: Option<String>,
    /// Only runs in this status, such as Running or Failed.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Tell how many there are instead.
    #[arg(long)]
    count: bool,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    check_status(args.status.as_deref())?;
    let remote = Remote::open(&args.scope).await?;
    let query = query(&args);
    if args.count {
        return count(&remote, query, out).await;
    }
    let limit = args.limit as usize;
    let mut runs: Vec<ListedRun> = Vec::new();
    let namespace = remote.namespace();
    let mut request = List { namespace, max_runs: args.limit, query, ..List::default() };
    while runs.len() < limit {
        let page: ListPage = remote.ask(ApiVerb::List, &request).await?;
        runs.extend(page.runs);
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

async fn count(remote: &Remote, query: String, out: Out) -> Result<(), Problem> {
    let request = Count { namespace: remote.namespace(), query };
    let counted: Counted = remote.ask(ApiVerb::Count, &request).await?;
    if out.is_json() {
        let group = |(value, count): (Value, u64)| json!({ "value": value, "count": count });
        let groups: Vec<_> = groups(&counted).map(group).collect();
        return Ok(out.value(&json!({ "count": counted.count, "groups": groups }))?);
    }
    if counted.groups.is_empty() {
        return Ok(out.line(counted.count.to_string())?);
    }
    let row = |(value, count): (Value, u64)| {
        vec![value.as_str().unwrap_or("-").to_owned(), count.to_string()]
    };
    let mut rows: Vec<_> = groups(&counted).map(row).collect();
    rows.push(vec!["total".to_owned(), counted.count.to_string()]);
    Ok(out.line(table(&["GROUP", "COUNT"], &rows))?)
}

fn groups(counted: &Counted) -> impl Iterator<Item = (Value, u64)> + '_ {
    counted.groups.iter().map(|group| {
        let value = group.values.first();
        let value = value.and_then(|value| serde_json::from_slice(&value.data).ok());
        (value.unwrap_or(Value::Null), group.count)
    })
}

/// The filter, or what the shorter flags say.
fn query(args: &Args) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let kind = args.r#type.as_deref().map(|kind| format!("WorkflowType = {}", text(kind)));
    let status = args.status.as_deref();
    let status = status.map(|status| format!("ExecutionStatus = {}", text(status)));
    let short: Vec<String> = kind.into_iter().chain(status).collect();
    if short.is_empty() { args.query.clone() } else { short.join(" AND ") }
}

fn check_status(status: Option<&str>) -> Result<(), Problem> {
    let Some(status) = status else { return Ok(()) };
    if Status::from_name(status).is_some() {
        return Ok(());
    }
    Err(Problem::usage(format!("there is no status {status:?}")).advice(
        "one of Running, Paused, Completed, Failed, Canceled, Terminated, ContinuedAsNew, TimedOut",
    ))
}

fn as_json(run: &ListedRun) -> Value {
    let time = |millis: i64| render::time(Timestamp::from_millis(millis));
    json!({
        "workflow_id": run.workflow_id.as_str(),
        "run_id": run.run_id.as_str(),
        "workflow_type": run.workflow_type.as_str(),
        "status": run.status.name(),
        "task_queue": run.task_queue.as_str(),
        "started_at": (run.started_at_ms != 0).then(|| time(run.started_at_ms)),
        "closed_at": run.closed_at_ms.map(time),
        "last_at": time(run.last_at_ms),
    })
}
