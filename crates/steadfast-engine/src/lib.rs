//! The engine: runs are actors that decide, append, and act only on what is durable.
//!
//! Start reading at [`handle::Engine`], what front doors hold; then `run_actor.rs`, the loop. How
//! the actors behave is in `SEMANTICS.md`. This is the only crate that names `ractor`.

pub mod api;
pub mod config;
pub mod embedded;
pub mod handle;
pub mod ports;
pub mod world;

pub use api::EngineError;
pub use config::EngineConfig;
pub use handle::{Deadline, Engine};
pub use world::World;
