//! Visibility over a log in memory: what is appended is what is listed.

#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

mod corrupt;
mod listing;
mod rebuild;
mod world;
