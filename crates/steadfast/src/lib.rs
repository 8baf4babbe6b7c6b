//! Steadfast's one binary as a library: configuration, the commands, and `compose`, the only place
//! where ports meet adapters. `main.rs` only calls [`cli::main`].

pub mod config;
