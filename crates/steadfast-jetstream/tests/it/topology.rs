//! What is made at the start, and that it is made once.

use anyhow::{Result, ensure};
use async_nats::jetstream::{self, stream::Compression};
use steadfast_jetstream::{Config, SetupError};

use crate::world::JetStream;

/// The first start fixes the number of partitions; the configuration never overrules it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partitions_are_fixed_at_the_first_start() -> Result<()> {
    let mut world = JetStream::start(Config { partitions: 3, ..Config::default() }).await?;
    world.config.partitions = 8;
    let again = world.another().await?;
    ensure!(again.topology().routing.partitions == 3);
    ensure!(again.topology() == world.log.topology());
    let context = jetstream::new(world.client.clone());
    for stream in ["SF_HISTORY_2", "SF_SNAPSHOT_2"] {
        let config = context.get_stream(stream).await?.cached_info().config.clone();
        ensure!(config.allow_direct && config.compression == Some(Compression::S2));
    }
    ensure!(context.get_stream("SF_HISTORY_3").await.is_err());
    Ok(())
}

/// An operator's own settings survive a start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operators_settings_survive() -> Result<()> {
    let world = JetStream::start(Config { partitions: 1, ..Config::default() }).await?;
    let context = jetstream::new(world.client.clone());
    let mut config = context.get_stream("SF_HISTORY_0").await?.cached_info().config.clone();
    config.max_bytes = 1 << 30;
    config.description = Some("mine".to_owned());
    context.update_stream(&config).await?;
    world.another().await?;
    let found = context.get_stream("SF_HISTORY_0").await?.cached_info().config.clone();
    ensure!(found.max_bytes == 1 << 30 && found.description.as_deref() == Some("mine"));
    Ok(())
}

/// A table of another version is an error, not a guess.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_routing_table_is_an_error() -> Result<()> {
    let world = JetStream::start(Config { partitions: 1, ..Config::default() }).await?;
    let context = jetstream::new(world.client.clone());
    let store = context.get_key_value("SF_CLUSTER").await?;
    for table in [r#"{"version":2,"partitions":1}"#, "[]"] {
        store.put("routing", table.into()).await?;
        let error = world.another().await.err();
        let error = error.and_then(|error| error.downcast::<SetupError>().ok());
        ensure!(matches!(error, Some(SetupError::Routing(_))), "{error:?}");
    }
    Ok(())
}
