//! Activities: where workflows touch the world.
//!
//! An activity is `async fn(ActivityContext, I) -> Result<O, ActivityError>` on tokio. Any error
//! can be returned with `?` and is retried as the workflow's retry policy says; [`ActivityError`]
//! says more.

mod attempt;
mod context;
mod definition;
mod error;
mod local;

pub(crate) use self::{
    attempt::{Attempted, Beat, Limits, attempt},
    error::ActivityEnd,
    local::Locals,
};
pub use self::{
    context::{ActivityContext, ActivityInfo},
    definition::{Activities, ActivityDefinition},
    error::ActivityError,
};
