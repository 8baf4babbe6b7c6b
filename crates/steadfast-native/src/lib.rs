//! The native front door: the protocol of `steadfast-protocol/PROTOCOL.md`, served over NATS.
//!
//! A request is decoded, mapped to one call of the engine, and its answer encoded; no policy lives
//! here. Start reading at [`server::run`], then `door.rs`.
//!
//! Invariant: whatever arrives, it gets an answer: the engine's, or a typed error.

pub mod config;
pub mod server;
pub mod service_caller;

mod activity;
mod api;
mod describe;
mod door;
mod fault;
pub mod lists;
mod receipts;
mod task;
mod trace;
mod workflow;

pub use config::{ConfigError, NativeConfig};
pub use lists::{ListError, ListRuns, Lists};
pub use server::{ServeError, run};
pub use service_caller::NatsServices;
