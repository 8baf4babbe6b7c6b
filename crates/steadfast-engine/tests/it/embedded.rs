//! Workflow and activity code in the engine's process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use steadfast_core::{
    EventId, EventKind, RunKey, WorkflowType, input::ActivityOutcome, run::Status,
};
use steadfast_engine::{
    api::*,
    embedded::{Activated, Activation, ActivityHost, WorkflowHost},
    ports::Log,
};
use steadfast_sim::Fault;

use crate::world::*;

/// A workflow of one activity, as a host that caches how far each run is.
#[derive(Default)]
struct OneActivity {
    seen: Mutex<HashMap<RunKey, (EventId, bool)>>,
}

impl WorkflowHost for OneActivity {
    fn workflow_types(&self) -> Vec<WorkflowType> {
        vec!["Order".into()]
    }

    fn cached_through(&self, run: &RunKey) -> EventId {
        self.seen.lock().unwrap().get(run).map_or(0, |(seen, _)| *seen)
    }

    fn activate(&self, activation: Activation) -> Activated {
        let mut all = self.seen.lock().unwrap();
        let (seen, done) = all.entry(activation.run).or_default();
        assert_eq!(activation.from_event_id, *seen + 1);
        for event in &activation.history {
            assert_eq!(event.id, *seen + 1);
            *seen = event.id;
            *done |= matches!(event.kind, EventKind::ActivityTaskCompleted(_));
        }
        assert_eq!(*seen, activation.started_event_id);
        let command = if *done { finish() } else { schedule("a") };
        Activated::Commands(vec![command])
    }

    fn query(&self, activation: Activation, _query: &Query) -> QueryAnswer {
        let seen = self.seen.lock().unwrap();
        let known = seen.contains_key(&activation.run);
        QueryAnswer::Result(json(if known { "true" } else { "false" }))
    }

    fn evict(&self, run: &RunKey) {
        self.seen.lock().unwrap().remove(run);
    }
}

struct Charge;

impl ActivityHost for Charge {
    fn run(&self, _task: PolledActivityTask) -> BoxFuture<'static, Option<ActivityOutcome>> {
        Box::pin(std::future::ready(Some(done())))
    }

    fn concurrency(&self) -> usize {
        8
    }
}

fn host(world: &TestWorld) -> Arc<OneActivity> {
    let host = Arc::new(OneActivity::default());
    world.engine.host_workflows(NAMESPACE.into(), QUEUE.into(), host.clone());
    world.engine.host_activities(NAMESPACE.into(), QUEUE.into(), Arc::new(Charge));
    host
}

#[tokio::test(start_paused = true)]
async fn one_activity_costs_two_appends() {
    let world = TestWorld::new().await;
    host(&world);
    // The activity worker must wait already; then its start shares the record of its schedule.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await; // tidy: paused clock
    let started = world.start("embedded").await;
    assert_eq!(world.result("embedded").await, Status::Completed);
    let records = world.log.read(&address("embedded", &started.run_id), 0).await.unwrap();
    assert_eq!(records.len(), 2, "{records:#?}");
}

#[tokio::test(start_paused = true)]
async fn lost_appends_are_never_seen_by_the_workflow() {
    for fault in [Fault::DropAck, Fault::DropRequest, Fault::Refuse] {
        for skip in 0..3 {
            let world = TestWorld::new().await;
            host(&world);
            world.log.inject(skip, fault);
            world.start("embedded").await;
            assert_eq!(world.result("embedded").await, Status::Completed, "{fault:?} {skip}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn embedded_runs_go_on_after_a_crash_and_answer_queries() {
    let mut world = TestWorld::new().await;
    world.engine.host_workflows(NAMESPACE.into(), QUEUE.into(), Arc::new(OneActivity::default()));
    world.start("embedded").await;
    world.crash().await;
    host(&world);
    assert_eq!(world.result("embedded").await, Status::Completed);
    let query = world.engine.query(&target("embedded"), Query::default(), soon()).await;
    assert!(matches!(query.unwrap(), QueryAnswer::Result(_)));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_comes_late_takes_what_waits() {
    let world = TestWorld::new().await;
    world.start("late").await;
    host(&world);
    assert_eq!(world.result("late").await, Status::Completed);
}
