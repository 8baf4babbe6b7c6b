//! What the log can be told. Every bound has a name and a default.

use std::time::Duration;

/// How the log lies on JetStream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Into how many history streams workflows are spread. Only the first start ever looks at it: it
    /// is then fixed in the routing table of `SF_CLUSTER`.
    pub partitions: u32,
    /// Copies of every stream: 1 alone, 3 in a cluster.
    pub replicas: usize,
    /// Records with more bytes than this go to the object store, and the message names the object.
    /// The server's own limit for messages bounds it as well.
    pub record_bytes_max: usize,
    /// Records with more bytes than this are refused.
    pub object_bytes_max: usize,
    /// How long an append waits for its acknowledgement before its outcome counts as unknown.
    pub append_timeout: Duration,
    /// How long any other request waits, and how long a read waits for its next message.
    pub request_timeout: Duration,
    /// Writes many records with one fsync when many wait; nothing means always one by one. Only for
    /// one copy with `sync_interval: always`: measured there, 2.1 times the appends at 64 in flight on
    /// one stream and 2.5 times at 256; with lazy fsync only a third, because a batch is dear.
    pub group_commit: Option<GroupCommit>,
    /// The feed for observers; nothing means that there is none.
    pub events: Option<EventFeed>,
}

/// When and how records are written in atomic batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCommit {
    /// So many records must wait in front of one stream before they are batched: a batch costs about
    /// 4.5 ms whatever its size (`sync_interval: always`, measured).
    pub records_min: usize,
    /// The most records in one batch; the server refuses more than 1,000.
    pub records_max: usize,
    /// The most bytes in one batch.
    pub bytes_max: usize,
}

/// The event feed's own retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFeed {
    /// Events older than this are dropped from the feed (never from history); zero keeps them.
    pub max_age: Duration,
    /// The feed's size; the oldest events make room. Negative is no bound.
    pub max_bytes: i64,
    /// Whether the server may keep the newest events in memory for a moment before it writes them,
    /// also where it writes history with fsync: cheaper, but a crash of the server can take events out
    /// of the feed for good. See the decision record 0009. Only for one copy, and only decided when the
    /// feed is made.
    pub lazy: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            partitions: 4,
            replicas: 1,
            record_bytes_max: 512 * 1024,
            object_bytes_max: 64 * 1024 * 1024,
            append_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(5),
            group_commit: None,
            events: Some(EventFeed::default()),
        }
    }
}

impl Default for GroupCommit {
    fn default() -> Self {
        Self { records_min: 32, records_max: 256, bytes_max: 4 * 1024 * 1024 }
    }
}

impl Default for EventFeed {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(7 * 24 * 3600), max_bytes: -1, lazy: false }
    }
}
