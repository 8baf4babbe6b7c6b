//! The engine's log on JetStream: one stream per partition, fenced appends, bulk reads.
//!
//! Start reading at [`log`], which implements the engine's `Log` port and only dispatches. What lies
//! where on the server is made by [`topology`]; how the bytes look is `steadfast-protocol`'s.
//!
//! **Invariants:** an append is acknowledged only when JetStream acknowledged it, and carries the
//! sequence it expects (FENCE-1); nothing here retries an append whose outcome is unknown.

pub mod config;
pub mod durability;
pub mod log;
pub mod namespaces;
pub mod topology;

mod append;
mod direct;
mod feed;
mod fence;
mod group_commit;
mod head;
mod partition;
mod purge;
mod read;
mod recover;
mod snapshot;
mod spill;

pub use config::Config;
pub use log::JetStreamLog;
pub use topology::{SetupError, Topology};
