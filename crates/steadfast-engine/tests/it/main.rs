//! The engine on a log in memory, driven through its handle only. Time is paused: it jumps to the
//! next deadline when everybody waits.

#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

mod attributes;
mod callbacks;
mod chain;
mod children;
mod crowd;
mod embedded;
mod expire;
mod faults;
mod idle;
mod inline;
mod lifecycle;
mod operate;
mod operators;
mod queries;
mod queues;
mod reset;
mod services;
mod signals;
mod starts;
mod updates;
mod world;
