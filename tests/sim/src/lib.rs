//! The deterministic world: the log in memory, and the contract that every log must keep.
//!
//! [`mem_log::MemLog`] stores *encoded* records, so errors of the encoding show up here; its
//! [`fault`]s are injected by whoever tests. [`contract`] is one suite of async functions over the
//! engine's `Log` port: it runs here against the memory and in `steadfast-jetstream` against a real
//! nats-server.

pub mod contract;
pub mod fault;
pub mod mem_log;
pub mod simulation;
pub mod story;

pub use fault::Fault;
pub use mem_log::MemLog;
