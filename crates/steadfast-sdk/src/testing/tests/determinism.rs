//! Code that does not do what its history says.

use std::time::Duration;

use super::{super::Replayer, History, sequential, sequential_history};
use crate::workflow::{WorkflowContext, WorkflowError};

fn difference(replayer: &Replayer, history: &History) -> String {
    let error = replayer.replay(history).unwrap_err();
    error.non_determinism().unwrap_or_else(|| panic!("not a difference: {error}")).to_string()
}

async fn reordered(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    let second: String = ctx.activity("second", &name).await?;
    Ok(ctx.activity("first", &second).await?)
}

async fn renamed(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    let first: String = ctx.activity("first", &name).await?;
    Ok(ctx.activity("zweite", &first).await?)
}

async fn shortened(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    Ok(ctx.activity("first", &name).await?)
}

async fn napping(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    ctx.sleep(Duration::from_secs(5)).await?;
    sequential(ctx, name).await
}

fn finished() -> History {
    let (mut history, _) = sequential_history();
    history.task();
    let second = history.activity("2", "second");
    history.activity_completed(second, "two");
    history.task();
    history.completed("two");
    history
}

#[test]
fn the_same_code_fits() {
    Replayer::new().workflow("W", sequential).replay(&finished()).unwrap();
}

#[test]
fn reordered_activities_are_found() {
    assert_eq!(
        difference(&Replayer::new().workflow("W", reordered), &finished()),
        "non-determinism at event 5: history says ActivityTaskScheduled \"first\" (id \"1\"), but \
         the code asked for activity \"second\" (id \"1\")"
    );
}

#[test]
fn a_renamed_activity_is_found() {
    assert_eq!(
        difference(&Replayer::new().workflow("W", renamed), &finished()),
        "non-determinism at event 11: history says ActivityTaskScheduled \"second\" \
         (id \"2\"), but the code asked for activity \"zweite\" (id \"2\")"
    );
}

#[test]
fn a_removed_activity_is_found() {
    assert_eq!(
        difference(&Replayer::new().workflow("W", shortened), &finished()),
        "non-determinism at event 11: history says ActivityTaskScheduled \"second\" \
         (id \"2\"), but the code asked for completing the workflow"
    );
}

#[test]
fn an_added_timer_is_found() {
    assert_eq!(
        difference(&Replayer::new().workflow("W", napping), &finished()),
        "non-determinism at event 5: history says ActivityTaskScheduled \"first\" (id \"1\"), but \
         the code asked for timer \"1\" of 5s"
    );
}

#[test]
fn a_removed_timer_is_found() {
    let mut history = History::started("W", "in");
    history.task();
    let timer = history.timer("1", Duration::from_secs(5).into());
    history.timer_fired("1", timer);
    history.task();
    history.activity("1", "first");
    assert_eq!(
        difference(&Replayer::new().workflow("W", sequential), &history),
        "non-determinism at event 5: history says TimerStarted \"1\" of 5s, but the code asked for \
         activity \"first\" (id \"1\")"
    );
    Replayer::new().workflow("W", napping).replay(&history).unwrap();
}

#[test]
fn code_that_asks_for_more_is_found() {
    async fn greedy(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
        let both = futures::future::join(
            ctx.activity::<String>("first", &name),
            ctx.activity::<String>("extra", &name),
        );
        let (first, _) = both.await;
        Ok(first?)
    }
    assert_eq!(
        difference(&Replayer::new().workflow("W", greedy), &finished()),
        "non-determinism at event 6: history says nothing more came of it before \
         ActivityTaskStarted, but the code asked for activity \"extra\" (id \"2\")"
    );
}

#[test]
fn code_that_ends_otherwise_is_found() {
    async fn fails(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
        sequential(ctx, name).await?;
        Err(WorkflowError::application("No", "changed my mind"))
    }
    assert_eq!(
        difference(&Replayer::new().workflow("W", fails), &finished()),
        "non-determinism at event 17: history says WorkflowExecutionCompleted, but the \
         code asked for failing the workflow (changed my mind)"
    );
}

#[test]
fn a_failed_workflow_task_is_skipped_and_voids_what_it_ran() {
    use steadfast_core::event::WorkflowTaskFailed;

    use crate::workflow::{ActivateError, Activation, WorkflowDefinition, WorkflowInstance};

    let (mut history, _) = sequential_history();
    let started_event_id = history.task_started();
    let mut instance =
        WorkflowInstance::new(WorkflowDefinition::new("W", sequential), history.run());
    let live = |history: &History| Activation {
        history: history.events().to_vec(),
        live: true,
        updates: Vec::new(),
    };
    instance.activate(live(&history)).unwrap();
    history.push(WorkflowTaskFailed { started_event_id, ..Default::default() });
    history.task_started();
    let error = instance.activate(live(&history)).unwrap_err();
    assert!(matches!(error, ActivateError::Stale(id) if id == started_event_id), "{error}");
    let mut fresh = WorkflowInstance::new(WorkflowDefinition::new("W", sequential), history.run());
    fresh.activate(live(&history)).unwrap();
}

#[test]
fn a_history_survives_json() {
    let json = serde_json::to_string(finished().events()).unwrap();
    let replayer = Replayer::new().workflow("W", sequential);
    assert!(replayer.replay_json(&json).unwrap().is_closed());
    replayer.replay_json("[]").unwrap_err();
}
