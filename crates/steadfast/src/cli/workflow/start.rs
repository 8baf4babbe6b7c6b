//! `steadfast workflow start`.

use clap::ValueEnum;
use serde_json::json;
use steadfast_core::{
    Payload, PayloadMap,
    start::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
};
use steadfast_protocol::message::{
    ApiVerb, RetryPolicy, Start, StartOptions, StartSignal, Started,
};

use crate::{
    cli::{
        args::{InputArgs, Scope},
        input,
        output::Out,
        problem::Problem,
    },
    config::units::Time,
    remote::{self, Remote},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// The workflow's code.
    #[arg(long, value_name = "NAME")]
    r#type: String,
    /// The queue that its worker polls.
    #[arg(short, long, value_name = "NAME")]
    task_queue: String,
    /// The workflow's id; without it, a fresh one.
    #[arg(short, long, value_name = "ID")]
    workflow_id: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    /// Wait for the result and print it.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    options: Options,
    /// Send this signal as well, to the new or to the open run.
    #[arg(long, value_name = "NAME")]
    signal: Option<String>,
    /// The signal's arguments, as JSON.
    #[arg(long, value_name = "JSON", requires = "signal")]
    signal_input: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of the workflow")]
struct Options {
    /// What to do about a closed run of this id.
    #[arg(long, value_enum, default_value_t)]
    id_reuse_policy: Reuse,
    /// What to do about an open run of this id.
    #[arg(long, value_enum, default_value_t)]
    id_conflict_policy: Conflict,
    /// Limit for the whole chain of runs.
    #[arg(long, value_name = "DURATION", default_value = "0", hide_default_value = true)]
    execution_timeout: Time,
    /// Limit for one run.
    #[arg(long, value_name = "DURATION", default_value = "0", hide_default_value = true)]
    run_timeout: Time,
    /// Limit for one workflow task.
    #[arg(long, value_name = "DURATION", default_value = "0", hide_default_value = true)]
    task_timeout: Time,
    /// Wait so long before the first task.
    #[arg(long, value_name = "DURATION", default_value = "0", hide_default_value = true)]
    start_delay: Time,
    /// Start again at these times.
    #[arg(long, value_name = "CRON", default_value = "", hide_default_value = true)]
    cron: String,
    /// Repeat a failed run, at most this many runs in all.
    #[arg(long, value_name = "COUNT")]
    maximum_attempts: Option<i32>,
    /// A note, as KEY=JSON; repeatable.
    #[arg(long, value_name = "KEY=JSON")]
    memo: Vec<String>,
    /// A search attribute, as KEY=JSON; repeatable.
    #[arg(long, value_name = "KEY=JSON")]
    search_attribute: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Reuse {
    #[default]
    AllowDuplicate,
    AllowDuplicateFailedOnly,
    RejectDuplicate,
    TerminateIfRunning,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Conflict {
    #[default]
    Fail,
    UseExisting,
    TerminateExisting,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let input = remote::payloads(&args.input)?;
    let options = options(&args.options)?;
    let signal = signal(&args)?;
    let workflow_id = args.workflow_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let remote = Remote::open(&args.scope).await?;
    let request = Start {
        namespace: remote.namespace(),
        workflow_id: workflow_id.as_str().into(),
        workflow_type: args.r#type.as_str().into(),
        task_queue: args.task_queue.as_str().into(),
        options,
        input,
        request_id: remote::request_id(),
        identity: remote::identity(),
        signal,
    };
    let started: Started = remote.ask(ApiVerb::Start, &request).await?;
    if args.wait {
        let workflow_id = workflow_id.as_str().into();
        let result = super::result::wait(&remote, workflow_id, started.run_id).await?;
        return super::result::tell(&result, out);
    }
    let run_id = started.run_id.as_str();
    let told = || {
        json!({"workflow_id": workflow_id, "run_id": run_id, "started": started.started,
               "status": started.status.name()})
    };
    let what = if started.started { "started" } else { "found" };
    Ok(out.either(told, format!("{what} {workflow_id}, run {run_id}"))?)
}

fn signal(args: &Args) -> Result<Option<StartSignal>, Problem> {
    let Some(name) = args.signal.clone() else {
        return Ok(None);
    };
    let inputs = InputArgs { input: args.signal_input.clone(), ..InputArgs::default() };
    let input = remote::payloads(&inputs)?;
    Ok(Some(StartSignal { name, input, ..StartSignal::default() }))
}

fn options(options: &Options) -> Result<StartOptions, Problem> {
    let retry_policy = options
        .maximum_attempts
        .map(|maximum_attempts| RetryPolicy { maximum_attempts, ..RetryPolicy::default() });
    Ok(StartOptions {
        workflow_execution_timeout_ms: millis(options.execution_timeout),
        workflow_run_timeout_ms: millis(options.run_timeout),
        workflow_task_timeout_ms: millis(options.task_timeout),
        reuse_policy: match options.id_reuse_policy {
            Reuse::AllowDuplicate => WorkflowIdReusePolicy::AllowDuplicate,
            Reuse::AllowDuplicateFailedOnly => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
            Reuse::RejectDuplicate => WorkflowIdReusePolicy::RejectDuplicate,
            Reuse::TerminateIfRunning => WorkflowIdReusePolicy::TerminateIfRunning,
        },
        conflict_policy: match options.id_conflict_policy {
            Conflict::Fail => WorkflowIdConflictPolicy::Fail,
            Conflict::UseExisting => WorkflowIdConflictPolicy::UseExisting,
            Conflict::TerminateExisting => WorkflowIdConflictPolicy::TerminateExisting,
        },
        retry_policy,
        cron_schedule: options.cron.clone(),
        start_delay_ms: millis(options.start_delay),
        memo: map(&options.memo)?,
        search_attributes: map(&options.search_attribute)?,
        ..StartOptions::default()
    })
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.0.as_millis()).unwrap_or(u64::MAX)
}

fn map(pairs: &[String]) -> Result<PayloadMap, Problem> {
    let payload = |text: &String| {
        let (key, json) = input::pair(text)?;
        Ok((key, Payload::new("json/plain", json)))
    };
    pairs.iter().map(payload).collect()
}
