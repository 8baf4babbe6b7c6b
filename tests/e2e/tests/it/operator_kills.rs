//! SIGKILL for engine and nats-server in the middle of resets, deletions and pauses: whoever asks again
//! finds it done, once and wholly.
//!
//! `SF_E2E_OPERATOR_KILLS` says how many (4), `SF_E2E_SEED` where the randomness starts (7).

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use steadfast_e2e::{
    compat::grpc,
    engine::{Engine, Home, Options},
    native::Native,
    random::Random,
    temporal::{Temporal, execution, finish, timer},
    wait,
};
use steadfast_temporal_api::api::{
    enums::v1::{EventType, WorkflowExecutionStatus as Status},
    workflowservice::v1 as proto,
};
use tonic::Code;

/// Runs of each kind that a kill may hit.
const RUNS: usize = 5;
const SIGNALS: usize = 3;
/// How long visibility may take.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_deletions_and_pauses_survive_kills() -> Result<()> {
    let (kills, seed) = (setting("SF_E2E_OPERATOR_KILLS", 4), setting("SF_E2E_SEED", 7));
    survive(kills, seed).await.with_context(|| format!("SF_E2E_SEED={seed}"))
}

async fn survive(kills: u64, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    let home = Home::new()?;
    let mut engine = Engine::start(&home, Options::default()).await?;
    let temporal = Temporal::new(&grpc(&engine)?)?;
    for kill in 0..kills {
        let ids = |kind: &str| -> Vec<String> {
            (0..RUNS).map(|number| format!("{kind}-{kill}-{number}")).collect()
        };
        let (reset, deleted, paused) = (ids("reset"), ids("deleted"), ids("paused"));
        let all = reset.iter().chain(&deleted).chain(&paused);
        try_join_all(all.map(|id| open(&temporal, id))).await?;
        let work = async {
            tokio::try_join!(
                try_join_all(reset.iter().map(|id| reset_run(&temporal, id))),
                try_join_all(deleted.iter().map(|id| delete_run(&temporal, id))),
                try_join_all(paused.iter().map(|id| pause_run(&temporal, id))),
            )
        };
        let nemesis = async {
            // Where a kill hits is what is random here.
            tokio::time::sleep(random.between(1, 120)).await; // tidy: simulated work
            match random.below(2) {
                0 => engine.crash().await.context("engine"),
                _ => engine.crash_nats().await.context("nats-server").map(|()| engine),
            }
        };
        let (done, survivor) = tokio::join!(work, nemesis);
        engine = survivor?;
        let (runs, ..) = done.with_context(|| format!("kill {kill}"))?;
        for (id, run_id) in reset.iter().zip(&runs) {
            check_reset(&temporal, id, run_id).await.with_context(|| id.clone())?;
        }
        check_deleted(&temporal, &engine.native().await?, &deleted).await?;
        for id in &paused {
            check_paused(&temporal, id).await.with_context(|| id.clone())?;
        }
    }
    ensure!(!engine.log().contains("panicked"), "the engine panicked");
    ensure!(engine.stop().await?.success());
    Ok(())
}

/// A run in its middle: its first task is answered, and signals came since.
async fn open(temporal: &Temporal, id: &str) -> Result<()> {
    temporal.start(id).await?;
    temporal.turn(id, &[timer("long", 3_600)]).await?;
    for number in 0..SIGNALS {
        let signal = proto::SignalWorkflowExecutionRequest {
            namespace: temporal.namespace.clone(),
            workflow_execution: execution(id, ""),
            signal_name: format!("signal {number}"),
            request_id: format!("{id} signal {number}"),
            ..proto::SignalWorkflowExecutionRequest::default()
        };
        temporal.insist::<_, proto::SignalWorkflowExecutionResponse>(&signal).await?;
    }
    Ok(())
}

fn reset_request(
    temporal: &Temporal,
    id: &str,
    base: &str,
) -> proto::ResetWorkflowExecutionRequest {
    proto::ResetWorkflowExecutionRequest {
        namespace: temporal.namespace.clone(),
        workflow_execution: execution(id, base),
        reason: "a test".to_owned(),
        workflow_task_finish_event_id: 4,
        request_id: format!("{id} reset"),
        ..proto::ResetWorkflowExecutionRequest::default()
    }
}

async fn reset_run(temporal: &Temporal, id: &str) -> Result<String> {
    let request = reset_request(temporal, id, "");
    let answer: proto::ResetWorkflowExecutionResponse = temporal.insist(&request).await?;
    Ok(answer.run_id)
}

