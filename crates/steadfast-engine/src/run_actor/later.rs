//! A host's work that a decision cannot wait for: the workflow task stays out meanwhile, as one that a
//! remote worker has, and the result comes back as an answer to it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use steadfast_core::input::WorkflowTaskRef;
use tokio::sync::oneshot;

use super::{
    Arguments, Live,
    embedded::{completed, failed, panicked},
};
use crate::{
    api::QueryAnswers, context::Shared, embedded::Activated, request::Request, slot::Slot,
};

impl Live {
    /// Begins the work: what led to it is durable.
    pub(super) fn begin_work(
        &self,
        ctx: &Arguments,
        task: WorkflowTaskRef,
        work: BoxFuture<'static, Activated>,
    ) {
        let Some(hosted) = &self.host else { return };
        let host = hosted.host.clone();
        let (shared, slot) = (ctx.shared.clone(), ctx.slot.clone());
        // The task's own timeout gives the run another one; this one's work is void then.
        let limit = self.run.started.workflow_task_timeout.into();
        ctx.shared.tracker.spawn(async move {
            let answered = tokio::time::timeout(limit, finish(&shared, &slot, task, work));
            let accepted = tokio::select! {
                biased;
                () = shared.stop.cancelled() => false,
                answered = answered => answered.is_ok_and(|accepted| accepted),
            };
            if !accepted {
                host.evict(slot.key());
            }
        });
    }
}

/// Works, and answers the task; whether the work counts.
async fn finish(
    shared: &Arc<Shared>,
    slot: &Arc<Slot>,
    task: WorkflowTaskRef,
    mut work: BoxFuture<'static, Activated>,
) -> bool {
    let failure = loop {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Activated::Later(more)) => work = more,
            Ok(Activated::Commands(commands)) => {
                let (reply, told) = oneshot::channel();
                let input = Box::new(completed(task, commands));
                let request = Request::Complete(input, QueryAnswers::new(), reply);
                return shared.push(slot, request).is_ok() && matches!(told.await, Ok(Ok(_)));
            }
            Ok(Activated::Failed(failure)) => break failure,
            Err(panic) => break panicked(panic),
        }
    };
    // When its inbox is full the task's own timeout ends it.
    let request = Request::Input(Box::new(failed(task, *failure)), None);
    drop(shared.push(slot, request));
    false
}
