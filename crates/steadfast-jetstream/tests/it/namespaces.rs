//! Namespaces in `SF_CONFIG`.

use anyhow::{Result, ensure};
use async_nats::jetstream;
use steadfast_core::AttributeType;
use steadfast_engine::ports::{NamespaceRegistry, NamespaceState};
use steadfast_jetstream::{
    Config,
    namespaces::{AttributeError, Directory, NamespaceError, Namespaces, Settings},
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

/// What one process changes another knows soon, and itself at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_follows_what_others_change() -> Result<()> {
    let world = JetStream::start(Config { partitions: 1, ..Config::default() }).await?;
    let open = async || {
        let context = jetstream::new(world.client.clone());
        anyhow::Ok(Directory::open(Namespaces::open(&context).await?).await?)
    };
    let (mine, theirs) = (open().await?, open().await?);
    let watching = tokio::spawn(theirs.clone().watch());
    let shop = "shop".into();
    mine.register(&Settings::new("shop")).await?;
    ensure!(theirs.state(&shop).await? == Some(NamespaceState::Registered));
    let wanted = [("Amount".to_owned(), AttributeType::Int)].into();
    mine.add_search_attributes(&shop, &wanted).await?;
    ensure!(*mine.search_attributes(&shop).await? == wanted);
    until(async || Ok(*theirs.search_attributes(&shop).await? == wanted)).await?;

    let other = [("Amount".to_owned(), AttributeType::Text)].into();
    let taken = theirs.add_search_attributes(&shop, &other).await;
    ensure!(matches!(taken, Err(AttributeError::Exists { .. })), "{taken:?}");
    let reserved = [("RunId".to_owned(), AttributeType::Text)].into();
    let refused = theirs.add_search_attributes(&shop, &reserved).await;
    ensure!(matches!(refused, Err(AttributeError::Reserved(_))), "{refused:?}");
    theirs.remove_search_attributes(&shop, &["Amount".to_owned(), "None".to_owned()]).await?;
    ensure!(theirs.search_attributes(&shop).await?.is_empty());

    let deleted = mine.delete(&shop).await?;
    ensure!(deleted.as_str().starts_with("shop-deleted-"), "{deleted}");
    mine.deleted().await;
    until(async || Ok(theirs.state(&shop).await? == Some(NamespaceState::Deleted))).await?;
    let again = mine.register(&Settings::new("shop")).await;
    ensure!(matches!(again, Err(NamespaceError::Exists(_))), "its runs are still there");
    mine.forget(&mine.find(&shop).await?).await?;
    mine.register(&Settings::new("shop")).await?;
    until(async || Ok(theirs.state(&shop).await? == Some(NamespaceState::Registered))).await?;
    watching.abort();
    Ok(())
}

async fn until(mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds().await? {
        ensure!(tokio::time::Instant::now() < deadline, "it does not become true");
        tokio::task::yield_now().await;
    }
    Ok(())
}
