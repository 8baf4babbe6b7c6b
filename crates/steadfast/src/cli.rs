//! The command line: one file per command, and here only what they share.
//!
//! Exit codes: 0 done, 1 it failed, 2 the command line, its input or the configuration is wrong.
//! Results go to stdout (`--json`: one JSON value, or one per line), everything else to stderr.

pub mod args;
pub mod input;
pub mod output;
pub mod problem;
pub mod progress;

mod completions;
mod config;
mod dev;
mod doctor;
mod events;
mod namespace;
mod server;
mod workflow;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{output::Out, problem::Problem};

/// Durable workflows beside NATS: the server, a development server, and the tools.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, about, arg_required_else_help = true)]
#[command(max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server for development, with its own nats-server and data folder.
    Dev(Box<dev::Args>),
    /// Run a server on a NATS that is already there.
    Server(Box<server::Args>),
    /// Start, watch and steer workflows.
    #[command(visible_alias = "wf")]
    Workflow(Box<workflow::Args>),
    /// Make, list and show namespaces.
    Namespace(Box<namespace::Args>),
    /// Print the events of all workflows, as they happen.
    Events(Box<events::Args>),
    /// Check the NATS that Steadfast stands on, and say what to do.
    Doctor(Box<doctor::Args>),
    /// Run the property-purchase story: kills the engine half way, and checks every end.
    Demo(Box<crate::demo::Args>),
    /// Run one of the story's workers.
    #[command(hide = true)]
    DemoWorker(Box<crate::demo::WorkerArgs>),
    /// Show or explain the configuration.
    Config(config::Args),
    /// Print the completion script of a shell.
    Completions(completions::Args),
}

/// Runs the program; never panics on input, nor on a reader that goes away.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(cli.json);
    match run(cli.command, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(out),
    }
}

fn run(command: Command, out: Out) -> Result<(), Problem> {
    match command {
        Command::Completions(args) => completions::run(&args),
        Command::Config(args) => config::run(args, out),
        Command::Demo(args) => runtime()?.block_on(crate::demo::run(*args, out)),
        Command::DemoWorker(args) => runtime()?.block_on(crate::demo::run_worker(*args, out)),
        Command::Dev(args) => runtime()?.block_on(dev::run(*args, out)),
        Command::Server(args) => runtime()?.block_on(server::run(*args, out)),
        Command::Workflow(args) => runtime()?.block_on(workflow::run(*args, out)),
        Command::Namespace(args) => runtime()?.block_on(namespace::run(*args, out)),
        Command::Events(args) => runtime()?.block_on(events::run(*args, out)),
        Command::Doctor(args) => runtime()?.block_on(doctor::run(*args, out)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::failed("failed to start the runtime").because(&error))
}
