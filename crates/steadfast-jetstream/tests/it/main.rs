//! The log on a real nats-server, one per test.

mod contract;
mod world;
