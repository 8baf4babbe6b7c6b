//! Workflows: `async fn`s that survive everything, because they are replayed from their history.
//!
//! A workflow is `async fn(WorkflowContext, I) -> Result<O, WorkflowError>`. It runs on a small
//! executor of its own ([`WorkflowInstance`]), on one thread at a time and without tokio, so that
//! the same history always leads to the same place. All waiting goes through the
//! [`WorkflowContext`]; the combinators re-exported here poll in a fixed order and are safe to use.
//! `futures::select!` is not, because it polls in random order: use [`select`] or
//! [`select_biased!`].

mod activity;
mod apply;
mod cell;
mod child;
mod condition;
mod context;
mod definition;
mod error;
mod executor;
mod external;
mod info;
mod instance;
mod local;
mod log;
mod marker;
mod matching;
mod query;
mod random;
mod saga;
mod signal;
mod slot;
mod spawn;
mod state;
mod timer;
mod update;

pub use futures::{
    future::{
        Either, join, join_all, join3, join4, select, select_all, try_join, try_join_all,
        try_join3, try_join4,
    },
    select_biased,
};
pub use steadfast_core::{RetryPolicy, Span, Timestamp};

pub(crate) use self::executor::panic_text;
pub use self::{
    activity::{Activity, CancellationType, DEFAULT_START_TO_CLOSE},
    cell::Shared,
    child::{Child, ChildHandle},
    condition::WaitUntil,
    context::WorkflowContext,
    definition::{WorkflowDefinition, Workflows},
    error::{
        ActivityFailed, ApplicationError, Canceled, ChildFailed, ExternalFailed, NonDeterminism,
        WorkflowError,
    },
    external::{Delivery, ExternalWorkflow},
    info::WorkflowInfo,
    instance::{ActivateError, Activation, Progress, WorkflowInstance},
    local::{Local, LocalActivity},
    log::Logger,
    marker::SideEffect,
    query::Question,
    saga::{CompensationFailed, Saga},
    signal::{Recv, SignalChannel},
    spawn::Spawned,
    timer::Sleep,
};
