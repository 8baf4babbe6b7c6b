//! A worker behind NATS.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt;
use steadfast_core::EventKind;
use steadfast_nats::Server;
use steadfast_protocol::{ErrorBody, ErrorCode, codec, header};
use steadfast_sdk::{
    client::Client,
    error::ErrorKind,
    worker::{Worker, WorkerOptions},
    workflow::{WorkflowContext, WorkflowError},
};

use crate::{
    code::{activities, registry, workflows},
    story,
    world::{QUEUE, SOON, World, options, replays},
};

fn worker(world: &World, options: WorkerOptions) -> Worker {
    let worker = Worker::new(world.client.clone(), QUEUE).options(options);
    worker.workflows(workflows()).activities(activities())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_runs_in_a_worker() -> Result<()> {
    let world = World::start().await?;
    let running = world.work(worker(&world, options()));
    tokio::time::timeout(SOON, story::everything(&world)).await??;
    running.stop().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_runs_in_a_worker_that_remembers_nothing() -> Result<()> {
    let world = World::start().await?;
    let running = world.work(worker(&world, WorkerOptions { cached_runs: 0, ..options() }));
    tokio::time::timeout(SOON, story::everything(&world)).await??;
    running.stop().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn local_activities_run_in_the_worker() -> Result<()> {
    let world = World::start().await?;
    let running = world.work(worker(&world, options()));
    let locals = world.client.start("Locals", QUEUE, "locals", "x").await?;
    ensure!(locals.result::<String>().await? == "x x Some(\"Local\")");
    replays(&locals, &registry()).await?;
    running.stop().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_a_run() -> Result<()> {
    let world = World::start().await?;
    let first = world.work(worker(&world, options()));
    let counter = world.client.start("Counter", QUEUE, "handed over", 0).await?;
    ensure!(counter.update::<u32>("add", &2).await? == 2);
    first.stop().await?;
    let sticky_timeout = Duration::from_millis(100);
    let second = world.work(worker(&world, WorkerOptions { sticky_timeout, ..options() }));
    ensure!(counter.update::<u32>("add", &2).await? == 4);
    counter.signal("end", &()).await?;
    ensure!(counter.result::<u32>().await? == 4);
    second.stop().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_changed_fails_the_task_until_it_is_right_again() -> Result<()> {
    async fn first(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        ctx.activity::<String>("echo", "one").await?;
        ctx.signal::<()>("go").recv().await?;
        Ok("first".to_owned())
    }
    async fn changed(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        ctx.sleep(Duration::from_secs(1)).await?;
        first(ctx, ()).await
    }
    let world = World::start().await?;
    let with = |worker: Worker| worker.activities(activities());
    let new = || Worker::new(world.client.clone(), QUEUE).options(options());
    let running = world.work(with(new().workflow("Changing", first)));
    let workflow = world.client.start("Changing", QUEUE, "changing", ()).await?;
    while workflow.history().await?.len() < 10 {
        tokio::task::yield_now().await;
    }
    running.stop().await?;
    let wrong = world.work(with(new().workflow("Changing", changed)));
    workflow.signal("go", &()).await?;
    let failure = loop {
        let events = workflow.history().await?;
        let failed = events.into_iter().find_map(|event| {
            let EventKind::WorkflowTaskFailed(failed) = event.kind else {
                return None;
            };
            Some(failed)
        });
        match failed {
            Some(failed) => break failed,
            None => tokio::task::yield_now().await,
        }
    };
    let message = failure.failure.map(|failure| failure.message).unwrap_or_default();
    ensure!(message.starts_with("non-determinism at event 5: history says "), "{message}");
    wrong.stop().await?;
    let right = world.work(with(new().workflow("Changing", first)));
    ensure!(workflow.result::<String>().await? == "first");
    right.stop().await?;
    world.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_outlives_its_nats_server() -> Result<()> {
    let mut world = World::start().await?;
    let running = world.work(worker(&world, options()));
    let counter = world.client.start("Counter", QUEUE, "outage", 0).await?;
    ensure!(counter.update::<u32>("add", &2).await? == 2);
    world.server.kill_hard().await;
    world.server.restart().await?;
    counter.signal("end", &()).await?;
    let result = tokio::time::timeout(SOON, counter.result::<u32>()).await?;
    ensure!(result? == 2);
    running.stop().await?;
    world.stop().await;
    Ok(())
}

/// Nobody but this test answers polls here.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_nothing_heals_ends_the_worker() -> Result<()> {
    let server = Server::start(steadfast_nats::Config::default()).await?;
    let client = Client::connect(server.client_url()).await?;
    let mut polls = client.nats().subscribe("sf.poll.>").await?;
    client.nats().flush().await?;
    let responder = client.nats().clone();
    let answering = tokio::spawn(async move {
        while let Some(poll) = polls.next().await {
            let error = ErrorBody::new(ErrorCode::NamespaceNotFound, "no such namespace");
            let mut headers = async_nats::HeaderMap::new();
            let number = ErrorCode::NamespaceNotFound.number().to_string();
            headers.insert(header::ERROR_CODE, number.as_str());
            let (reply, body) = (poll.reply.context("polls are requests")?, codec::encode(&error)?);
            responder.publish_with_headers(reply, headers, body).await?;
        }
        anyhow::Ok(())
    });
    let worker = Worker::new(client, QUEUE).options(options()).workflows(workflows());
    let ended = tokio::time::timeout(SOON, worker.run(std::future::pending())).await?;
    let Err(error) = ended else { anyhow::bail!("there is no such namespace") };
    ensure!(error.code() == Some(ErrorCode::NamespaceNotFound), "{error}");
    ensure!(!error.is_retryable());
    answering.abort();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_an_engine_says_so() -> Result<()> {
    let server = Server::start(steadfast_nats::Config::default()).await?;
    let client = Client::connect(server.client_url()).await?.patience(Duration::ZERO);
    let Err(error) = client.workflow("any").describe().await else {
        anyhow::bail!("there is no engine")
    };
    ensure!(*error.kind() == ErrorKind::NoEngine && error.is_retryable(), "{error}");
    Ok(())
}
