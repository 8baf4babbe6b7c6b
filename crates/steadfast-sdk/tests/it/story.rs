//! What must come out, wherever the code runs.

use anyhow::{Context as _, Result, ensure};
use steadfast_core::{EventKind, run::Status};
use steadfast_protocol::ErrorCode;
use steadfast_sdk::client::{Client, QueryError, ResultError, UpdateError, WorkflowHandle};

use crate::{
    code::registry,
    world::{QUEUE, World, replays},
};

async fn start(
    client: &Client,
    kind: &str,
    input: impl serde::Serialize,
) -> Result<WorkflowHandle> {
    let id = format!("{kind} of \u{1f980}.*>");
    Ok(client.start(kind, QUEUE, id, input).await?)
}

/// Everything that works the same embedded and remote.
pub(crate) async fn everything(world: &World) -> Result<()> {
    let client = &world.client;
    futures::future::try_join_all([
        Box::pin(a_bit_of_everything(client)) as futures::future::BoxFuture<'_, Result<()>>,
        Box::pin(updates(client)),
        Box::pin(sagas(client)),
        Box::pin(cancellation(client)),
        Box::pin(terminations(client)),
    ])
    .await?;
    Ok(())
}

async fn a_bit_of_everything(client: &Client) -> Result<()> {
    let story = start(client, "Story", "s").await?;
    loop {
        match story.query::<String>("stage", &()).await {
            Ok(stage) if stage == "waiting" => break,
            Ok(_) | Err(QueryError::Failed(_)) => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
    let watch = client.start("Watch", QUEUE, "watch", story.workflow_id().as_str()).await?;
    let lost: String = watch.result().await?;
    ensure!(lost.contains("could not be delivered: ExternalWorkflow"), "{lost}");
    let result: String = story.result().await?;
    ensure!(
        result == "s-left s-right s after Some(2) true true shipped s++ Some(\"Refused\") true 4",
        "{result}"
    );
    ensure!(story.query::<String>("stage", &()).await? == "done");
    let unknown = story.query::<String>("nothing", &()).await;
    ensure!(matches!(unknown, Err(QueryError::Failed(_))), "{unknown:?}");
    let description = story.describe().await?;
    ensure!(description.status == Status::Completed, "{description:?}");
    ensure!(description.memo.contains_key("approved"), "{description:?}");
    let events = story.history().await?;
    let markers = events.iter().filter(|it| matches!(it.kind, EventKind::MarkerRecorded(_)));
    ensure!(markers.count() == 2, "a side effect and a patch");
    replays(&story, &registry()).await?;
    replays(&watch, &registry()).await
}

async fn updates(client: &Client) -> Result<()> {
    let counter = start(client, "Counter", 1).await?;
    ensure!(counter.update::<u32>("add", &2).await? == 3);
    let odd = counter.update::<u32>("add", &3).await;
    let Err(UpdateError::Failed(odd)) = odd else { anyhow::bail!("{odd:?}") };
    ensure!(odd.message == "only even steps", "{odd:?}");
    ensure!(counter.update::<u32>("add", &4).await? == 7);
    counter.signal("end", &()).await?;
    ensure!(counter.result::<u32>().await? == 7);
    replays(&counter, &registry()).await
}

async fn sagas(client: &Client) -> Result<()> {
    let saga = start(client, "Saga", ()).await?;
    let Err(ResultError::Failed(failure)) = saga.result::<()>().await else {
        anyhow::bail!("the saga fails")
    };
    ensure!(failure.cause.as_ref().context("an activity's cause")?.message == "as asked");
    let inputs: Vec<_> = saga
        .history()
        .await?
        .into_iter()
        .filter_map(|event| {
            let EventKind::ActivityTaskScheduled(it) = event.kind else {
                return None;
            };
            Some(it.input.first()?.data.clone())
        })
        .collect();
    ensure!(
        inputs == ["\"reserve\"", "\"hold\"", "\"Broken\"", "\"undo hold\"", "\"undo reserve\""],
        "{inputs:?}"
    );
    replays(&saga, &registry()).await
}

async fn cancellation(client: &Client) -> Result<()> {
    let patient = start(client, "Patient", ()).await?;
    loop {
        let pending = patient.describe().await?.pending_activities;
        if pending.iter().any(|activity| !activity.heartbeat_details.is_empty()) {
            break;
        }
        tokio::task::yield_now().await;
    }
    patient.cancel("enough").await?;
    let result = patient.result::<()>().await;
    ensure!(matches!(result, Err(ResultError::Canceled)), "{result:?}");
    let events = patient.history().await?;
    let canceled = events.iter().any(|it| matches!(it.kind, EventKind::ActivityTaskCanceled(_)));
    ensure!(canceled, "the activity heard of it");
    replays(&patient, &registry()).await
}

async fn terminations(client: &Client) -> Result<()> {
    let workflow = client.start("Counter", QUEUE, "to be terminated", 0).await?;
    let again = client.start("Counter", QUEUE, "to be terminated", 0).await;
    let Err(again) = again else { anyhow::bail!("the id is taken") };
    ensure!(again.code() == Some(ErrorCode::AlreadyStarted), "{again}");
    workflow.terminate("no more").await?;
    let result = workflow.result::<u32>().await;
    ensure!(
        matches!(&result, Err(ResultError::Terminated { reason }) if reason == "no more"),
        "{result:?}"
    );
    let gone = workflow.signal("end", &()).await;
    let Err(gone) = gone else { anyhow::bail!("the run is closed") };
    ensure!(gone.code() == Some(ErrorCode::AlreadyCompleted), "{gone}");
    let nobody = client.workflow("nobody").describe().await;
    ensure!(nobody.err().and_then(|it| it.code()) == Some(ErrorCode::NotFound));
    let both = client.start("Counter", QUEUE, "signalled", 5).signal("end", ()).await?;
    ensure!(both.result::<u32>().await? == 5);
    Ok(())
}
