//! How an activity attempt ends other than by returning.

use std::{any::Any, error::Error, fmt, time::Duration};

use serde::Serialize;
use steadfast_core::{Failure, Payloads};

use crate::{
    payload,
    workflow::{ApplicationError, WorkflowError},
};

/// Why an activity attempt did not return a value. Any error becomes one with `?`: retryable, with
/// the error's type name as its type and the whole chain as its message.
pub struct ActivityError(Box<ActivityEnd>);

/// What an attempt that did not return tells the engine.
#[derive(Debug)]
pub(crate) enum ActivityEnd {
    Failed(ApplicationError),
    Canceled(Payloads),
    Later,
}

impl ActivityError {
    /// A failure that may be tried again: its type (which retry policies match on) and a message.
    pub fn retryable(kind: impl Into<String>, message: impl Into<String>) -> Self {
        ApplicationError::new(kind, message).into()
    }

    /// A failure for which a retry is pointless.
    pub fn non_retryable(kind: impl Into<String>, message: impl Into<String>) -> Self {
        ApplicationError::new(kind, message).non_retryable().into()
    }

    /// The attempt stopped because it was asked to.
    pub fn canceled() -> Self {
        Self(Box::new(ActivityEnd::Canceled(Payloads::new())))
    }

    /// The activity is not over: somebody will complete it by its token or its id.
    pub fn complete_later() -> Self {
        Self(Box::new(ActivityEnd::Later))
    }

    /// The next attempt starts after this delay, whatever the retry policy says.
    pub fn next_retry_delay(mut self, delay: Duration) -> Self {
        if let ActivityEnd::Failed(error) = &mut *self.0 {
            error.next_retry_delay = Some(delay);
        }
        self
    }

    /// A value for whoever handles the failure; one that cannot be written is left out.
    pub fn details(mut self, details: impl Serialize) -> Self {
        let details = payload::encode_list(&details).unwrap_or_default();
        match &mut *self.0 {
            ActivityEnd::Failed(error) => error.details = details,
            ActivityEnd::Canceled(kept) => *kept = details,
            ActivityEnd::Later => {}
        }
        self
    }

    pub(crate) fn into_end(self) -> ActivityEnd {
        *self.0
    }

    /// The durable form.
    pub fn into_failure(self) -> Failure {
        match *self.0 {
            ActivityEnd::Failed(error) => error.into_failure(),
            ActivityEnd::Canceled(_) => {
                WorkflowError::Canceled(crate::workflow::Canceled).into_failure()
            }
            ActivityEnd::Later => Failure::application("CompleteLater", "not over yet"),
        }
    }
}

impl fmt::Debug for ActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ActivityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            ActivityEnd::Failed(error) => error.fmt(f),
            ActivityEnd::Canceled(_) => f.write_str("activity is cancelled"),
            ActivityEnd::Later => f.write_str("activity is completed later"),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ActivityError {
    fn from(error: E) -> Self {
        let known = (&error as &dyn Any).downcast_ref::<ApplicationError>();
        let error = known.cloned().unwrap_or_else(|| {
            let name = std::any::type_name::<E>();
            let kind = name.split('<').next().and_then(|name| name.rsplit("::").next());
            ApplicationError::new(kind.unwrap_or(name), chain(&error))
        });
        Self(Box::new(ActivityEnd::Failed(error)))
    }
}

/// An error and what caused it, as one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
