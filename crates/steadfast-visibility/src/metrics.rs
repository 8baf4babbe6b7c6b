//! What is measured, under the names of the process's meter.

use opentelemetry::{
    global,
    metrics::{Counter, Histogram},
};

/// Records applied by the projection.
pub const RECORDS_APPLIED: &str = "steadfast_visibility_records_applied";
/// How long a list or a count took, in seconds, the wait for the projection included.
pub const QUERY_SECONDS: &str = "steadfast_visibility_query";
/// Lists and counts that were answered before everything written before them was applied.
pub const QUERIES_BEHIND: &str = "steadfast_visibility_queries_behind";

/// The instruments.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    records_applied: Counter<u64>,
    query_seconds: Histogram<f64>,
    queries_behind: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter("steadfast-visibility");
        Self {
            records_applied: meter
                .u64_counter(RECORDS_APPLIED)
                .with_description("Records applied by the projection")
                .build(),
            query_seconds: meter
                .f64_histogram(QUERY_SECONDS)
                .with_description("Duration of a list or count")
                .with_unit("s")
                .build(),
            queries_behind: meter
                .u64_counter(QUERIES_BEHIND)
                .with_description("Lists and counts answered before all writes were applied")
                .build(),
        }
    }

    pub(crate) fn applied(&self, records: usize) {
        self.records_applied.add(records as u64, &[]);
    }

    pub(crate) fn queried(&self, seconds: f64) {
        self.query_seconds.record(seconds, &[]);
    }

    pub(crate) fn behind(&self) {
        self.queries_behind.add(1, &[]);
    }
}
