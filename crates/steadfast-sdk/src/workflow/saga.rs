//! Sagas: what was done is undone in reverse order when a later step fails.

use futures::future::BoxFuture;

use super::{context::WorkflowContext, error::WorkflowError};

type Compensation =
    Box<dyn FnOnce(WorkflowContext) -> BoxFuture<'static, Result<(), WorkflowError>> + Send>;

/// Compensations of the steps that were done.
///
/// ```
/// use steadfast_sdk::workflow::{Saga, WorkflowContext, WorkflowError};
///
/// async fn purchase(ctx: WorkflowContext, buyer: String) -> Result<String, WorkflowError> {
///     let mut saga = Saga::new(&ctx);
///     let done = async {
///         ctx.activity::<()>("reserveFunds", &buyer).await?;
///         let undo = buyer.clone();
///         saga.compensate("releaseFunds", move |ctx| async move {
///             Ok(ctx.activity::<()>("releaseFunds", &undo).await?)
///         });
///         Ok(ctx.activity::<String>("finalize", &buyer).await?)
///     };
///     let done = done.await;
///     saga.finish(done).await
/// }
/// ```
pub struct Saga {
    ctx: WorkflowContext,
    compensations: Vec<(String, Compensation)>,
}

/// A compensation that failed.
#[derive(Debug, thiserror::Error)]
#[error("compensation {name:?} failed")]
pub struct CompensationFailed {
    /// Its name.
    pub name: String,
    /// Why.
    #[source]
    pub source: WorkflowError,
}

impl Saga {
    /// A saga in which nothing was done yet.
    pub fn new(ctx: &WorkflowContext) -> Self {
        Self { ctx: ctx.clone(), compensations: Vec::new() }
    }

    /// Remembers how to undo a step. The function gets a context in which it is not cancelled.
    pub fn compensate<F, Fut>(&mut self, name: impl Into<String>, undo: F)
    where
        F: FnOnce(WorkflowContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), WorkflowError>> + Send + 'static,
    {
        self.compensations.push((name.into(), Box::new(move |ctx| Box::pin(undo(ctx)))));
    }

    /// Undoes everything, the last step first, also when some of it fails, and also when the
    /// workflow is cancelled. The failures come back in the order in which they happened.
    pub async fn rollback(self) -> Vec<CompensationFailed> {
        let ctx = self.ctx.shielded();
        let mut failures = Vec::new();
        for (name, undo) in self.compensations.into_iter().rev() {
            if let Err(source) = undo(ctx.clone()).await {
                ctx.log().warn(&format!("compensation {name:?} failed: {source}"));
                failures.push(CompensationFailed { name, source });
            }
        }
        failures
    }

    /// Passes a success on; undoes everything on a failure, and then passes that on.
    pub async fn finish<T>(self, result: Result<T, WorkflowError>) -> Result<T, WorkflowError> {
        if let Err(WorkflowError::ContinueAsNew(_)) | Ok(_) = &result {
            return result;
        }
        self.rollback().await;
        result
    }
}
