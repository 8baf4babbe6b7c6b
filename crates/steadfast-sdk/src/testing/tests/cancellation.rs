//! Cancellation and sagas.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use steadfast_core::{Failure, failure::FailureInfo};

use super::{super::TestWorld, History};
use crate::{
    activity::{ActivityContext, ActivityError},
    testing::Replayer,
    workflow::{CancellationType, Saga, WorkflowContext, WorkflowError},
};

#[test]
fn a_cancelled_workflow_stops_waiting_and_closes_as_cancelled() {
    async fn sleepy(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        ctx.sleep(Duration::from_secs(3_600)).await?;
        Ok(())
    }
    let mut run = TestWorld::new().workflow("W", sleepy).start("W", ());
    run.settle().unwrap();
    run.cancel("no longer needed");
    let failure = run.failure().unwrap();
    assert!(matches!(failure.info, FailureInfo::Canceled { .. }), "{failure:?}");
    assert_eq!(
        run.event_names()[1..],
        [
            "TimerStarted",
            "WorkflowExecutionCancelRequested",
            "TimerCanceled",
            "WorkflowExecutionCanceled"
        ]
    );
}

#[test]
fn a_workflow_may_answer_cancellation_in_its_own_way() {
    async fn stubborn(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let reason = ctx.cancelled().await;
        assert!(ctx.is_cancelled());
        ctx.sleep(Duration::from_secs(1)).await.unwrap_err();
        ctx.shielded().sleep(Duration::from_secs(1)).await?;
        Ok(format!("stopped: {reason}"))
    }
    let mut run = TestWorld::new().workflow("W", stubborn).start("W", ());
    run.settle().unwrap();
    run.cancel("please");
    assert_eq!(run.result::<String>().unwrap(), "stopped: please");
}

#[test]
fn activities_are_cancelled_as_their_type_says() {
    async fn patient(ctx: WorkflowContext, _: ()) -> Result<String, WorkflowError> {
        let work = ctx.activity::<String>("work", ());
        match work.cancellation(CancellationType::WaitCompleted).await {
            Ok(result) => Ok(result),
            Err(error) if error.is_canceled() => Ok("cancelled".to_owned()),
            Err(error) => Err(error.into()),
        }
    }
    let mut history = History::started("W", ());
    history.task();
    let work = history.activity("1", "work");
    history.cancel_requested("stop");
    history.task();
    history.push(steadfast_core::event::ActivityTaskCancelRequested {
        scheduled_event_id: work,
        ..Default::default()
    });
    history.activity_completed(work, "done anyway");
    history.task();
    history.completed("done anyway");
    Replayer::new().workflow("W", patient).replay(&history).unwrap();
}

type Log = Arc<Mutex<Vec<String>>>;

/// The article's purchase, with one activity for each step.
fn purchase_world(log: &Log) -> TestWorld {
    async fn purchase(ctx: WorkflowContext, fail_at: String) -> Result<String, WorkflowError> {
        let mut saga = Saga::new(&ctx);
        let done = steps(&ctx, &mut saga, &fail_at).await;
        saga.finish(done).await
    }
    async fn steps(
        ctx: &WorkflowContext,
        saga: &mut Saga,
        fail_at: &str,
    ) -> Result<String, WorkflowError> {
        for (step, undo) in
            [("reserve", "release"), ("hold", "unhold"), ("transfer", "cancelTransfer")]
        {
            let step = if step == fail_at { "broken" } else { step };
            ctx.activity::<()>("do", step).await?;
            saga.compensate(
                undo,
                move |ctx| async move { Ok(ctx.activity::<()>("do", undo).await?) },
            );
        }
        Ok(ctx.activity::<String>("finalize", fail_at).await?)
    }
    let log = log.clone();
    let work = move |_: ActivityContext, step: String| {
        let log = log.clone();
        async move {
            log.lock().unwrap().push(step.clone());
            if step == "broken" || step == "unhold" {
                return Err(ActivityError::non_retryable("Broken", step));
            }
            Ok(())
        }
    };
    TestWorld::new().workflow("Purchase", purchase).activity("do", work).activity(
        "finalize",
        |_: ActivityContext, fail_at: String| async move {
            if fail_at == "finalize" {
                return Err(ActivityError::non_retryable("Broken", "finalize"));
            }
            Ok("bought".to_owned())
        },
    )
}

#[test]
fn a_saga_undoes_everything_in_reverse_order_even_when_an_undo_fails() {
    let log = Log::default();
    let world = purchase_world(&log);
    assert_eq!(world.start("Purchase", "nowhere").result::<String>().unwrap(), "bought");
    log.lock().unwrap().clear();
    let failure: Failure = world.start("Purchase", "finalize").failure().unwrap();
    assert_eq!(failure.cause.unwrap().message, "finalize", "the first failure is the result");
    assert_eq!(
        *log.lock().unwrap(),
        ["reserve", "hold", "transfer", "cancelTransfer", "unhold", "release"]
    );
    log.lock().unwrap().clear();
    world.start("Purchase", "transfer").failure().unwrap();
    assert_eq!(*log.lock().unwrap(), ["reserve", "hold", "broken", "unhold", "release"]);
}

#[test]
fn a_saga_is_undone_when_the_workflow_is_cancelled() {
    let log = Log::default();
    let work = {
        let log = log.clone();
        move |_: ActivityContext, step: String| {
            let log = log.clone();
            async move {
                log.lock().unwrap().push(step);
                Ok(())
            }
        }
    };
    async fn holding(ctx: WorkflowContext, _: ()) -> Result<(), WorkflowError> {
        let mut saga = Saga::new(&ctx);
        ctx.activity::<()>("do", "hold").await?;
        saga.compensate(
            "unhold",
            |ctx| async move { Ok(ctx.activity::<()>("do", "unhold").await?) },
        );
        let waited = ctx.sleep(Duration::from_secs(60)).await;
        saga.finish(waited.map_err(WorkflowError::from)).await
    }
    let mut run = TestWorld::new().workflow("W", holding).activity("do", work).start("W", ());
    run.settle().unwrap();
    run.cancel("stop");
    assert!(matches!(run.failure().unwrap().info, FailureInfo::Canceled { .. }));
    assert_eq!(*log.lock().unwrap(), ["hold", "unhold"]);
}
