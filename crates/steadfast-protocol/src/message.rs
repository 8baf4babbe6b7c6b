//! The native protocol's requests and answers: MessagePack maps with named fields.
//!
//! Fields that may be left out have defaults; a field that is not known is an error. Durations are
//! milliseconds (`*_ms`, 0 is "not set") and points in time milliseconds since 1970 (`*_at_ms`), except
//! inside commands, events, failures and update requests: those are the core's own types, in which
//! spans and times are nanoseconds. `PROTOCOL.md` says the same for people.

pub mod activity;
pub mod control;
pub mod history;
pub mod list;
pub mod parts;
pub mod query;
pub mod start;
pub mod task;
pub mod update;
pub mod verb;
pub mod workflow;

pub use self::{
    activity::*, control::*, history::*, list::*, parts::*, query::*, start::*, task::*, update::*,
    verb::*, workflow::*,
};

#[cfg(test)]
mod tests;
