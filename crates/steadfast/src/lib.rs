//! Steadfast's one binary as a library: configuration, the commands, and `compose`, the only place
//! where ports meet adapters. `main.rs` only calls [`cli::main`].

pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod dev;
pub mod dev_file;
pub mod nats;
pub mod remote;
pub mod render;
pub mod retention;
