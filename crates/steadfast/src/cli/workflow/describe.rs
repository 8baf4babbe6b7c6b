//! `steadfast workflow describe`.

use serde_json::{Value, json};
use steadfast_core::Timestamp;
use steadfast_protocol::message::{ApiVerb, Describe, Description, PendingActivity};

use crate::{
    cli::{
        args::{Scope, Target},
        output::Out,
        problem::Problem,
    },
    remote::Remote,
    render,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let remote = Remote::open(&args.scope).await?;
    let request = Describe {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
    };
    let run: Description = remote.ask(ApiVerb::Describe, &request).await?;
    Ok(out.either(|| as_json(&run), as_text(&run))?)
}

fn time(millis: i64) -> String {
    render::time(Timestamp::from_millis(millis))
}

fn as_json(run: &Description) -> Value {
    let Value::Object(mut map) = render::value(run) else {
        return Value::Null;
    };
    map.insert("status".to_owned(), json!(run.status.name()));
    for (name, millis) in [("started_at", Some(run.started_at_ms)), ("closed_at", run.closed_at_ms)]
    {
        map.remove(&format!("{name}_ms"));
        map.insert(name.to_owned(), json!(millis.map(time)));
    }
    Value::Object(map)
}

fn as_text(run: &Description) -> String {
    let mut lines = vec![
        format!("workflow    {}", run.workflow_id),
        format!("run         {}", run.run_id),
        format!("type        {}", run.workflow_type),
        format!("task queue  {}", run.task_queue),
        format!("status      {}", run.status.name()),
        format!("started     {}", time(run.started_at_ms)),
    ];
    lines.extend(run.closed_at_ms.map(|at| format!("closed      {}", time(at))));
    lines.push(format!("history     {} events, {} bytes", run.history_events, run.history_bytes));
    if run.attempt > 1 {
        lines.push(format!("attempt     {}", run.attempt));
    }
    if let Some(parent) = &run.parent {
        lines.push(format!("parent      {} {}", parent.workflow_id, parent.run_id));
    }
    if run.cancel_requested {
        lines.push("cancel      requested".to_owned());
    }
    if let Some(reason) = &run.quarantine {
        lines.push(format!("QUARANTINED {reason}"));
    }
    for (name, map) in [("memo", &run.memo), ("search", &run.search_attributes)] {
        for (key, value) in map {
            lines.push(format!("{name:<12}{key} = {}", render::payload(value)));
        }
    }
    lines.extend(pending(run));
    lines.join("\n")
}

fn pending(run: &Description) -> Vec<String> {
    let mut lines = Vec::new();
    if run.pending_workflow_task {
        lines.push("pending     a workflow task".to_owned());
    }
    for (count, what) in [(run.pending_timers, "timer"), (run.pending_children, "child workflow")] {
        if count > 0 {
            lines.push(format!("pending     {count} x {what}"));
        }
    }
    lines.extend(run.pending_activities.iter().map(activity));
    lines
}

fn activity(activity: &PendingActivity) -> String {
    let PendingActivity { activity_type, activity_id, task_queue, attempt, .. } = activity;
    let doing = if activity.started { "running" } else { "waiting" };
    let since = time(activity.attempt_at_ms);
    let mut line = format!(
        "pending     activity {activity_type} ({activity_id}) on {task_queue}: attempt {attempt} \
         {doing}, {since}"
    );
    if let Some(failure) = &activity.last_failure {
        let told = render::failure_line(&render::value(failure));
        line.push_str(&format!("\n            last failure: {told}"));
    }
    line
}
