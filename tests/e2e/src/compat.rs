//! Applications with Temporal's official SDKs: `tests/compat`, set up on demand, and the server that
//! they are pointed at.
//!
//! `STEADFAST_COMPAT_ADDRESS` points them at another server, such as Temporal's own: what they expect
//! was true there first.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use crate::{
    engine::{Engine, Home, Options},
    polyglot::{Language, root},
    process::Process,
    wait,
};

/// The variable that names a server to use instead of starting one.
pub const ADDRESS: &str = "STEADFAST_COMPAT_ADDRESS";

/// The folder of these applications in `tests` and in `target`.
const FOLDER: &str = "compat";

/// What the applications talk to.
#[derive(Debug)]
pub struct Server {
    engine: Option<Engine>,
    /// Where Temporal's gRPC API is served.
    pub address: String,
}

impl Server {
    /// Starts `steadfast dev`, unless the environment names a server.
    pub async fn start(home: &Home) -> Result<Self> {
        if let Ok(address) = std::env::var(ADDRESS) {
            return Ok(Self { engine: None, address });
        }
        let engine = Engine::start(home, Options::default()).await?;
        let address = grpc(&engine)?;
        Ok(Self { engine: Some(engine), address })
    }

    /// Ends what was started; a clean end is part of the test.
    pub async fn stop(self) -> Result<()> {
        let Some(engine) = self.engine else { return Ok(()) };
        let log = engine.log();
        let status = engine.stop().await?;
        ensure!(status.success(), "the engine ended with {status}:\n{log}");
        Ok(())
    }
}

/// Where an engine serves Temporal's gRPC API.
pub fn grpc(engine: &Engine) -> Result<String> {
    engine.file.grpc_addr.clone().context("the engine serves Temporal's gRPC API")
}

/// Installs and builds an application; false, with a message, when its language is missing.
pub async fn set_up(language: Language) -> Result<bool> {
    language.set_up_in(FOLDER).await
}

/// The program that verifies an application's outcomes, or another one of the application.
pub fn program(language: Language, name: &str, address: &str) -> Command {
    let (out, source) = (built(language.name()), file(language.name()));
    let mut command = match language {
        Language::Python => {
            let mut command = Command::new(out.join("bin/python"));
            command.arg(source.join(format!("{name}.py"))).env("PYTHONDONTWRITEBYTECODE", "1");
            command
        }
        Language::TypeScript => {
            let mut command = Command::new("node");
            command.arg(out.join("lib").join(format!("{name}.js")));
            // Its own words for where the server is; the others take an argument.
            command.env("TEMPORAL_ADDRESS", address);
            return command;
        }
        Language::Go => Command::new(out.join(name)),
        Language::Java => {
            let mut command = Command::new("java");
            command.args(["-cp", &format!("{0}/classes:{0}/lib/*", out.display()), "Check"]);
            command
        }
    };
    command.arg(address);
    command
}

/// A file of `tests/compat`.
pub fn file(name: &str) -> PathBuf {
    root().join("tests").join(FOLDER).join(name)
}

/// What a setup has made, in `target/compat`.
pub fn built(name: &str) -> PathBuf {
    root().join("target").join(FOLDER).join(name)
}

/// Waits until a check has ended, and fails with what it has written unless all was right.
pub async fn all_right(mut check: Process, limit: Duration) -> Result<String> {
    let status = check.ended(limit).await?;
    let output = check.output();
    if !status.success() || !output.lines().any(|line| line == "all right") {
        bail!("the check ended with {status}:\n{output}");
    }
    Ok(output)
}

/// Waits until a process has written so many lines with an outcome; it may end before.
pub async fn outcomes(check: &mut Process, count: usize, limit: Duration) -> Result<usize> {
    wait::until("outcomes", limit, || {
        let ended = check.has_ended();
        let found = check.output().lines().filter(|line| line.starts_with("ok ")).count();
        std::future::ready((found >= count || ended).then_some(found))
    })
    .await
}
