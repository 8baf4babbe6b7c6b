//! The fine print of starts: what a taken id leads to, and what goes along with a start.

use steadfast_core::{
    Command, Rejection,
    command::{AcceptUpdate, CommandKind, ContinueAsNew},
    event::{UpdateOutcome, UpdateRequest},
    run::Status,
    start::{OnConflict, WorkflowIdConflictPolicy},
};
use steadfast_engine::{EngineConfig, EngineError, api::*};

use crate::world::*;

fn with(id: &str, request_id: &str, policy: WorkflowIdConflictPolicy) -> StartWorkflow {
    let mut start = start_request(id);
    start.request.request_id = request_id.into();
    start.request.conflict_policy = policy;
    start
}

fn update(id: &str) -> UpdateWorkflow {
    let request =
        UpdateRequest { update_id: id.into(), name: "set".to_owned(), ..UpdateRequest::default() };
    UpdateWorkflow {
        request,
        wait: UpdateWait::Completed,
        first_execution_run_id: Default::default(),
    }
}

fn accept(id: &str) -> Vec<Command> {
    let accepted = AcceptUpdate { update_id: id.into(), ..AcceptUpdate::default() };
    let outcome = UpdateOutcome::Success(json("7"));
    let complete = CommandKind::CompleteUpdate { update_id: id.into(), outcome };
    vec![CommandKind::AcceptUpdate(Box::new(accepted)).into(), complete.into()]
}

