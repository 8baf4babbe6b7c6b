//! Visibility over a log in memory: what is appended is what is listed.

mod corrupt;
mod listing;
mod nats;
mod rebuild;
mod world;
