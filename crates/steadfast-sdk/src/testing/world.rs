//! The functions that a test's runs can use.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::{Payloads, RunKey};

use super::{History, run::TestRun};
use crate::{
    activity::{Activities, ActivityContext, ActivityDefinition, ActivityError},
    payload,
    workflow::{WorkflowContext, WorkflowDefinition, WorkflowError, Workflows},
};

/// Runs workflows with their activities in memory.
///
/// ```
/// use std::time::Duration;
/// use steadfast_sdk::{
///     activity::{ActivityContext, ActivityError},
///     testing::TestWorld,
///     workflow::{WorkflowContext, WorkflowError},
/// };
///
/// async fn charge(_: ActivityContext, cents: u64) -> Result<String, ActivityError> {
///     Ok(format!("charged {cents}"))
/// }
///
/// async fn order(ctx: WorkflowContext, cents: u64) -> Result<String, WorkflowError> {
///     ctx.sleep(Duration::from_secs(86_400)).await?; // A day passes at once.
///     Ok(ctx.activity::<String>("charge", cents).max_attempts(3).await?)
/// }
///
/// let world = TestWorld::new().workflow("Order", order).activity("charge", charge);
/// assert_eq!(world.start("Order", 250).result::<String>()?, "charged 250");
/// # Ok::<(), steadfast_sdk::testing::TestError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestWorld {
    pub(super) workflows: Workflows,
    pub(super) activities: Activities,
}

impl TestWorld {
    /// A world without functions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a workflow function.
    pub fn workflow<I, O, F, Fut>(mut self, name: &str, main: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(WorkflowContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
    {
        self.workflows.add(WorkflowDefinition::new(name, main));
        self
    }

    /// Adds an activity function. It is run to its end on the test's thread.
    pub fn activity<I, O, F, Fut>(mut self, name: &str, run: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ActivityError>> + Send + 'static,
    {
        self.activities.add(ActivityDefinition::new(name, run));
        self
    }

    /// Starts a workflow; nothing runs before the run is asked to.
    pub fn start(&self, workflow_type: &str, input: impl Serialize) -> TestRun {
        let input = payload::encode_list(&input).unwrap_or_default();
        let run = RunKey {
            namespace: "test".into(),
            workflow_id: "workflow".into(),
            run_id: "4f8c3c5e-0000-4000-8000-000000000001".into(),
        };
        self.start_as(run, workflow_type, input)
    }

    pub(super) fn start_as(&self, run: RunKey, workflow_type: &str, input: Payloads) -> TestRun {
        TestRun::new(Arc::new(self.clone()), History::started_as(run, workflow_type, input))
    }
}
