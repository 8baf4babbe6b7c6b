//! Completion callbacks: told after a durable close, until somebody accepts them, whatever dies.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use steadfast_core::{RunId, run::Status, run::callback::State};
use steadfast_engine::{
    api::Target,
    ports::{CallbackCall, CallbackCaller, CallbackError, Log},
};
use steadfast_sim::MemLog;

use crate::world::*;

/// What a callee does with a call.
enum Answer {
    Accept,
    Refuse,
    RefuseForGood,
    Hang,
}

/// Answers as it is told, then accepts; looks into the log whether what it hears is durable.
struct Callee {
    log: MemLog,
    answers: Mutex<VecDeque<Answer>>,
    heard: Mutex<Vec<i32>>,
}

impl Callee {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        Arc::new(Self { log: MemLog::new(), answers, heard: Mutex::default() })
    }

    async fn world(self: &Arc<Self>) -> TestWorld {
        TestWorld::calling(self.log.clone(), self.clone()).await
    }

    fn heard(&self) -> Vec<i32> {
        self.heard.lock().unwrap().clone()
    }

    async fn hear(&self, call: CallbackCall) -> Result<(), CallbackError> {
        let address = address(call.run.workflow_id.as_str(), &call.run.run_id);
        let log = self.log.reconnect();
        let heads = log.heads(address.partition, &call.run.workflow()).await.unwrap();
        let head = heads.iter().find(|head| head.address == address).unwrap();
        assert!(!head.status.is_open(), "DUR-1: told of a close that is not written");
        self.heard.lock().unwrap().push(call.attempt);
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Accept);
        match answer {
            Answer::Accept => Ok(()),
            Answer::Refuse => Err(CallbackError::Retryable("refused".to_owned())),
            Answer::RefuseForGood => Err(CallbackError::Final("go away".to_owned())),
            Answer::Hang => std::future::pending().await,
        }
    }
}

impl CallbackCaller for Callee {
    fn call(&self, call: CallbackCall) -> BoxFuture<'_, Result<(), CallbackError>> {
        self.hear(call).boxed()
    }

    fn destination(&self, callback: &Bytes) -> String {
        String::from_utf8_lossy(callback).into_owned()
    }
}

async fn start(world: &TestWorld, id: &str, callback: bool) -> RunId {
    let mut request = start_request(id);
    if callback {
        request.request.completion_callbacks = vec![Bytes::from_static(b"somebody")];
    }
    world.engine.start_workflow(request, soon()).await.unwrap().run_id
}

fn run(id: &str, run_id: &RunId) -> Target {
    let mut target = target(id);
    target.execution.run_id = run_id.clone();
    target
}

async fn state(world: &TestWorld, target: &Target) -> State {
    let described = world.engine.describe(target, soon()).await.unwrap();
    described.run.callbacks[0].state(described.at)
}

async fn settled(world: &TestWorld, target: &Target) -> State {
    until("the callback is settled", async || {
        matches!(state(world, target).await, State::Succeeded | State::Failed)
    })
    .await;
    state(world, target).await
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_until_it_is_accepted() {
    let callee = Callee::new([Answer::Refuse, Answer::Refuse]);
    let world = callee.world().await;
    start(&world, "order", true).await;
    assert_eq!(state(&world, &target("order")).await, State::Standby);
    world.turn(vec![finish()]).await;
    assert_eq!(settled(&world, &target("order")).await, State::Succeeded);
    assert_eq!(callee.heard(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_final_refusal_is_the_end() {
    let callee = Callee::new([Answer::RefuseForGood]);
    let world = callee.world().await;
    start(&world, "order", true).await;
    world.turn(vec![finish()]).await;
    assert_eq!(settled(&world, &target("order")).await, State::Failed);
    assert_eq!(callee.heard(), [1]);
}

#[tokio::test(start_paused = true)]
async fn it_is_given_up_after_three_days() {
    let callee = Callee::new(std::iter::repeat_with(|| Answer::Refuse).take(1_000));
    let world = callee.world().await;
    start(&world, "order", true).await;
    world.turn(vec![finish()]).await;
    tokio::time::sleep(Duration::from_secs(4 * 86_400)).await; // tidy: paused clock
    assert_eq!(state(&world, &target("order")).await, State::Failed);
    // Twelve doublings to an hour, then about an hour each, a little less by chance.
    let tries = callee.heard().len();
    assert!((82..=105).contains(&tries), "{tries} tries");
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_close_and_the_answer_leads_to_another_try() {
    let callee = Callee::new([Answer::Hang]);
    let mut world = callee.world().await;
    start(&world, "order", true).await;
    world.turn(vec![finish()]).await;
    until("the callee hears of it", async || callee.heard() == [1]).await;
    world.crash().await;
    assert_eq!(settled(&world, &target("order")).await, State::Succeeded);
    assert_eq!(callee.heard(), [1, 1]);
    // That it was accepted is durable too.
    world.crash().await;
    assert_eq!(state(&world, &target("order")).await, State::Succeeded);
    assert_eq!(callee.heard(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_next_try_leaves_memory_and_a_crash_does_not_forget_it() {
    let callee = Callee::new(std::iter::repeat_with(|| Answer::Refuse).take(8));
    let mut world = callee.world().await;
    let run_id = start(&world, "order", true).await;
    world.turn(vec![finish()]).await;
    // The seventh try is half a minute after the sixth, the ninth minutes later.
    until("six tries", async || callee.heard().len() == 6).await;
    let address = address("order", &run_id);
    until("it leaves memory", async || {
        let snapshot = world.log.load_snapshot(&address).await.unwrap();
        snapshot.is_some_and(|snapshot| snapshot.run.callbacks[0].attempt == 6)
    })
    .await;
    world.crash().await;
    tokio::time::sleep(Duration::from_secs(300)).await; // tidy: paused clock
    assert_eq!(settled(&world, &target("order")).await, State::Succeeded);
    assert_eq!(callee.heard(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn an_older_run_that_is_still_calling_is_not_the_newest() {
    let callee = Callee::new(std::iter::repeat_with(|| Answer::Refuse).take(4));
    let mut world = callee.world().await;
    let first = start(&world, "order", true).await;
    world.turn(vec![finish()]).await;
    let second = start(&world, "order", false).await;
    world.turn(vec![finish()]).await;
    assert_eq!(settled(&world, &run("order", &first)).await, State::Succeeded);
    // Nothing of them is in memory: which run is the newest is what the log says.
    world.crash().await;
    let described = world.engine.describe(&target("order"), soon()).await.unwrap();
    assert_eq!(described.run.key().run_id, second);
    let third = start(&world, "order", false).await;
    assert_ne!(third, second);
    world.turn(vec![finish()]).await;
    assert_eq!(world.result("order").await, Status::Completed);
}
