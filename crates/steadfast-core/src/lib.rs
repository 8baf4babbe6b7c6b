//! The pure core of Steadfast: given a run's state and one input, it says what happened.
//!
//! Invariant: nothing here waits, reads a clock, draws randomness, logs or does I/O. Time and ids come
//! in as data; everything that must happen outside leaves as an [`Effect`]. Start reading at [`run`].

pub mod blanks;
pub mod builds;
pub mod command;
pub mod effect;
pub mod event;
pub mod failure;
#[cfg(feature = "testing")]
pub mod fixture;
pub mod ids;
pub mod input;
pub mod invariant;
pub mod limits;
pub mod payload;
pub mod priority;
pub mod record;
pub mod rejection;
pub mod retry;
pub mod run;
pub mod search_attribute;
pub mod start;
pub mod time;

pub use blanks::Blanks;
pub use command::Command;
pub use effect::Effect;
pub use event::{Event, EventKind};
pub use failure::Failure;
pub use ids::*;
pub use input::Input;
pub use payload::{Payload, PayloadMap, Payloads};
pub use priority::Priority;
pub use record::{Change, Entry, Record};
pub use rejection::Rejection;
pub use retry::RetryPolicy;
pub use run::{Run, Transition};
pub use search_attribute::AttributeType;
pub use time::{Span, Timestamp};
