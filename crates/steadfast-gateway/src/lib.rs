//! The front door that speaks Temporal's gRPC API: it translates, calls the engine, and translates back.
//!
//! Invariant: no policy lives here. A rule that matters to both doors belongs in the core or the
//! engine. Start reading at [`server::run`]; `service.rs` lists every RPC; `rpc/` has one file per
//! family; `convert/` maps between Temporal's messages and the engine's plain data.

pub mod callbacks;
pub mod config;
pub mod ports;
pub mod server;
pub mod service;

mod context;
mod convert;
mod fault;
mod rpc;
mod token;
mod workers;

pub use callbacks::HttpCallbacks;
pub use config::GatewayConfig;
pub use server::{Gateway, ServeError, run};
