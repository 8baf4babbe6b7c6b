//! What can be set, with defaults. Every bound of this crate is named here.

use std::{path::PathBuf, time::Duration};

/// Visibility's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibilityConfig {
    /// The file. It may be deleted while nothing runs; it is built anew.
    pub path: PathBuf,
    /// Connections that read at the same time.
    pub readers: usize,
    /// How long a list or count waits at most until what was written before it is applied.
    pub wait_max: Duration,
    /// Runs in one page when the caller does not say.
    pub page_default: usize,
    /// Runs in one page at most.
    pub page_max: usize,
    /// Bytes of a query.
    pub query_bytes_max: usize,
    /// Conditions in a query, counting every value of a list.
    pub query_conditions_max: usize,
    /// Records applied in one transaction.
    pub batch_records: usize,
    /// How long records gather before a transaction when nobody waits for them.
    pub linger: Duration,
    /// Runs kept in memory between transactions, so that their next record need not read them.
    pub runs_cached: usize,
    /// The pause before following anew when the log could not be read.
    pub retry_pause: Duration,
}

impl Default for VisibilityConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("visibility.sqlite"),
            readers: 4,
            wait_max: Duration::from_secs(2),
            page_default: 1_000,
            page_max: 1_000,
            query_bytes_max: 64 * 1024,
            query_conditions_max: 10_000,
            batch_records: 2_000,
            linger: Duration::from_millis(50),
            runs_cached: 20_000,
            retry_pause: Duration::from_millis(200),
        }
    }
}
