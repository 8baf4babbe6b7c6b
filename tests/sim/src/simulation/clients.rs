//! Simulated clients: each starts one workflow, signals it if it waits for that, and sees it end.
//!
//! Every request carries its own id and is repeated until it is answered, as the engine's errors ask.

use steadfast_core::{Execution, RunKey, input::Signal, run::Status, start::StartRequest};
use steadfast_engine::{
    EngineError,
    api::{HistoryRequest, StartWorkflow, Target},
};

use super::{
    Stage,
    script::{QUEUE, STEPS, Script},
    script_of, soon,
    workers::pause,
};

/// The tenant of all simulated workflows.
pub(crate) const NAMESPACE: &str = "sim";

/// How one workflow ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Its first run.
    pub(crate) first: RunKey,
    /// How its last run closed.
    pub(crate) status: Status,
}

/// Starts workflow `number`, and waits for its end.
pub(crate) async fn order(stage: Stage, number: u32) -> anyhow::Result<Ended> {
    let script = script_of(number);
    let workflow_id = format!("{} {number}.*>", script.name());
    let first = start(&stage, script, &workflow_id).await?;
    if script == Script::Signals {
        for signal in 0..STEPS {
            send(&stage, &workflow_id, signal).await?;
        }
    }
    let status = wait(&stage, &workflow_id).await?;
    Ok(Ended { first, status })
}

async fn start(stage: &Stage, script: Script, workflow_id: &str) -> anyhow::Result<RunKey> {
    let request = StartRequest {
        workflow_type: script.name().into(),
        task_queue: QUEUE.into(),
        request_id: format!("start {workflow_id}").into(),
        ..StartRequest::default()
    };
    loop {
        let start = StartWorkflow {
            namespace: NAMESPACE.into(),
            workflow_id: workflow_id.into(),
            request: request.clone(),
            signal: None,
            traceparent: None,
        };
        match stage.engine().start_workflow(start, soon()).await {
            Ok(started) => {
                return Ok(RunKey {
                    namespace: NAMESPACE.into(),
                    workflow_id: workflow_id.into(),
                    run_id: started.run_id,
                });
            }
            Err(error) => retry(error).await?,
        }
    }
}

async fn send(stage: &Stage, workflow_id: &str, number: usize) -> anyhow::Result<()> {
    loop {
        let signal = Signal {
            name: "go".to_owned(),
            request_id: format!("{workflow_id} {number}").into(),
            ..Signal::default()
        };
        match stage.engine().signal(&target(workflow_id), signal, soon()).await {
            Ok(()) => return Ok(()),
            Err(error) => retry(error).await?,
        }
    }
}

/// Follows the chain of runs to its end.
async fn wait(stage: &Stage, workflow_id: &str) -> anyhow::Result<Status> {
    loop {
        let request = HistoryRequest {
            from_event_id: 1,
            max_events: 1,
            wait_new: true,
            close_event_only: true,
        };
        match stage.engine().history(&target(workflow_id), request, soon()).await {
            Ok(page) if page.status == Status::ContinuedAsNew || page.status.is_open() => {
                pause().await;
            }
            Ok(page) => return Ok(page.status),
            Err(error) => retry(error).await?,
        }
    }
}

/// Errors that ask to try again are tried again; any other ends the simulation.
async fn retry(error: EngineError) -> anyhow::Result<()> {
    match error {
        EngineError::Unavailable(_)
        | EngineError::DeadlineExceeded(_)
        | EngineError::ShuttingDown
        | EngineError::Exhausted { .. } => {
            pause().await;
            Ok(())
        }
        EngineError::NotFound { .. }
        | EngineError::NamespaceNotFound(_)
        | EngineError::Rejected(_)
        | EngineError::Quarantined(_)
        | EngineError::QueryFailed(_) => Err(error.into()),
    }
}

fn target(workflow_id: &str) -> Target {
    let execution = Execution { workflow_id: workflow_id.into(), ..Execution::default() };
    Target { namespace: NAMESPACE.into(), execution }
}
