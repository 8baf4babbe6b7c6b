//! The native front door on a real nats-server, with a real engine behind it.

mod faults;
mod ids;
mod lifecycle;
mod services;
mod waiting;
mod world;
