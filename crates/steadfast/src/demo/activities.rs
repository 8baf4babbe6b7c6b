//! The activities in Rust: what runs where Python or TypeScript is not there.
//!
//! They do what `workers/money.py` and `workers/property.ts` do, under the same names.

mod money;
mod property;

use std::time::Duration;

pub(crate) use self::{money::definitions as money, property::definitions as property};

/// Work takes time.
async fn work(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
