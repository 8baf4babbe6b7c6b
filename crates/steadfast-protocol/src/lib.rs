//! Steadfast's wire: subjects, stored records, snapshots, task tokens and the native messages.
//!
//! Everything that leaves a process has its bytes defined here, and nowhere else. `PROTOCOL.md` beside
//! this crate is the public description; a test checks its bytes against this code. Nothing here does
//! I/O. Start reading at [`subject`], then [`record`].
//!
//! Invariant: no input, however broken, makes a decoder panic; each fault has its own typed error.

pub mod codec;
pub mod error;
pub mod header;
pub mod message;
pub mod purged;
pub mod record;
pub mod snapshot;
pub mod subject;
pub mod token;

pub use codec::{DecodeError, EncodeError};
pub use error::{ErrorBody, ErrorCode};
pub use token::{TaskKind, TaskToken};

/// The version of the native protocol.
pub const PROTOCOL_VERSION: u32 = 1;

#[cfg(test)]
mod document;
#[cfg(test)]
mod sample;
