//! The front door's bounds, with their defaults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the native front door. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NativeConfig {
    /// Requests worked on at the same time; more are refused with a retryable error (default 10,000).
    pub requests_max: usize,
    /// Polls and other long waits held open at the same time (default 50,000).
    pub long_polls_max: usize,
    /// The longest that a long wait is held open, whatever its caller asks for (default 60,000).
    pub long_poll_max_ms: u64,
    /// How long a long wait is held open when its caller does not say (default 20,000).
    pub long_poll_default_ms: u64,
    /// How long a request that waits for nothing may take (default 10,000).
    pub request_timeout_ms: u64,
    /// Bytes of one request (default 24 MiB).
    pub request_bytes_max: usize,
    /// About how many bytes of events one answer holds (default 4 MiB; half the server's largest
    /// message if that is less).
    pub page_bytes_max: usize,
    /// Events in one page of history when its caller does not say (default 1,000).
    pub history_page_default: usize,
    /// Runs in one page of a list when its caller does not say (default 100).
    pub list_page_default: usize,
    /// Runs in one page of a list at most (default 1,000).
    pub list_page_max: usize,
    /// How long requests that are worked on may take to end when the server stops (default 5,000).
    pub drain_ms: u64,
}

impl Default for NativeConfig {
    fn default() -> Self {
        Self {
            requests_max: 10_000,
            long_polls_max: 50_000,
            long_poll_max_ms: 60_000,
            long_poll_default_ms: 20_000,
            request_timeout_ms: 10_000,
            request_bytes_max: 24 << 20,
            page_bytes_max: 4 << 20,
            history_page_default: 1_000,
            list_page_default: 100,
            list_page_max: 1_000,
            drain_ms: 5_000,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("native.{field} must be at least 1")]
pub struct ConfigError {
    /// Which.
    pub field: &'static str,
}

impl NativeConfig {
    /// Refuses settings with which nothing would be served.
    pub fn check(&self) -> Result<(), ConfigError> {
        let counts = [
            ("requests_max", self.requests_max),
            ("long_polls_max", self.long_polls_max),
            ("request_bytes_max", self.request_bytes_max),
            ("page_bytes_max", self.page_bytes_max),
            ("history_page_default", self.history_page_default),
            ("list_page_default", self.list_page_default),
            ("list_page_max", self.list_page_max),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((field, _)) => Err(ConfigError { field }),
            None => Ok(()),
        }
    }

    /// How long a caller that asks for `timeout_ms` waits.
    pub(crate) fn long_wait(&self, timeout_ms: u64) -> Duration {
        let asked = if timeout_ms == 0 { self.long_poll_default_ms } else { timeout_ms };
        Duration::from_millis(asked.min(self.long_poll_max_ms))
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}
