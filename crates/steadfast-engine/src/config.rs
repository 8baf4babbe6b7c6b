//! Every bound of the engine, with its default: queues, batches, retries, caches, timeouts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_core::limits::Limits;

use crate::search_attributes::AttributeLimits;

/// The engine's settings. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// History streams; fixed once there is data (default 4).
    pub partitions: u32,
    /// Requests that may wait in front of one run (default 10,000).
    pub run_inbox_max: usize,
    /// Requests that one transition takes at most (default 256).
    pub transition_inputs_max: usize,
    /// Runs in memory per partition; above it new work is refused (default 100,000).
    pub live_runs_max: usize,
    /// Runs that may wake up at the same time per partition (default 256).
    pub wakeups_max: usize,
    /// An open run without inputs or waiters leaves memory after this (default 3,000).
    pub idle_ms: u64,
    /// A closed run leaves memory after this (default 1,000).
    pub closed_linger_ms: u64,
    /// A busy run's state is saved at least every so many records (default 500).
    pub snapshot_records: u64,
    /// A partition notes how far its snapshots reach this often (default 5,000).
    pub checkpoint_ms: u64,
    /// The first delay after a log that was not reachable (default 20).
    pub append_backoff_ms: u64,
    /// The longest such delay (default 1,000).
    pub append_backoff_max_ms: u64,
    /// The first delay before a failed run or partition is started again (default 50).
    pub restart_backoff_ms: u64,
    /// The longest such delay (default 5,000).
    pub restart_backoff_max_ms: u64,
    /// Failures at the same sequence after which a run is quarantined (default 3).
    pub quarantine_after: u32,
    /// The first delay before a message to another run is sent again (default 50).
    pub delivery_backoff_ms: u64,
    /// The longest such delay (default 5,000).
    pub delivery_backoff_max_ms: u64,
    /// How long one try to deliver a message to another run may take (default 10,000).
    pub delivery_timeout_ms: u64,
    /// Events kept in memory per live run (default 2,000).
    pub history_cache_events: usize,
    /// Events in one page of history at most (default 10,000).
    pub history_page_max: usize,
    /// Tasks that may wait in one task queue; the oldest are dropped then, with an error in the
    /// log, and offered again when their runs are next taken over (default 1,000,000).
    pub queue_tasks_max: usize,
    /// Polls that may wait at one task queue (default 10,000).
    pub queue_pollers_max: usize,
    /// A task queue without tasks and polls is forgotten after this (default 60,000).
    pub queue_linger_ms: u64,
    /// A worker that has not polled its sticky queue for this long is gone (default 10,000).
    pub sticky_gone_ms: u64,
    /// Queries that may wait at one run (default 100).
    pub queries_max: usize,
    /// Calls of service activities at a time per subject (default 256).
    pub service_calls_max: usize,
    /// How long a service activity without start-to-close timeout may take (default 60,000).
    pub service_timeout_ms: u64,
    /// Waits for a history or an update's outcome per run (default 1,000).
    pub waiters_max: usize,
    /// Rounds that an embedded workflow may go on within one transition (default 16).
    pub embedded_rounds_max: usize,
    /// Events in a history at which its run is warned of; it goes on (default 50,000).
    pub history_events_warn: i64,
    /// How long after its last start a workflow id may not be started again; 0 is no limit, as
    /// Temporal has it unless `history.enableWorkflowIdReuseStartTimeValidation` is set (default 0).
    pub workflow_id_reuse_ms: u64,
    /// Bytes of history that a reset copies at most: a run's first record is one object
    /// (default 48 MiB).
    pub reset_bytes_max: usize,
    /// How long one try of a completion callback may take (default 10,000).
    pub callback_timeout_ms: u64,
    /// The first delay before a completion callback is tried again (default 1,000).
    pub callback_backoff_ms: u64,
    /// The longest such delay (default 3,600,000).
    pub callback_backoff_max_ms: u64,
    /// How long after its run's close a completion callback is tried; 0 is for ever, and keeps the run
    /// from its retention (default 259,200,000, three days).
    pub callback_retry_ms: u64,
    /// Completion callbacks that are tried at a time (default 256).
    pub callback_calls_max: usize,
    /// The same for one destination, a scheme and a host (default 32).
    pub callback_destination_calls_max: usize,
    /// Bounds of what one run may hold.
    pub limits: Limits,
    /// The bounds of one run's search attributes.
    pub attributes: AttributeLimits,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            partitions: 4,
            run_inbox_max: 10_000,
            transition_inputs_max: 256,
            live_runs_max: 100_000,
            wakeups_max: 256,
            idle_ms: 3_000,
            closed_linger_ms: 1_000,
            snapshot_records: 500,
            checkpoint_ms: 5_000,
            append_backoff_ms: 20,
            append_backoff_max_ms: 1_000,
            restart_backoff_ms: 50,
            restart_backoff_max_ms: 5_000,
            quarantine_after: 3,
            delivery_backoff_ms: 50,
            delivery_backoff_max_ms: 5_000,
            delivery_timeout_ms: 10_000,
            history_cache_events: 2_000,
            history_page_max: 10_000,
            queue_tasks_max: 1_000_000,
            queue_pollers_max: 10_000,
            queue_linger_ms: 60_000,
            sticky_gone_ms: 10_000,
            queries_max: 100,
            service_calls_max: 256,
            service_timeout_ms: 60_000,
            waiters_max: 1_000,
            embedded_rounds_max: 16,
            history_events_warn: 50_000,
            workflow_id_reuse_ms: 0,
            reset_bytes_max: 48 << 20,
            callback_timeout_ms: 10_000,
            callback_backoff_ms: 1_000,
            callback_backoff_max_ms: 3_600_000,
            callback_retry_ms: 3 * 86_400_000,
            callback_calls_max: 256,
            callback_destination_calls_max: 32,
            limits: Limits::default(),
            attributes: AttributeLimits::default(),
        }
    }
}

/// An exponential delay between two bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) fn new(first_ms: u64, max_ms: u64) -> Self {
        Self { next: Duration::from_millis(first_ms), max: Duration::from_millis(max_ms) }
    }

    /// The delay to wait now; the next one is twice as long.
    pub(crate) fn advance(&mut self) -> Duration {
        let delay = self.next.min(self.max);
        self.next = (self.next * 2).min(self.max);
        delay
    }
}