#[tokio::test(start_paused = true)]
async fn a_start_attaches_to_the_run_it_finds_and_is_recognised_by_that() {
    let world = TestWorld::new().await;
    let first = world.start("taken").await;
    let mut second = with("taken", "second", WorkflowIdConflictPolicy::UseExisting);
    second.request.on_conflict = Some(OnConflict { request_id: true, ..OnConflict::default() });
    for _ in 0..2 {
        let found = world.engine.start_workflow(second.clone(), soon()).await.unwrap();
        assert_eq!((found.run_id, found.started), (first.run_id.clone(), false));
    }
    assert!(world.history("taken").await.ends_with("3 WorkflowExecutionOptionsUpdated"));
    // Also where another start would be refused.
    second.request.conflict_policy = WorkflowIdConflictPolicy::Fail;
    world.turn(vec![finish()]).await;
    let found = world.engine.start_workflow(second, soon()).await.unwrap();
    assert_eq!((found.run_id, found.status), (first.run_id, Status::Completed));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_start_is_the_one_that_started_the_run() {
    let world = TestWorld::new().await;
    let request = with("again", "same", WorkflowIdConflictPolicy::Fail);
    let first = world.engine.start_workflow(request.clone(), soon()).await.unwrap();
    let again = world.engine.start_workflow(request, soon()).await.unwrap();
    assert_eq!((again.run_id, again.started), (first.run_id, true));
}

#[tokio::test(start_paused = true)]
async fn an_id_can_be_kept_from_being_used_again_at_once() {
    let config = EngineConfig { workflow_id_reuse_ms: 1_000, ..config() };
    let world = TestWorld::with(config, None).await;
    world.start("quick").await;
    world.turn(vec![finish()]).await;
    let refused = world.engine.start_workflow(start_request("quick"), soon()).await;
    assert!(matches!(refused, Err(EngineError::Rejected(Rejection::TooManyStarts { .. }))));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await; // tidy: paused clock
    world.start("quick").await;
}

#[tokio::test(start_paused = true)]
async fn an_eager_start_answers_with_the_first_task() {
    let mut world = TestWorld::new().await;
    let mut request = start_request("eager");
    request.request.request_eager_execution = true;
    let started = world.engine.start_workflow(request.clone(), soon()).await.unwrap();
    let task = started.task.expect("the first task");
    assert_eq!(task.history.len(), 2);
    world.complete(&task, vec![timer("t", 5)]).await;
    // The client dies with its task: another worker gets it.
    request.workflow_id = "lost".into();
    let started = world.engine.start_workflow(request.clone(), soon()).await.unwrap();
    assert!(started.task.is_some());
    world.crash().await;
    let task = world.workflow_task().await;
    assert_eq!(task.run.workflow_id.as_str(), "lost");
    // Nothing to hand out yet.
    request.workflow_id = "delayed".into();
    request.request.start_delay = steadfast_core::Span::from_secs(5);
    let started = world.engine.start_workflow(request, soon()).await.unwrap();
    assert!(started.task.is_none());
    let described = world.engine.describe(&target("delayed"), soon()).await.unwrap().run;
    assert!(!described.started.eager_execution_accepted);
}

#[tokio::test(start_paused = true)]
async fn an_update_comes_with_the_first_task_of_the_run_it_starts() {
    let world = TestWorld::new().await;
    let worker = async {
        let task = world.workflow_task().await;
        assert_eq!(task.task.updates.len(), 1, "with the first task");
        world.complete(&task, accept("u")).await;
    };
    let start = with("both", "one", WorkflowIdConflictPolicy::UseExisting);
    let both = world.engine.update_with_start(start, update("u"), soon());
    let (both, ()) = tokio::join!(both, worker);
    let (started, answer) = both.unwrap();
    assert!(started.started);
    assert_eq!(answer.outcome, Some(UpdateOutcome::Success(json("7"))));
    // The run is there now: the same update is known, another one goes to the same run.
    let start = with("both", "two", WorkflowIdConflictPolicy::UseExisting);
    let (again, known) =
        world.engine.update_with_start(start.clone(), update("u"), soon()).await.unwrap();
    assert_eq!((again.started, again.run_id.clone()), (false, started.run_id.clone()));
    assert_eq!(known.outcome, answer.outcome);
    let worker = async {
        world.turn(accept("v")).await;
    };
    let (other, ()) =
        tokio::join!(world.engine.update_with_start(start, update("v"), soon()), worker);
    assert_eq!(other.unwrap().0.run_id, started.run_id);
}

#[tokio::test(start_paused = true)]
async fn of_a_start_with_an_update_each_hears_what_became_of_it() {
    let world = TestWorld::new().await;
    let bad = UpdateWorkflow { request: UpdateRequest::default(), ..update("u") };
    let start = with("refused", "one", WorkflowIdConflictPolicy::UseExisting);
    let refused = world.engine.update_with_start(start, bad, soon()).await.unwrap_err();
    assert!(matches!(refused.start, OperationFate::Aborted), "{refused:?}");
    assert!(matches!(refused.update, OperationFate::Failed(EngineError::Rejected(_))));
    let gone = world.engine.describe(&target("refused"), soon()).await;
    assert!(matches!(gone, Err(EngineError::NotFound { .. })), "nothing was started");
    world.start("open").await;
    let start = with("open", "two", WorkflowIdConflictPolicy::Fail);
    let refused = world.engine.update_with_start(start, update("u"), soon()).await.unwrap_err();
    assert!(matches!(
        refused.start,
        OperationFate::Failed(EngineError::Rejected(Rejection::AlreadyStarted { .. }))
    ));
    assert!(matches!(refused.update, OperationFate::Aborted));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_meets_the_end_of_a_run_goes_to_its_successor() {
    let world = TestWorld::new().await;
    let first = world.start("on").await;
    let task = world.workflow_task().await;
    let worker = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await; // tidy: paused clock
        let go_on: Command = CommandKind::ContinueAsNew(Box::<ContinueAsNew>::default()).into();
        let refused = world
            .engine
            .complete_workflow_task(
                &task.token,
                Completion { commands: vec![go_on.clone()], ..Completion::default() },
                soon(),
            )
            .await;
        assert!(refused.is_err(), "it must see the update first");
        let task = world.workflow_task().await;
        assert_eq!(task.task.updates.len(), 1);
        world.complete(&task, vec![go_on]).await;
        let mut task = world.workflow_task().await;
        assert_ne!(task.run.run_id, first.run_id);
        // The update may come a moment after the first task.
        if task.task.updates.is_empty() {
            world.complete(&task, vec![]).await;
            task = world.workflow_task().await;
        }
        assert_eq!(task.task.updates.len(), 1, "the same update");
        world.complete(&task, accept("u")).await;
    };
    let target = target("on");
    let (answer, ()) = tokio::join!(world.engine.update(&target, update("u"), soon()), worker);
    assert_ne!(answer.unwrap().run.run_id, first.run_id);
}
