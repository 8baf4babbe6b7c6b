//! Crashes, lost acknowledgements, rivals, runs that cannot be read.

use std::{sync::Arc, time::Duration};

use futures::{future::BoxFuture, stream::BoxStream};
use steadfast_core::{Namespace, WorkflowKey, input::Signal, run::Status};
use steadfast_engine::{Engine, EngineError, api::*, ports::*};
use steadfast_sim::Fault;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn everything_pending_is_offered_again_after_a_crash() {
    let mut world = TestWorld::new().await;
    world.start("w").await;
    world.start("a").await;
    let mut tasks = [world.workflow_task().await, world.workflow_task().await];
    tasks.sort_by_key(|task| task.run.workflow_id.clone());
    world.complete(&tasks[0], vec![schedule("x"), timer("t", 5)]).await;
    // The other task is out when the process dies, and so is no longer its worker's.
    world.crash().await;
    let stale = world.engine.complete_workflow_task(
        &tasks[1].token,
        Completion { commands: vec![finish()], ..Completion::default() },
        soon(),
    );
    assert!(stale.await.is_err());
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("w").await, Status::Completed);
    let activity = world.activity_task().await;
    world.crash().await;
    // An activity's token outlives the crash.
    world.resolve(&activity, done()).await;
    world.turn(vec![]).await;
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("a").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiting_runs_answer_signals_after_a_crash() {
    let mut world = TestWorld::new().await;
    for n in 0..1_000 {
        world.start(&format!("r{n}")).await;
        world.turn(vec![]).await;
    }
    world.crash().await;
    world.engine.ready(soon()).await.unwrap();
    for n in 0..1_000 {
        world.signal(&format!("r{n}"), "go").await;
    }
    for _ in 0..1_000 {
        world.turn(vec![finish()]).await;
    }
    assert_eq!(world.result("r999").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_found_in_the_log() {
    for fault in [Fault::DropAck, Fault::DropRequest, Fault::Refuse] {
        let world = TestWorld::new().await;
        world.log.inject(0, fault);
        let started = world.start("lost").await;
        let (name, request_id) = ("go".to_owned(), "s".into());
        let signal = Signal { name, request_id, ..Signal::default() };
        world.log.inject(0, fault);
        world.engine.signal(&target("lost"), signal, soon()).await.unwrap();
        world.turn(vec![finish()]).await;
        assert_eq!(world.result("lost").await, Status::Completed);
        let history = world.history("lost").await;
        assert_eq!(history.matches("WorkflowExecutionSignaled").count(), 1, "{fault:?}");
        let found = world.engine.describe(&target("lost"), soon()).await.unwrap();
        assert_eq!(found.run.key().run_id, started.run_id);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_completion_is_told_to_the_worker_as_unavailable() {
    let world = TestWorld::new().await;
    world.start("unknown").await;
    let task = world.workflow_task().await;
    world.log.inject(0, Fault::DropAck);
    let completion = Completion { commands: vec![timer("t", 5)], ..Completion::default() };
    let answer = world.engine.complete_workflow_task(&task.token, completion, soon()).await;
    assert!(matches!(answer, Err(EngineError::Unavailable(_))), "{answer:?}");
    // It was written: the timer runs, and its firing brings the next task.
    world.turn(vec![finish()]).await;
    let history = world.history("unknown").await;
    assert_eq!(history.matches("TimerFired").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_owner_cannot_write() {
    let world = TestWorld::new().await;
    world.start("fenced").await;
    let task = world.workflow_task().await;
    let rival = world.rival().await;
    let signal = Signal { name: "x".to_owned(), ..Signal::default() };
    rival.signal(&target("fenced"), signal, soon()).await.unwrap();
    let completion = Completion { commands: vec![finish()], ..Completion::default() };
    let refused = world.engine.complete_workflow_task(&task.token, completion, soon()).await;
    assert!(refused.is_err());
    let rivals = workflow_task(&rival).await;
    let completion = Completion { commands: vec![finish()], ..Completion::default() };
    rival.complete_workflow_task(&rivals.token, completion, soon()).await.unwrap();
    // What the stale owner reads from now on is what the new owner wrote.
    assert_eq!(world.result("fenced").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_run_is_quarantined_and_no_other() {
    let mut world = TestWorld::new().await;
    let started = world.start("bad").await;
    world.start("good").await;
    let address = address("bad", &started.run_id);
    world.log.append_raw(&address, Status::Running, bytes::Bytes::from_static(b"\xc1rubbish"));
    world.crash().await;
    let refused = world.engine.signal(&target("bad"), Signal::default(), soon()).await;
    assert!(matches!(refused, Err(EngineError::Quarantined(_))), "{refused:?}");
    let taken = world.engine.start_workflow(start_request("bad"), soon()).await;
    assert!(matches!(taken, Err(EngineError::Quarantined(_))), "{taken:?}");
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("good").await, Status::Completed);
    // Nothing was repaired, so it is quarantined again.
    world.engine.resume_quarantined(&target("bad"), soon()).await.unwrap();
    until("quarantine", async || {
        let signalled = world.engine.signal(&target("bad"), Signal::default(), soon()).await;
        matches!(signalled, Err(EngineError::Quarantined(_)))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn requests_wait_while_the_log_is_away_and_are_done_when_it_is_back() {
    let world = TestWorld::new().await;
    for skip in 0..20 {
        world.log.inject(skip, Fault::Refuse);
    }
    let begun = tokio::time::Instant::now();
    world.start("patient").await;
    assert!(begun.elapsed() > Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// A log in which appends of one workflow panic: a bug in the engine, as seen by its supervisor.
struct Buggy {
    log: steadfast_sim::MemLog,
    panics: std::sync::atomic::AtomicU32,
    recoveries: std::sync::atomic::AtomicU32,
}

impl Log for Buggy {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        let is_bad = append.address.key.workflow_id.as_str() == "bad";
        if is_bad && append.expected != Expected::Workflow(0) {
            self.panics.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            panic!("a bug");
        }
        self.log.append(append)
    }
    fn read(
        &self,
        address: &RunAddress,
        after: Sequence,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        self.log.read(address, after)
    }
    fn heads(
        &self,
        partition: Partition,
        workflow: &WorkflowKey,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>> {
        self.log.heads(partition, workflow)
    }
    fn list(
        &self,
        partition: Partition,
        namespace: &Namespace,
        before: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Head>, ReadError>> {
        self.log.list(partition, namespace, before, limit)
    }
    fn recover(&self, partition: Partition) -> BoxStream<'_, Result<Recovered, ReadError>> {
        let count = self.recoveries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(count % 3 != 1, "a bug in every third recovery");
        self.log.recover(partition)
    }
    fn save_snapshot(
        &self,
        address: &RunAddress,
        snapshot: Snapshot,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        self.log.save_snapshot(address, snapshot)
    }
    fn load_snapshot(
        &self,
        address: &RunAddress,
    ) -> BoxFuture<'_, Result<Option<Snapshot>, ReadError>> {
        self.log.load_snapshot(address)
    }
    fn retire(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        self.log.retire(address)
    }
    fn checkpoint(
        &self,
        partition: Partition,
        through: Sequence,
    ) -> BoxFuture<'_, Result<(), AppendError>> {
        self.log.checkpoint(partition, through)
    }
    fn purge(&self, address: &RunAddress) -> BoxFuture<'_, Result<(), AppendError>> {
        self.log.purge(address)
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_panics_again_and_again_is_quarantined_and_no_other() {
    let log = Arc::new(Buggy {
        log: steadfast_sim::MemLog::new(),
        panics: Default::default(),
        recoveries: Default::default(),
    });
    let engine = Engine::start(config(), paused_world(log.clone())).await.unwrap();
    engine.start_workflow(start_request("bad"), soon()).await.unwrap();
    engine.start_workflow(start_request("good"), soon()).await.unwrap();
    let bad = target("bad");
    let signal = Signal { name: "x".to_owned(), request_id: "x".into(), ..Signal::default() };
    // The handle sends a signal with an id again, which makes it fail again.
    let refused = engine.signal(&bad, signal, soon()).await;
    assert!(matches!(refused, Err(EngineError::Quarantined(_))), "{refused:?}");
    assert_eq!(log.panics.load(std::sync::atomic::Ordering::Relaxed), 3);
    let described = engine.describe(&bad, soon()).await.unwrap();
    assert!(described.quarantine.unwrap().contains("a bug"));
    assert_eq!(history_of(&engine, &bad).await.lines().count(), 2);
    let good = target("good");
    engine
        .signal(&good, Signal { name: "x".to_owned(), ..Signal::default() }, soon())
        .await
        .unwrap();
    engine.resume_quarantined(&bad, soon()).await.unwrap();
    assert!(engine.describe(&bad, soon()).await.unwrap().quarantine.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_dies_is_started_again_and_recovers() {
    let memory = steadfast_sim::MemLog::new();
    let first = Engine::start(config(), paused_world(Arc::new(memory.clone()))).await.unwrap();
    for id in ["a", "b", "c", "d"] {
        let request = start_request(id);
        first.start_workflow(request, soon()).await.unwrap();
    }
    first.shutdown().await;
    let log = Arc::new(Buggy {
        log: memory.reconnect(),
        panics: Default::default(),
        recoveries: Default::default(),
    });
    let engine = Engine::start(config(), paused_world(log.clone())).await.unwrap();
    for _ in 0..4 {
        let task = workflow_task(&engine).await;
        let completion = Completion { commands: vec![finish()], ..Completion::default() };
        let completed = engine.complete_workflow_task(&task.token, completion, soon());
        completed.await.unwrap();
    }
    assert!(log.recoveries.load(std::sync::atomic::Ordering::Relaxed) > 2);
}
