//! The file: one connection that writes, a few that read.

mod readers;
mod schema;
mod writer;

pub(crate) use self::{
    readers::Readers,
    schema::{Identity, anew, open},
    writer::{Applied, Batch, Dirty, StoreError, Writer},
};

/// The numbers under which the file keeps how far it got: partitions have theirs, purges this one.
pub(crate) const PURGES: i64 = -1;
