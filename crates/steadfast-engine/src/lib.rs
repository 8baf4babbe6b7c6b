//! The engine: runs are actors that decide, append, and act only on what is durable.
//!
//! Start reading at [`handle::Engine`], what front doors hold; then `run_actor.rs`, the loop. How
//! the actors behave is in `SEMANTICS.md`. This is the only crate that names `ractor`.

pub mod api;
pub mod config;
pub mod embedded;
pub mod handle;
pub mod metrics;
pub mod ports;
pub mod routing;
pub mod search_attributes;
pub mod world;

mod callbacks;
mod context;
mod delivery;
mod directory;
mod hosts;
mod matching;
mod node;
mod partition;
mod request;
mod run_actor;
mod slot;
mod supervise;
mod sync;
mod timers;
mod trace;
mod worker;

pub use api::EngineError;
pub use config::EngineConfig;
pub use handle::{Deadline, Engine};
pub use trace::is_trace_header;
pub use world::World;
