//! Namespaces in `SF_CONFIG`.

use anyhow::{Result, ensure};
use async_nats::jetstream;
use steadfast_jetstream::{
    Config,
    namespaces::{NamespaceError, Namespaces, Settings},
};

use crate::world::JetStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespaces_are_registered_described_updated_and_listed() -> Result<()> {
    let world = JetStream::start(Config { partitions: 1, ..Config::default() }).await?;
    let context = jetstream::new(world.client.clone());
    let namespaces = Namespaces::open(&context).await?;
    ensure!(namespaces.list().await?.is_empty());
    for name in ["shop", "a.b *>🙂", &"x".repeat(1_000)] {
        namespaces.register(&Settings::new(name)).await?;
    }
    let names: Vec<_> = namespaces.list().await?.into_iter().map(|d| d.settings.name).collect();
    ensure!(names.len() == 3 && names.is_sorted());

    let again = namespaces.register(&Settings::new("shop")).await;
    ensure!(matches!(again, Err(NamespaceError::Exists(_))), "{again:?}");
    let missing = namespaces.describe(&"none".into()).await;
    ensure!(matches!(missing, Err(NamespaceError::NotFound(_))), "{missing:?}");

    let mut shop = namespaces.describe(&"shop".into()).await?;
    let stale = shop.clone();
    shop.settings.retention_secs = 60;
    namespaces.update(&shop).await?;
    let conflict = namespaces.update(&stale).await;
    ensure!(matches!(conflict, Err(NamespaceError::Conflict(_))), "{conflict:?}");
    ensure!(namespaces.describe(&"shop".into()).await?.settings == shop.settings);

    let store = context.get_key_value("SF_CONFIG").await?;
    store.put("namespace.shop", "{}".into()).await?;
    let corrupt = namespaces.describe(&"shop".into()).await;
    ensure!(matches!(corrupt, Err(NamespaceError::Corrupt { .. })), "{corrupt:?}");
    Ok(())
}
