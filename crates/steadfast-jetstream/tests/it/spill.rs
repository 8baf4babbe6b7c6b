//! Objects: there as long as a record names them, and gone with it.

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::{self, object_store::ObjectStore};
use futures::TryStreamExt;
use steadfast_engine::ports::{AppendError, Log, ReadError};
use steadfast_jetstream::Config;
use steadfast_protocol::subject;
use steadfast_sim::{contract::address, story::Story};

use crate::world::JetStream;

async fn open() -> Result<(JetStream, ObjectStore)> {
    let world = JetStream::start(Config { partitions: 1, ..Config::default() }).await?;
    let context = jetstream::new(world.client.clone());
    let store = context.get_object_store(subject::PAYLOAD_BUCKET).await?;
    Ok((world, store))
}

async fn names(store: &ObjectStore) -> Result<Vec<String>> {
    let objects: Vec<_> = store.list().await?.try_collect().await?;
    Ok(objects.into_iter().filter(|object| !object.deleted).map(|object| object.name).collect())
}

/// The largest payloads that are promised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_megabytes_are_kept() -> Result<()> {
    let (world, store) = open().await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    story.signal(&world.log, 20 << 20).await?;
    ensure!(world.log.read(&story.address, 0).await? == story.stored);
    ensure!(names(&store).await?.len() == 1);
    Ok(())
}

/// A refused append leaves no object, a retired run no snapshot's, and a purged run none at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_go_with_what_names_them() -> Result<()> {
    let (world, store) = open().await?;
    let log = &world.log;
    let mut story = Story::start(log, address("order-1")).await?;
    let mut other = Story::start(log, address("order-2")).await?;
    let mut stale = story.clone();
    story.signal(log, 1 << 20).await?;
    other.signal(log, 1 << 20).await?;
    let draft = stale.draft_signal(1 << 20)?;
    let refused = stale.try_write(log, draft).await;
    ensure!(matches!(refused, Err(AppendError::WrongSequence)), "{refused:?}");
    ensure!(names(&store).await?.len() == 2);

    let mut snapshot = story.snapshot();
    let note = steadfast_core::Payload::new("binary/plain", vec![1; 1 << 20]);
    snapshot.run.memo.insert("note".to_owned(), note);
    log.save_snapshot(&story.address, snapshot.clone()).await?;
    log.save_snapshot(&story.address, snapshot).await?;
    ensure!(names(&store).await?.len() == 3);
    log.retire(&story.address).await?;
    ensure!(names(&store).await?.len() == 2);

    log.purge(&story.address).await?;
    let left = names(&store).await?;
    ensure!(left.len() == 1 && left[0].contains("order-2"), "{left:?}");
    ensure!(log.read(&other.address, 0).await? == other.stored);
    Ok(())
}

/// A record whose object is lost or changed is corrupt; it is never read as something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_changed_object_makes_its_record_corrupt() -> Result<()> {
    let (world, store) = open().await?;
    let mut story = Story::start(&world.log, address("order-1")).await?;
    story.signal(&world.log, 1 << 20).await?;
    let name = names(&store).await?.pop().context("no object")?;
    store.put(name.as_str(), &mut &b"something else"[..]).await?;
    let read = world.log.read(&story.address, 0).await;
    ensure!(matches!(read, Err(ReadError::Corrupt { .. })), "{read:?}");
    store.delete(&name).await?;
    let read = world.log.read(&story.address, 0).await;
    ensure!(matches!(read, Err(ReadError::Corrupt { .. })), "{read:?}");
    Ok(())
}
