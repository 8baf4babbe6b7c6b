//! The Rust SDK of Steadfast: durable workflows as `async fn`.

pub mod activity;
pub mod payload;
pub mod testing;
pub mod workflow;
