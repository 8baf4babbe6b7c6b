//! Names of streams and buckets.

/// All history streams' subjects: what the event feed sources.
pub const HISTORY_ALL: &str = "sf.h.*.*.*.*.*";

/// The event feed's subject transform: the partition falls away.
pub const EVENTS_TRANSFORM: &str =
    "sf.events.{{wildcard(2)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}";

/// The event feed's stream.
pub const EVENTS_STREAM: &str = "SF_EVENTS";

/// The stream that tells which runs were removed for good.
pub const PURGED_STREAM: &str = "SF_PURGED";

/// Its subjects: one per partition.
pub const PURGED_SUBJECTS: &str = "sf.purged.*";

/// Key-value bucket of nodes, partition owners and the routing table.
pub const CLUSTER_BUCKET: &str = "SF_CLUSTER";

/// Key-value bucket of namespaces and search attributes.
pub const CONFIG_BUCKET: &str = "SF_CONFIG";

/// Object store bucket of payloads too large for a record.
pub const PAYLOAD_BUCKET: &str = "SF_PAYLOADS";

/// A partition's history stream.
pub fn history_stream(partition: u32) -> String {
    format!("SF_HISTORY_{partition}")
}

/// A partition's snapshot stream.
pub fn snapshot_stream(partition: u32) -> String {
    format!("SF_SNAPSHOT_{partition}")
}

/// Where the removals of a partition are told.
pub fn purged_subject(partition: u32) -> String {
    format!("sf.purged.{partition}")
}

/// The subjects of a partition's history stream.
pub fn history_stream_subjects(partition: u32) -> String {
    format!("sf.h.{partition}.*.*.*.*")
}

/// The subjects of a partition's snapshot stream: runs' snapshots and the checkpoint.
pub fn snapshot_stream_subjects(partition: u32) -> String {
    format!("sf.s.{partition}.>")
}
