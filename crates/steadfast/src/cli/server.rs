//! `steadfast server`: a server on a NATS that is already there.

use super::{args::Configuration, output::Out, problem::Problem};
use crate::{
    compose::{self, Composed, Sync},
    config::{Config, Sources},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    configuration: Configuration,
}

pub(super) async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let sources = Sources::with_environment(args.configuration.config, args.configuration.set);
    let config = Config::load(&sources)?;
    let stop = compose::stop_signal()?;
    let telemetry = compose::telemetry(&config).await?;
    let url = config.nats.url.clone();
    let client = crate::nats::connect_server(&config, &url, telemetry.readiness()).await?;
    let mut composed =
        Composed::start(&config, client, Sync::Foreign, telemetry.readiness()).await?;
    let durability = composed.durability();
    tracing::info!(nats_url = %url, %durability, "steadfast is ready");
    out.remark(format!("steadfast is ready on {url}; durability {durability}"));
    let ended = tokio::select! {
        () = stop => Ok(()),
        problem = composed.failed() => Err(problem),
    };
    tracing::info!("stopping");
    composed.stop(config.server.shutdown_within.0).await;
    telemetry.shutdown().await;
    ended
}
