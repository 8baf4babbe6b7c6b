//! Telling others that a run has closed, as a port: a front door that takes callbacks also makes them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;
use steadfast_core::{Event, RunKey, Timestamp, run::callback::Callback};

/// Tells whoever wanted to hear of a run's close.
pub trait CallbackCaller: Send + Sync + 'static {
    /// One try.
    fn call(&self, call: CallbackCall) -> BoxFuture<'_, Result<(), CallbackError>>;

    /// Where a callback goes: calls to one place share their bound.
    fn destination(&self, callback: &Bytes) -> String;
}

/// One try to tell somebody of a run's close.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackCall {
    /// The run that has closed.
    pub run: RunKey,
    /// When it started.
    pub started_at: Timestamp,
    /// How it closed.
    pub close_event: Arc<Event>,
    /// Whom to tell.
    pub callback: Arc<Callback>,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// How long it may take.
    pub timeout: Duration,
}

/// Why a try failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Another try may do better.
    #[error("{0}")]
    Retryable(String),
    /// No other try is wanted.
    #[error("{0}")]
    Final(String),
}
