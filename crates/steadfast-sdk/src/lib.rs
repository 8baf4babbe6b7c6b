//! The Rust SDK of Steadfast: durable workflows as `async fn`.

pub mod activity;
pub mod client;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod payload;
pub mod testing;
mod trace;
mod wire;
pub mod worker;
pub mod workflow;

pub use error::{Error, ErrorKind};
