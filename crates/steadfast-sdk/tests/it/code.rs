//! The workflows and activities of these tests.

use std::time::Duration;

use steadfast_sdk::{
    activity::{ActivityContext, ActivityDefinition, ActivityError},
    workflow::{Saga, WorkflowContext, WorkflowDefinition, WorkflowError, Workflows, try_join},
};

pub(crate) fn workflows() -> Vec<WorkflowDefinition> {
    vec![
        WorkflowDefinition::new("Story", story),
        WorkflowDefinition::new("Shipment", shipment),
        WorkflowDefinition::new("Counter", counter),
        WorkflowDefinition::new("Saga", saga),
        WorkflowDefinition::new("Patient", patient),
        WorkflowDefinition::new("Watch", watch),
        WorkflowDefinition::new("Locals", locals),
    ]
}

pub(crate) fn registry() -> Workflows {
    let mut registry = Workflows::new();
    for definition in workflows() {
        registry.add(definition);
    }
    registry
}

pub(crate) fn activities() -> Vec<ActivityDefinition> {
    vec![
        ActivityDefinition::new("echo", echo),
        ActivityDefinition::new("flaky", flaky),
        ActivityDefinition::new("fail", fail),
        ActivityDefinition::new("long", long),
    ]
}

async fn echo(_: ActivityContext, text: String) -> Result<String, ActivityError> {
    Ok(text)
}

/// Succeeds with its third attempt.
async fn flaky(ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
    let before: Option<i32> = ctx.heartbeat_details()?;
    ctx.heartbeat(ctx.info().attempt)?;
    if ctx.info().attempt < 3 {
        let error = ActivityError::retryable("Busy", "not yet");
        return Err(error.next_retry_delay(Duration::from_millis(10)));
    }
    Ok(format!("{text} after {before:?}"))
}

async fn fail(_: ActivityContext, kind: String) -> Result<(), ActivityError> {
    Err(ActivityError::non_retryable(kind, "as asked").details("more"))
}

/// Works until it is told to stop.
async fn long(ctx: ActivityContext, _: ()) -> Result<(), ActivityError> {
    let mut beats = 0_u32;
    while !ctx.is_cancelled() {
        beats += 1;
        ctx.heartbeat(beats)?;
        let pause = tokio::time::sleep(Duration::from_millis(20)); // tidy: simulated work
        tokio::select! { () = pause => {}, () = ctx.cancelled() => {} }
    }
    Err(ActivityError::canceled().details(beats))
}

/// A bit of everything.
async fn story(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    let stage = ctx.shared("begun");
    let look = stage.clone();
    ctx.on_query("stage", move |()| look.get());
    let (left, right) = try_join(
        ctx.activity::<String>("echo", format!("{name}-left")),
        ctx.activity::<String>("echo", format!("{name}-right")),
    )
    .await?;
    let flaky: String = ctx.activity("flaky", &name).heartbeat(Duration::from_secs(5)).await?;
    ctx.sleep(Duration::from_millis(50)).await?;
    let id = ctx.side_effect(|| uuid::Uuid::new_v4().to_string()).await?;
    let drawn = ctx.uuid();
    stage.set("waiting");
    let approved: bool = ctx.signal("approval").recv().await?;
    let new_way = ctx.patched("new-way");
    let shipped: String = ctx.child("Shipment", &name).await?;
    let failed = ctx.activity::<()>("fail", "Refused").await;
    let failed = failed.err().and_then(|error| error.kind().map(str::to_owned));
    ctx.upsert_memo_field("approved", approved)?;
    stage.set("done");
    let same = ctx.activity::<String>("echo", &id).await? == id;
    Ok(format!(
        "{left} {right} {flaky} {approved} {new_way} {shipped} {failed:?} {same} {}",
        drawn.get_version_num()
    ))
}

/// Continues as new twice, then ships.
async fn shipment(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    if name.matches('+').count() < 2 {
        return ctx.continue_as_new(format!("{name}+"));
    }
    Ok(format!("shipped {name}"))
}

/// Adds what updates bring, until it is told to end.
async fn counter(ctx: WorkflowContext, start: u32) -> Result<u32, WorkflowError> {
    let total = ctx.shared(start);
    let (sum, inner) = (total.clone(), ctx.clone());
    ctx.on_update(
        "add",
        |step: &u32| match step % 2 {
            0 => Ok(()),
            _ => Err(WorkflowError::application("Odd", "only even steps")),
        },
        move |step: u32| {
            let (sum, ctx) = (sum.clone(), inner.clone());
            async move {
                ctx.activity::<String>("echo", "slowly").await?;
                Ok(sum.update(|sum| {
                    *sum += step;
                    *sum
                }))
            }
        },
    );
    ctx.signal::<()>("end").recv().await?;
    ctx.all_updates_handled().await?;
    Ok(total.get())
}

/// Fails at its last step, and undoes the others.
async fn saga(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
    let mut saga = Saga::new(&ctx);
    for step in ["reserve", "hold"] {
        ctx.activity::<String>("echo", step).await?;
        saga.compensate(step, move |ctx| async move {
            ctx.activity::<String>("echo", format!("undo {step}")).await?;
            Ok(())
        });
    }
    let last = ctx.activity::<()>("fail", "Broken").await;
    saga.finish(last.map_err(WorkflowError::from)).await
}

/// Waits for an activity that only ends when it is cancelled.
async fn patient(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
    use steadfast_sdk::workflow::CancellationType;

    let long = ctx.activity::<()>("long", ()).heartbeat(Duration::from_secs(2));
    Ok(long.cancellation(CancellationType::WaitCompleted).await?)
}

/// Signals another workflow.
async fn watch(ctx: WorkflowContext, other: String) -> Result<String, WorkflowError> {
    let lost = ctx.external("nobody").signal("hello", &()).await;
    ctx.external(other.as_str()).signal("approval", &true).await?;
    Ok(lost.err().map(|error| error.to_string()).unwrap_or_default())
}

async fn locals(ctx: WorkflowContext, name: String) -> Result<String, WorkflowError> {
    let (local, remote) = try_join(
        ctx.local_activity::<String>("echo", &name),
        ctx.activity::<String>("echo", &name),
    )
    .await?;
    let failed = ctx.local_activity::<()>("fail", "Local").await;
    Ok(format!("{local} {remote} {:?}", failed.err().and_then(|it| it.kind().map(str::to_owned))))
}
