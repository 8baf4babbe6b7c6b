//! The measured workflows and their activity.

use std::time::Duration;

use steadfast_sdk::{
    activity::{ActivityContext, ActivityError},
    workflow::{WorkflowContext, WorkflowError},
};

/// One activity.
pub(crate) async fn one_step(ctx: WorkflowContext, text: String) -> Result<String, WorkflowError> {
    Ok(ctx.activity::<String>("greet", text).await?)
}

/// One signal.
pub(crate) async fn waiting(ctx: WorkflowContext, (): ()) -> Result<(), WorkflowError> {
    let go = ctx.signal::<()>("go");
    go.recv().await?;
    Ok(())
}

/// Many activities, one after the other.
pub(crate) async fn long(ctx: WorkflowContext, steps: u32) -> Result<u32, WorkflowError> {
    for step in 0..steps {
        ctx.activity::<String>("greet", step.to_string())
            .start_to_close(Duration::from_secs(60))
            .await?;
    }
    Ok(steps)
}

pub(crate) async fn greet(_: ActivityContext, text: String) -> Result<String, ActivityError> {
    Ok(format!("hello {text}"))
}
