//! `steadfast workflow ...`: one file per verb.

mod cancel;
mod describe;
mod history;
mod list;
mod query;
mod result;
mod signal;
mod start;
mod terminate;
mod update;

use clap::Subcommand;

use super::{output::Out, problem::Problem};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start a workflow, perhaps with a signal, perhaps waiting for its result.
    Start(Box<start::Args>),
    /// Show a run's state.
    Describe(describe::Args),
    /// Print a run's history.
    History(history::Args),
    /// Send a signal.
    Signal(signal::Args),
    /// Ask a workflow something.
    Query(query::Args),
    /// Send an update and wait for it.
    Update(update::Args),
    /// Ask a workflow to cancel.
    Cancel(cancel::Args),
    /// End a workflow without asking it.
    Terminate(terminate::Args),
    /// List the runs of a namespace, newest first.
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Wait for a workflow's result; a failed workflow is exit code 1.
    Result(result::Args),
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    match args.verb {
        Verb::Start(args) => Box::pin(start::run(*args, out)).await,
        Verb::Describe(args) => describe::run(args, out).await,
        Verb::History(args) => history::run(args, out).await,
        Verb::Signal(args) => Box::pin(signal::run(args, out)).await,
        Verb::Query(args) => query::run(args, out).await,
        Verb::Update(args) => Box::pin(update::run(args, out)).await,
        Verb::Cancel(args) => cancel::run(args, out).await,
        Verb::Terminate(args) => terminate::run(args, out).await,
        Verb::List(args) => list::run(args, out).await,
        Verb::Result(args) => result::run(args, out).await,
    }
}
