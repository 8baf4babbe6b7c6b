//! Workflow functions by name.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::Payloads;

use super::{context::WorkflowContext, error::WorkflowError};
use crate::payload;

type Main = Arc<
    dyn Fn(WorkflowContext, Payloads) -> BoxFuture<'static, Result<Payloads, WorkflowError>>
        + Send
        + Sync,
>;

/// A workflow function with its types erased.
#[derive(Clone)]
pub struct WorkflowDefinition {
    name: String,
    main: Main,
}

impl WorkflowDefinition {
    /// Names a function `async fn(WorkflowContext, I) -> Result<O, WorkflowError>`.
    pub fn new<I, O, F, Fut>(name: impl Into<String>, main: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(WorkflowContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, WorkflowError>> + Send + 'static,
    {
        let main = Arc::new(main);
        let main: Main = Arc::new(move |ctx, input| {
            let main = main.clone();
            Box::pin(async move {
                let running = main(ctx, payload::decode_list(&input)?);
                Ok(payload::encode_list(&running.await?)?)
            })
        });
        Self { name: name.into(), main }
    }

    /// The workflow type.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn run(
        &self,
        ctx: WorkflowContext,
        input: Payloads,
    ) -> BoxFuture<'static, Result<Payloads, WorkflowError>> {
        (self.main)(ctx, input)
    }
}

impl fmt::Debug for WorkflowDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowDefinition").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The workflow functions that a worker knows.
#[derive(Clone, Debug, Default)]
pub struct Workflows(BTreeMap<String, WorkflowDefinition>);

impl Workflows {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; a later one of the same name replaces it.
    pub fn add(&mut self, definition: WorkflowDefinition) {
        self.0.insert(definition.name.clone(), definition);
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&WorkflowDefinition> {
        self.0.get(name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
