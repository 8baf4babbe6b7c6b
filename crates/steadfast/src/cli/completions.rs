//! `steadfast completions <shell>`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, output::Out, problem::Problem};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell.
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<(), Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "steadfast", &mut script);
    Ok(Out::new(false).line(String::from_utf8_lossy(&script))?)
}
