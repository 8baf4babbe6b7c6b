//! Many runs at once on several threads, in real time: nothing is lost, nothing runs twice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use steadfast_core::{EventKind, run::Status};
use steadfast_engine::{Engine, World};
use steadfast_sim::MemLog;

use crate::world::*;

const RUNS: usize = 200;
const WORKERS: usize = 8;

async fn workflow_worker(engine: Engine) {
    loop {
        let Ok(Some(task)) = engine.poll_workflow_task(poll(QUEUE), soon()).await else {
            return;
        };
        let completed = |event: &&std::sync::Arc<steadfast_core::Event>| {
            matches!(event.kind, EventKind::ActivityTaskCompleted(_))
        };
        let commands = match task.history.iter().filter(completed).count() {
            0 if task.history.len() <= 2 => vec![schedule("a"), schedule("b")],
            2 => vec![finish()],
            _ => vec![],
        };
        let completion = steadfast_engine::api::Completion { commands, ..Default::default() };
        let completed = engine.complete_workflow_task(&task.token, completion, soon());
        completed.await.expect("the completion of a task that is out");
    }
}

async fn activity_worker(engine: Engine, done_once: Arc<Mutex<HashMap<String, u32>>>) {
    loop {
        let Ok(Some(task)) = engine.poll_activity_task(poll(QUEUE), soon()).await else {
            return;
        };
        let name = format!("{}/{}", task.run, task.task.scheduled.activity_id);
        *done_once.lock().unwrap().entry(name).or_default() += 1;
        let target = steadfast_engine::api::ActivityTarget::Token(task.token);
        let resolved = engine.resolve_activity(&target, done(), "w".into(), soon());
        resolved.await.expect("the answer to an attempt that runs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_run_completes_and_no_attempt_runs_twice() {
    let world = World::on(Arc::new(MemLog::new()));
    let engine = Engine::start(config(), world).await.unwrap();
    let done_once = Arc::default();
    let workers: FuturesUnordered<_> = (0..WORKERS)
        .flat_map(|_| {
            let activities = activity_worker(engine.clone(), Arc::clone(&done_once));
            [tokio::spawn(workflow_worker(engine.clone())), tokio::spawn(activities)]
        })
        .collect();
    let runs = (0..RUNS).map(|n| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let id = format!("crowd-{n}");
            engine.start_workflow(start_request(&id), soon()).await.unwrap();
            let request = steadfast_engine::api::HistoryRequest {
                from_event_id: 1,
                max_events: 1,
                wait_new: true,
                close_event_only: true,
            };
            engine.history(&target(&id), request, soon()).await
        })
    });
    for closed in join_all(runs).await {
        assert_eq!(closed.unwrap().unwrap().status, Status::Completed);
    }
    engine.shutdown().await;
    let ended: Vec<_> = workers.collect().await;
    assert!(ended.into_iter().all(|worker| worker.is_ok()));
    let done_once = done_once.lock().unwrap();
    assert_eq!(done_once.len(), 2 * RUNS);
    assert!(done_once.values().all(|times| *times == 1));
}
