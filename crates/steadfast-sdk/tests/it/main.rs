//! The SDK against a real engine on a real nats-server: remote worker, embedded code, client.

mod code;
mod embedded;
mod remote;
mod story;
mod world;
