//! The article's application in TypeScript: over mTLS, and with its engine killed twenty times.
//!
//! `SF_E2E_KILLS` says how many times (20), `SF_E2E_SEED` where the randomness starts (7).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use steadfast_e2e::{
    compat,
    engine::{Engine, Home, Options},
    polyglot::Language,
    process::Process,
    random::Random,
};
use tokio::process::Command;

const KILLS: u64 = 20;
const SEED: u64 = 7;
/// Outcomes between two kills, at most; a round has about a dozen.
const OUTCOMES_MAX: u64 = 5;
/// For an outcome to come: a lost attempt times out before it is tried again.
const OUTCOME_LIMIT: Duration = Duration::from_secs(120);
/// For what is left after the last kill.
const LIMIT: Duration = Duration::from_secs(240);

fn setting(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is a number")),
        Err(_) => Ok(default),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_right_with_its_engine_killed_again_and_again() -> Result<()> {
    if !compat::set_up(Language::TypeScript).await? {
        return Ok(());
    }
    let (kills, seed) = (setting("SF_E2E_KILLS", KILLS)?, setting("SF_E2E_SEED", SEED)?);
    survive(kills, seed).await.with_context(|| format!("SF_E2E_KILLS={kills} SF_E2E_SEED={seed}"))
}

async fn survive(kills: u64, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    let home = Home::new()?;
    let mut engine = Engine::start(&home, Options::default()).await?;
    let over = home.path().join("over");
    let mut command = compat::program(Language::TypeScript, "check", &compat::grpc(&engine)?);
    command.args(["--faults", "--rounds", "1", "--until"]).arg(&over);
    let mut check = Process::start("check", &mut command, home.path())?;
    let mut seen = 0;
    for kill in 0..kills {
        let wanted = seen + usize::try_from(1 + random.below(OUTCOMES_MAX))?;
        seen = compat::outcomes(&mut check, wanted, OUTCOME_LIMIT)
            .await
            .with_context(|| format!("kill {kill}: {}", check.output()))?;
        ensure!(!check.has_ended(), "it ended before kill {kill}:\n{}", check.output());
        // Where a kill hits is what is random here.
        tokio::time::sleep(random.between(5, 400)).await; // tidy: simulated work
        engine = engine.crash().await.with_context(|| format!("kill {kill}"))?;
    }
    std::fs::write(&over, "")?;
    compat::all_right(check, LIMIT).await?;
    ensure!(engine.stop().await?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn works_over_mutual_tls() -> Result<()> {
    if !compat::set_up(Language::TypeScript).await? {
        return Ok(());
    }
    let home = Home::new()?;
    let certificates = home.path().join("certificates");
    let made = Command::new(compat::file("certificates")).arg(&certificates).output().await?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = |name: &str| certificates.join(name).display().to_string();
    let settings = vec![
        format!("gateway.tls_cert_file={}", path("server.crt")),
        format!("gateway.tls_key_file={}", path("server.key")),
        format!("gateway.tls_client_ca_file={}", path("ca.crt")),
    ];
    let engine = Engine::start(&home, Options { settings, ..Options::default() }).await?;
    let mut command = compat::program(Language::TypeScript, "check", &compat::grpc(&engine)?);
    command.env("TEMPORAL_TLS_CERT", path("client.crt"));
    command.env("TEMPORAL_TLS_KEY", path("client.key"));
    command.env("TEMPORAL_TLS_CA", path("ca.crt"));
    command.env("TEMPORAL_TLS_SERVER_NAME", "temporal-frontend");
    let check = Process::start("check", &mut command, home.path())?;
    let output = compat::all_right(check, LIMIT).await?;
    let refused = output.lines().any(|line| line.starts_with("ok    mtls: everything"));
    ensure!(refused, "nobody was refused:\n{output}");
    ensure!(engine.stop().await?.success());
    Ok(())
}
