//! The house's own commands: `cargo xtask tidy | test | ci | compat | bench`.
//!
//! Start reading at [`suite`] for what a change must pass, and at [`tidy`] for the rules that no
//! compiler checks.

#![expect(clippy::print_stdout, reason = "printing is what a build command is for")]

mod cargo;
mod compat;
mod prerequisites;
mod suite;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Steadfast's build, check and test commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the rules that no compiler checks: dependencies, sizes, words, licences.
    Tidy,
    /// Everything that a change must pass: format, lints, tidy, documentation, all tests.
    Test {
        /// Only these crates, while working on them; all of them otherwise.
        #[arg(short, long = "package", value_name = "CRATE")]
        packages: Vec<String>,
    },
    /// The same with the slow tests at full length (`STEADFAST_SLOW_TESTS=1`).
    Ci,
    /// Temporal's official SDKs against the engine, and their own suites (`STEADFAST_SUITES`).
    Compat,
    /// Run the benchmarks in release mode; arguments go to them.
    Bench {
        /// What the benchmarks are given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let passed = match Arguments::parse().command {
        Command::Tidy => tidy::run(&[])?,
        Command::Test { packages } => suite::run(suite::Length::Normal, &packages)?,
        Command::Ci => suite::run(suite::Length::Slow, &[])?,
        Command::Compat => compat::run()?,
        Command::Bench { arguments } => bench(&arguments)?,
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bench(arguments: &[String]) -> anyhow::Result<bool> {
    let mut command = cargo::command(&["run", "--release", "--package", "steadfast-bench", "--"]);
    Ok(command.args(arguments).status()?.success())
}
