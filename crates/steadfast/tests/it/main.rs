//! The binary as programs and people meet it: its commands, and the servers that it runs.

#![expect(clippy::unwrap_used, reason = "a test's helpers panic like the test itself")]

mod cli;
mod deletion;
mod demo;
mod dev;
mod process;
mod server;
