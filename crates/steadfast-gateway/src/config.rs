//! What the gateway can be told, with its defaults.

mod callback;

use std::time::Duration;

pub use self::callback::{AddressRule, CallbackRules, NoRule};

/// The gateway's settings. Every wait and every size has its bound here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayConfig {
    /// The largest request, in bytes.
    pub request_bytes_max: usize,
    /// How long a request that waits for nothing may take.
    pub request_timeout: Duration,
    /// How long a poll for a task waits, when its caller names no deadline of its own.
    pub poll_timeout: Duration,
    /// How long a read of history waits for news before it answers an empty page.
    pub history_poll_timeout: Duration,
    /// How long an update's caller waits for the stage it asked for before it hears how far it is.
    pub update_poll_timeout: Duration,
    /// How long before a caller's own deadline a long poll answers that there is nothing.
    pub deadline_margin: Duration,
    /// Events in one page of history, at most.
    pub history_page_events_max: usize,
    /// Bytes of events in one answer, about.
    pub history_page_bytes_max: usize,
    /// Requests that one connection may have open at once.
    pub requests_per_connection_max: u32,
    /// The largest payload that `DescribeNamespace` promises to take, in bytes.
    pub payload_bytes_max: usize,
    /// What workers tell of themselves takes this many bytes of memory at most.
    pub worker_heartbeats_bytes_max: usize,
    /// The longest name of a namespace or of a task queue that is polled, in bytes.
    pub id_bytes_max: usize,
    /// Which completion callbacks are taken, and where they may go.
    pub callbacks: CallbackRules,
    /// TLS, when the door is locked.
    pub tls: Option<TlsConfig>,
}

/// TLS for the door, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The server's certificate chain.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
    /// Whose client certificates are accepted; when set, a client must have one (mTLS).
    pub client_ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConfig")
            .field("mutual", &self.client_ca.is_some())
            .finish_non_exhaustive()
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            request_bytes_max: 128 << 20,
            request_timeout: Duration::from_secs(10),
            poll_timeout: Duration::from_secs(60),
            history_poll_timeout: Duration::from_secs(20),
            update_poll_timeout: Duration::from_secs(20),
            deadline_margin: Duration::from_secs(1),
            history_page_events_max: 1_000,
            history_page_bytes_max: 3 << 20,
            requests_per_connection_max: 4_096,
            payload_bytes_max: 16 << 20,
            worker_heartbeats_bytes_max: 64 << 20,
            id_bytes_max: 1_000,
            callbacks: CallbackRules::default(),
            tls: None,
        }
    }
}
