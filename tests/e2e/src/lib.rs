//! Real processes: `steadfast dev`, workers in five languages, a real nats-server, and signals that
//! nobody can catch.
//!
//! The tests are in `tests/it`, one file per theme. Here is what they stand on: processes that are
//! never left behind ([`process`]), the engine ([`engine`]), the native protocol spoken by hand
//! ([`native`]), applications with Temporal's SDKs ([`compat`]), a workflow that does what its input lists ([`script`]), and the two places where
//! every event must be exactly once ([`feed`]).

pub mod compat;
pub mod engine;
pub mod feed;
pub mod native;
pub mod polyglot;
pub mod process;
pub mod random;
pub mod script;
pub mod temporal;
pub mod temporal_cli;
pub mod wait;
pub mod worker;
