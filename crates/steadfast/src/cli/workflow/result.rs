//! `steadfast workflow result`: waits for the end; anything but completion is exit code 1.

use serde_json::{Value, json};
use steadfast_core::{RunId, WorkflowId, run::Status};
use steadfast_protocol::message::{ApiVerb, AwaitResult, WorkflowResult};

use crate::{
    cli::{
        args::{Scope, Target},
        output::Out,
        problem::Problem,
        progress::spin,
    },
    config::units::Time,
    remote::{LONG_POLL, Remote},
    render,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    target: Target,
    /// Give up after this; without it, wait for as long as it takes.
    #[arg(long, value_name = "DURATION")]
    wait: Option<Time>,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let remote = Remote::open(&args.scope).await?;
    let (workflow_id, run_id) = (&args.target.workflow_id, &args.target.run_id);
    let waiting = wait(&remote, workflow_id.as_str().into(), run_id.as_str().into());
    let Some(limit) = args.wait else {
        return tell(&waiting.await?, out);
    };
    match tokio::time::timeout(limit.0, waiting).await {
        Ok(result) => tell(&result?, out),
        Err(_) => Err(Problem::failed(format!("{workflow_id} has not ended within {limit}"))),
    }
}

/// Waits for a workflow's end, over as many long polls as it takes.
pub(super) async fn wait(
    remote: &Remote,
    workflow_id: WorkflowId,
    run_id: RunId,
) -> Result<WorkflowResult, Problem> {
    let request = AwaitResult {
        namespace: remote.namespace(),
        workflow_id,
        run_id,
        this_run_only: false,
        timeout_ms: u64::try_from(LONG_POLL.as_millis()).unwrap_or(u64::MAX),
    };
    let ended = async {
        loop {
            if let Some(result) = remote.poll(ApiVerb::Result, &request).await? {
                return Ok(result);
            }
        }
    };
    spin("waiting for the result", ended).await
}

/// Prints how a workflow ended; only a completed one is success.
pub(super) fn tell(result: &WorkflowResult, out: Out) -> Result<(), Problem> {
    let value = render::payloads(&result.result);
    let failure = result.failure.as_ref().map(render::value);
    if out.is_json() {
        out.value(&json!({
            "run_id": result.run_id.as_str(), "status": result.status.name(), "result": value,
            "failure": failure, "reason": result.reason,
        }))?;
    }
    if result.status == Status::Completed {
        return if out.is_json() { Ok(()) } else { Ok(out.line(one(&value))?) };
    }
    if out.is_json() {
        return Err(Problem::told());
    }
    let mut what = format!("the workflow ended {}", result.status.name());
    if let Some(failure) = &failure {
        what = format!("{what}: {}", render::failure_line(failure));
    }
    if !result.reason.is_empty() {
        what = format!("{what}: {}", result.reason);
    }
    Err(Problem::failed(what))
}

/// The only value, or the list of them when there is not exactly one.
pub(super) fn one(values: &Value) -> String {
    match values.as_array().map(Vec::as_slice) {
        Some([value]) => value.to_string(),
        Some([]) => "null".to_owned(),
        Some(_) | None => values.to_string(),
    }
}
