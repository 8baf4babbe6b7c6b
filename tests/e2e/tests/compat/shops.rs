//! A small application in each of three languages, which verifies its own outcomes.

use std::time::Duration;

use anyhow::{Context, Result};
use steadfast_e2e::{
    compat::{self, Server},
    engine::Home,
    polyglot::Language,
    process::Process,
};

/// The JVM is slow on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn python() -> Result<()> {
    shop(Language::Python).await
}

#[tokio::test(flavor = "multi_thread")]
async fn go() -> Result<()> {
    shop(Language::Go).await
}

#[tokio::test(flavor = "multi_thread")]
async fn java() -> Result<()> {
    shop(Language::Java).await
}

async fn shop(language: Language) -> Result<()> {
    if !compat::set_up(language).await? {
        return Ok(());
    }
    let home = Home::new()?;
    let server = Server::start(&home).await?;
    let mut command = compat::program(language, "check", &server.address);
    let check = Process::start(language.name(), &mut command, home.path())?;
    compat::all_right(check, LIMIT).await.with_context(|| language.name())?;
    server.stop().await
}
