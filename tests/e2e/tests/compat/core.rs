//! The integration tests of the core that the Python, TypeScript, .NET and Ruby SDKs share: as they
//! are in its published crate, against our address. `tests/compat/core/tests.txt` lists which.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use steadfast_e2e::{
    compat::{self, Server},
    engine::Home,
    process::Process,
};
use tokio::process::Command;

/// The variable that asks slow tests for their full length.
const SLOW: &str = "STEADFAST_SLOW_TESTS";
const LIMIT: Duration = Duration::from_secs(600);
/// Each test has a worker of its own.
const AT_ONCE: &str = "4";

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_core() -> Result<()> {
    if std::env::var_os(SLOW).is_none() {
        println!(
            "the SDKs' core takes minutes to build: {SLOW}=1 runs it, as cargo xtask compat does"
        );
        return Ok(());
    }
    let setup = Command::new(compat::file("core/setup")).output().await.context("run setup")?;
    let told = String::from_utf8_lossy(&setup.stderr).into_owned();
    ensure!(setup.status.success(), "setup failed:\n{told}");
    let program = String::from_utf8(setup.stdout)?;
    let list = std::fs::read_to_string(compat::file("core/tests.txt"))?;
    let home = Home::new()?;
    let server = Server::start(&home).await?;
    let mut command = Command::new(program.trim());
    command.args(["--exact", "--test-threads", AT_ONCE]).args(list.lines());
    command.env("TEMPORAL_SERVICE_ADDRESS", format!("http://{}", server.address));
    command.env("RUST_LOG", "ERROR").current_dir(compat::built("core/crate"));
    let mut tests = Process::start("core", &mut command, home.path())?;
    let status = tests.ended(LIMIT).await?;
    let output = tests.output();
    let passed = output.lines().filter(|line| line.ends_with("... ok")).count();
    ensure!(status.success() && passed > 0, "{status}, {passed} passed:\n{output}");
    server.stop().await
}
