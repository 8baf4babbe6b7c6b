//! Signals, queries, updates, messages to other workflows.

use std::time::Duration;

use super::{super::TestWorld, History};
use crate::{
    activity::{ActivityContext, ActivityError},
    testing::{Replayer, TestError},
    workflow::{WorkflowContext, WorkflowError},
};

async fn screen(_: ActivityContext, _: String) -> Result<bool, ActivityError> {
    Ok(false)
}

/// The article's loan approval.
async fn approval(ctx: WorkflowContext, id: String) -> Result<String, WorkflowError> {
    let approved = ctx.shared(None::<bool>);
    let (set, look) = (approved.clone(), approved.clone());
    ctx.on_signal("approval", move |value: bool| set.set(Some(value)));
    ctx.on_query("approved", move |_: ()| look.get());
    if ctx.activity::<bool>("screen", &id).await? {
        return Ok("rejected early".to_owned());
    }
    let look = approved.clone();
    ctx.wait_until(move || look.get().is_some()).await?;
    Ok(format!("{id} {:?}", approved.get()))
}

fn approvals() -> TestWorld {
    TestWorld::new().workflow("Loan", approval).activity("screen", screen)
}

#[test]
fn a_signal_ends_the_wait_before_or_after_it_began() {
    let mut early = approvals().start("Loan", "early");
    early.signal("approval", true);
    assert_eq!(early.result::<String>().unwrap(), "early Some(true)");

    let mut late = approvals().start("Loan", "late");
    late.settle().unwrap();
    assert_eq!(late.query::<Option<bool>>("approved", ()).unwrap(), None);
    assert!(matches!(late.result::<String>(), Err(TestError::Blocked(_))));
    late.signal("approval", false);
    assert_eq!(late.result::<String>().unwrap(), "late Some(false)");
    assert_eq!(late.query::<Option<bool>>("approved", ()).unwrap(), Some(false));
}

#[test]
fn channels_keep_every_signal_in_order() {
    async fn collect(ctx: WorkflowContext, wanted: usize) -> Result<Vec<u32>, WorkflowError> {
        let numbers = ctx.signal::<u32>("number");
        let mut got = Vec::new();
        while got.len() < wanted {
            got.push(numbers.recv().await?);
        }
        assert_eq!(numbers.len(), 1);
        got.extend(numbers.try_recv().transpose()?);
        Ok(got)
    }
    let mut run = TestWorld::new().workflow("W", collect).start("W", 3);
    run.signal("number", 1);
    run.settle().unwrap();
    for number in [2, 3, 4] {
        run.signal("number", number);
    }
    assert_eq!(run.result::<Vec<u32>>().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn a_wait_with_a_limit_ends() {
    async fn limited(ctx: WorkflowContext, _: ()) -> Result<bool, WorkflowError> {
        let go = ctx.shared(false);
        let (set, look) = (go.clone(), go);
        ctx.on_signal("go", move |()| set.set(true));
        Ok(ctx.wait_until_for(Duration::from_secs(30), move || look.get()).await?)
    }
    let world = TestWorld::new().workflow("W", limited);
    assert!(!world.start("W", ()).result::<bool>().unwrap());
    let mut signalled = world.start("W", ());
    signalled.settle().unwrap();
    signalled.signal("go", ());
    assert!(signalled.result::<bool>().unwrap());
    assert!(signalled.event_names().contains(&"TimerCanceled"));
}

#[test]
fn a_query_that_would_change_the_workflow_fails_alone() {
    async fn nosy(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        let inner = ctx.clone();
        ctx.on_query("bad", move |_: ()| inner.upsert_memo(Default::default()));
        ctx.on_query_fallible("refuse", |_: ()| -> Result<(), _> {
            Err(WorkflowError::application("Refused", "not today"))
        });
        ctx.signal::<()>("end").recv().await
    }
    let mut run = TestWorld::new().workflow("W", nosy).start("W", ());
    let bad = run.query::<()>("bad", ()).unwrap_err().to_string();
    assert!(bad.contains("must not change the workflow"), "{bad}");
    assert!(run.query::<()>("refuse", ()).unwrap_err().to_string().contains("not today"));
    let unknown = run.query::<()>("what", ()).unwrap_err().to_string();
    assert!(unknown.contains("answers [bad, refuse]"), "{unknown}");
    assert_eq!(run.query::<Option<String>>("__stack_trace", ()).unwrap().as_deref(), Some(""));
    run.signal("end", ());
    run.result::<()>().unwrap();
}

/// A counter that updates change; odd steps are refused, and each takes a while.
async fn counter(ctx: WorkflowContext, _: ()) -> Result<u32, WorkflowError> {
    let total = ctx.shared(0);
    let (sum, inner) = (total.clone(), ctx.clone());
    ctx.on_update(
        "add",
        |step: &u32| match step % 2 {
            0 => Ok(()),
            _ => Err(WorkflowError::application("Odd", format!("{step} is odd"))),
        },
        move |step: u32| {
            let (sum, ctx) = (sum.clone(), inner.clone());
            async move {
                ctx.sleep(Duration::from_secs(1)).await?;
                sum.update(|sum| *sum += step);
                Ok(sum.get())
            }
        },
    );
    ctx.signal::<()>("end").recv().await?;
    ctx.all_updates_handled().await?;
    Ok(total.get())
}

#[test]
fn updates_are_validated_handled_and_replayed() {
    let mut run = TestWorld::new().workflow("W", counter).start("W", ());
    assert_eq!(run.update::<u32>("add", 2).unwrap(), 2);
    let odd = run.update::<u32>("add", 3).unwrap_err().to_string();
    assert!(odd.contains("3 is odd"), "{odd}");
    assert_eq!(run.update::<u32>("add", 4).unwrap(), 6);
    let unknown = run.update::<u32>("sub", 4).unwrap_err().to_string();
    assert!(unknown.contains("unknown update \"sub\""), "{unknown}");
    run.signal("end", ());
    assert_eq!(run.result::<u32>().unwrap(), 6);
    let accepted = run.event_names();
    let accepted = accepted.iter().filter(|name| **name == "WorkflowExecutionUpdateAccepted");
    assert_eq!(accepted.count(), 2);
}

#[test]
fn messages_to_other_workflows_are_confirmed() {
    async fn sender(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let other = ctx.external("other");
        other.signal("hello", "there").await?;
        other.cancel("enough").await?;
        Ok("sent".to_owned())
    }
    let mut run = TestWorld::new().workflow("W", sender).start("W", ());
    assert_eq!(run.result::<String>().unwrap(), "sent");

    let mut history = History::started("W", ());
    history.task();
    let initiated_event_id =
        history.push(steadfast_core::event::SignalExternalWorkflowExecutionInitiated {
            execution: steadfast_core::Execution {
                workflow_id: "other".into(),
                ..Default::default()
            },
            signal_name: "hello".to_owned(),
            ..Default::default()
        });
    history.push(steadfast_core::event::SignalExternalWorkflowExecutionFailed {
        initiated_event_id,
        cause: steadfast_core::event::ExternalFailedCause::ExternalWorkflowExecutionNotFound,
        ..Default::default()
    });
    history.task();
    history.push(steadfast_core::event::WorkflowExecutionFailed::default());
    Replayer::new().workflow("W", sender).replay(&history).unwrap();
}