async fn delete_run(temporal: &Temporal, id: &str) -> Result<()> {
    let request = proto::DeleteWorkflowExecutionRequest {
        namespace: temporal.namespace.clone(),
        workflow_execution: execution(id, ""),
    };
    match temporal.insist::<_, proto::DeleteWorkflowExecutionResponse>(&request).await {
        Ok(_) => Ok(()),
        // An earlier try did it, and its answer was lost.
        Err(status) if status.code() == Code::NotFound => Ok(()),
        Err(status) => Err(status).with_context(|| format!("delete {id}")),
    }
}

async fn pause_run(temporal: &Temporal, id: &str) -> Result<()> {
    let request = proto::PauseWorkflowExecutionRequest {
        namespace: temporal.namespace.clone(),
        workflow_id: id.to_owned(),
        reason: "a test".to_owned(),
        request_id: format!("{id} pause"),
        ..proto::PauseWorkflowExecutionRequest::default()
    };
    let paused = temporal.insist::<_, proto::PauseWorkflowExecutionResponse>(&request).await;
    paused.map(drop).with_context(|| format!("pause {id}"))
}

/// Two runs, the second with the signals of the first, each once; and nothing more when asked again.
async fn check_reset(temporal: &Temporal, id: &str, run_id: &str) -> Result<()> {
    ensure!(temporal.status(id, "").await? == Status::Running);
    let again = reset_request(temporal, id, run_id);
    let again: proto::ResetWorkflowExecutionResponse = temporal.insist(&again).await?;
    ensure!(again.run_id == run_id, "asked again it made {} beside {run_id}", again.run_id);
    let runs = wait::until("both runs in the list", LIMIT, || async {
        temporal.runs(id).await.ok().filter(|runs| runs.len() >= 2)
    })
    .await?;
    ensure!(runs.len() == 2 && runs.iter().any(|run| run == run_id), "{runs:?}");
    let base = runs.iter().find(|run| *run != run_id).context("the base run")?;
    ensure!(temporal.status(id, base).await? == Status::Terminated);
    let events = temporal.history(id, run_id).await?;
    let signals = events.iter().filter(|e| e.event_type() == EventType::WorkflowExecutionSignaled);
    ensure!(signals.count() == SIGNALS);
    // It goes on, and to its end.
    temporal.turn(id, &[finish(None)]).await?;
    ensure!(temporal.status(id, run_id).await? == Status::Completed);
    Ok(())
}

/// Nothing is left in any stream, the list or the process, and the ids are free.
async fn check_deleted(temporal: &Temporal, native: &Native, ids: &[String]) -> Result<()> {
    for id in ids {
        wait::until("the run to be gone", LIMIT, || async {
            let described = temporal.describe(id, "").await;
            described.is_err_and(|status| status.code() == Code::NotFound).then_some(())
        })
        .await?;
        wait::until("the list to forget the run", LIMIT, || async {
            temporal.runs(id).await.ok().filter(Vec::is_empty)
        })
        .await?;
    }
    let left = records(native, ids).await?;
    ensure!(left.is_empty(), "records are left: {left:?}");
    for id in ids {
        let start = proto::StartWorkflowExecutionRequest {
            request_id: format!("{id} again"),
            ..temporal.start_request(id)
        };
        let started: proto::StartWorkflowExecutionResponse = temporal.insist(&start).await?;
        ensure!(started.started, "{id} is not free");
        temporal.turn(id, &[finish(None)]).await?;
        ensure!(temporal.runs(id).await?.len() <= 1);
    }
    Ok(())
}

async fn records(native: &Native, ids: &[String]) -> Result<Vec<String>> {
    native.history_subjects(|id| ids.iter().any(|deleted| deleted == id)).await
}

/// Paused once, and it goes on after that.
async fn check_paused(temporal: &Temporal, id: &str) -> Result<()> {
    ensure!(temporal.status(id, "").await? == Status::Paused);
    let events = temporal.history(id, "").await?;
    let paused = events.iter().filter(|e| e.event_type() == EventType::WorkflowExecutionPaused);
    ensure!(paused.count() == 1);
    let request = proto::UnpauseWorkflowExecutionRequest {
        namespace: temporal.namespace.clone(),
        workflow_id: id.to_owned(),
        request_id: format!("{id} unpause"),
        ..proto::UnpauseWorkflowExecutionRequest::default()
    };
    temporal.insist::<_, proto::UnpauseWorkflowExecutionResponse>(&request).await?;
    temporal.turn(id, &[finish(None)]).await?;
    ensure!(temporal.status(id, "").await? == Status::Completed);
    Ok(())
}
