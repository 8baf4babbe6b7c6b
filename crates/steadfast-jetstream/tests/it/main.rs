//! The log on a real nats-server, one per test.

mod contract;
mod faults;
mod feed;
mod foreign;
mod grouped;
mod namespaces;
mod spill;
mod topology;
mod visibility;
mod world;
