//! Simulated workers: they mostly do their work, and sometimes forget it, fail it or answer twice.

use steadfast_core::{Failure, Identity, event::WorkflowTaskFailedCause, input::ActivityOutcome};
use steadfast_engine::api::{
    ActivityTarget, Completion, Poll, PolledActivityTask, PolledWorkflowTask, TaskFailure,
};

use super::{Stage, lock, script, soon};

/// A worker that is restarted for ever: what the engine refuses it only means "poll again".
pub(crate) async fn work_on_workflows(stage: Stage, worker: u32) {
    loop {
        let polled = stage.engine().poll_workflow_task(poll(worker), soon()).await;
        match polled {
            Ok(Some(task)) => workflow_task(&stage, task).await,
            Ok(None) | Err(_) => pause().await,
        }
    }
}

/// The same for activities.
pub(crate) async fn work_on_activities(stage: Stage, worker: u32) {
    loop {
        let polled = stage.engine().poll_activity_task(poll(worker), soon()).await;
        match polled {
            Ok(Some(task)) => activity_task(&stage, task).await,
            Ok(None) | Err(_) => pause().await,
        }
    }
}

async fn workflow_task(stage: &Stage, polled: PolledWorkflowTask) {
    if stage.dice.percent(3) {
        return; // Forgotten: the task times out and is offered again.
    }
    let engine = stage.engine();
    if stage.dice.percent(3) {
        let cause = WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure;
        let failure = TaskFailure { cause, failure: None, identity: identity() };
        let _stale = engine.fail_workflow_task(&polled.token, failure, soon()).await;
        return;
    }
    let workflow_id = polled.run.workflow_id.as_str();
    let commands = script::decide(polled.workflow_type.as_str(), workflow_id, &polled.history);
    let completion = Completion { commands, identity: identity(), ..Completion::default() };
    let twice = stage.dice.percent(5).then(|| completion.clone());
    let first = engine.complete_workflow_task(&polled.token, completion, soon()).await;
    if let Some(completion) = twice {
        let second = engine.complete_workflow_task(&polled.token, completion, soon()).await;
        assert!(first.is_err() || second.is_err(), "TASK-2: an answer was accepted twice");
    }
}

async fn activity_task(stage: &Stage, polled: PolledActivityTask) {
    let key = (polled.run.clone(), polled.task.scheduled_event_id, polled.task.attempt);
    *lock(&stage.ledger).entry(key).or_default() += 1;
    if stage.dice.percent(5) {
        return; // The worker dies: the attempt times out.
    }
    let engine = stage.engine();
    let target = ActivityTarget::Token(polled.token);
    let outcome = if stage.dice.percent(20) {
        let failure = Failure::application("Flaky", "the dice said so");
        ActivityOutcome::Failed { failure, last_heartbeat: None }
    } else {
        ActivityOutcome::Completed(Vec::new())
    };
    // A worker repeats its answer until the engine has heard it.
    for _ in 0..20 {
        let answer = engine.resolve_activity(&target, outcome.clone(), identity(), soon()).await;
        match answer {
            Err(steadfast_engine::EngineError::Unavailable(_)) => pause().await,
            Ok(()) | Err(_) => return,
        }
    }
}

fn poll(worker: u32) -> Poll {
    Poll {
        namespace: super::clients::NAMESPACE.into(),
        task_queue: script::QUEUE.into(),
        identity: Identity::new(format!("worker-{worker}")),
        ..Poll::default()
    }
}

fn identity() -> Identity {
    Identity::new("worker")
}

/// Lets simulated time pass, so that a refusal is not asked for again at the same instant.
pub(crate) async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(50)).await; // tidy: poll interval
}
