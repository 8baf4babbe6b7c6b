//! `steadfast workflow update`.

use clap::ValueEnum;
use serde_json::json;
use steadfast_core::event::UpdateOutcome;
use steadfast_protocol::message::{ApiVerb, Update, UpdateAnswer, UpdateStage};

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
    /// The update's name.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    input: InputArgs,
    /// Unique within the run: a repeat is the same update.
    #[arg(long, value_name = "ID")]
    update_id: Option<String>,
    /// Until when to wait.
    #[arg(long, value_enum, default_value_t = Wait::Completed)]
    wait: Wait,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wait {
    /// Until the engine has it.
    Admitted,
    /// Until the workflow accepted or refused it.
    Accepted,
    /// Until it ended.
    Completed,
}

impl From<Wait> for UpdateStage {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Admitted => Self::Admitted,
            Wait::Accepted => Self::Accepted,
            Wait::Completed => Self::Completed,
        }
    }
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let input = remote::payloads(&args.input)?;
    let remote = Remote::open(&args.scope).await?;
    let wait = UpdateStage::from(args.wait);
    let update_id = args.update_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let request = Update {
        namespace: remote.namespace(),
        workflow_id: args.target.workflow_id.as_str().into(),
        run_id: args.target.run_id.as_str().into(),
        update_id: update_id.as_str().into(),
        name: args.name,
        args: input,
        identity: remote::identity(),
        wait,
        timeout_ms: remote.timeout_ms(),
        ..Update::default()
    };
    let answer: UpdateAnswer = remote.ask(ApiVerb::Update, &request).await?;
    let stage = format!("{:?}", answer.stage).to_lowercase();
    let result = match &answer.outcome {
        Some(UpdateOutcome::Failure(failure)) => {
            let line = render::failure_line(&render::value(failure));
            return Err(Problem::failed(format!("the update failed: {line}")));
        }
        Some(UpdateOutcome::Success(result)) => Some(render::payloads(result)),
        None => None,
    };
    let told = || {
        json!({"update_id": answer.update_id.as_str(), "run_id": answer.run_id.as_str(),
               "stage": stage, "result": result})
    };
    let text = match &result {
        Some(result) => super::result::one(result),
        None => format!("update {update_id} is {stage}"),
    };
    out.either(told, text)?;
    if answer.stage < wait {
        return Err(Problem::failed(format!("the update is only {stage} yet"))
            .advice("is a worker polling? --timeout gives it more time"));
    }
    Ok(())
}
