//! Activity functions by name.

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use steadfast_core::Payloads;

use super::{context::ActivityContext, error::ActivityError};
use crate::payload;

type Run = Arc<
    dyn Fn(ActivityContext, Payloads) -> BoxFuture<'static, Result<Payloads, ActivityError>>
        + Send
        + Sync,
>;

/// An activity function with its types erased.
#[derive(Clone)]
pub struct ActivityDefinition {
    name: String,
    run: Run,
}

impl ActivityDefinition {
    /// Names a function `async fn(ActivityContext, I) -> Result<O, ActivityError>`.
    pub fn new<I, O, F, Fut>(name: impl Into<String>, run: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + 'static,
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ActivityError>> + Send + 'static,
    {
        let run = Arc::new(run);
        let run: Run = Arc::new(move |ctx, input| {
            let run = run.clone();
            Box::pin(async move {
                let input = payload::decode_list(&input).map_err(|error| {
                    ActivityError::non_retryable("ConversionError", error.to_string())
                })?;
                let running = run(ctx, input);
                Ok(payload::encode_list(&running.await?)?)
            })
        });
        Self { name: name.into(), run }
    }

    /// The activity type.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does one attempt.
    pub(crate) fn run(
        &self,
        ctx: ActivityContext,
        input: Payloads,
    ) -> BoxFuture<'static, Result<Payloads, ActivityError>> {
        (self.run)(ctx, input)
    }
}

impl fmt::Debug for ActivityDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityDefinition").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The activity functions that a worker knows.
#[derive(Clone, Debug, Default)]
pub struct Activities(BTreeMap<String, ActivityDefinition>);

impl Activities {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; a later one of the same name replaces it.
    pub fn add(&mut self, definition: ActivityDefinition) {
        self.0.insert(definition.name.clone(), definition);
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&ActivityDefinition> {
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
