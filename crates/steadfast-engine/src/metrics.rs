//! The engine's instruments, by constant name; exported wherever the process installs a meter.

use opentelemetry::{
    global,
    metrics::{Counter, Histogram, UpDownCounter},
};

/// Names; the Prometheus exporter adds `_seconds` and `_total` to them.
pub mod names {
    /// Records appended.
    pub const APPENDS: &str = "steadfast_appends";
    /// Seconds from the append to its acknowledgement.
    pub const APPEND_SECONDS: &str = "steadfast_append";
    /// Appends that another record was faster than.
    pub const APPENDS_FENCED: &str = "steadfast_appends_fenced";
    /// Tasks offered to queues.
    pub const TASKS_OFFERED: &str = "steadfast_tasks_offered";
    /// Tasks handed to workers.
    pub const TASKS_STARTED: &str = "steadfast_tasks_started";
    /// Tasks answered by workers.
    pub const TASKS_COMPLETED: &str = "steadfast_tasks_completed";
    /// Seconds that a task waited for a worker.
    pub const SCHEDULE_TO_START_SECONDS: &str = "steadfast_schedule_to_start";
    /// Runs with an actor.
    pub const LIVE_RUNS: &str = "steadfast_live_runs";
    /// Runs started.
    pub const RUNS_STARTED: &str = "steadfast_runs_started";
    /// Runs closed.
    pub const RUNS_CLOSED: &str = "steadfast_runs_closed";
    /// Idle runs that left memory.
    pub const PASSIVATIONS: &str = "steadfast_passivations";
    /// Runs read at a takeover.
    pub const RECOVERIES: &str = "steadfast_recoveries";
    /// Seconds that a partition's takeover took.
    pub const RECOVERY_SECONDS: &str = "steadfast_recovery";
    /// Tries of completion callbacks that ended.
    pub const CALLBACKS_TRIED: &str = "steadfast_callbacks_tried";
    /// Runs quarantined.
    pub const QUARANTINES: &str = "steadfast_quarantines";
    /// Requests refused because a queue was full.
    pub const INBOX_REJECTIONS: &str = "steadfast_inbox_rejections";
}

/// The instruments.
pub(crate) struct Metrics {
    pub(crate) appends: Counter<u64>,
    pub(crate) append_seconds: Histogram<f64>,
    pub(crate) appends_fenced: Counter<u64>,
    pub(crate) tasks_offered: Counter<u64>,
    pub(crate) tasks_started: Counter<u64>,
    pub(crate) tasks_completed: Counter<u64>,
    pub(crate) schedule_to_start_seconds: Histogram<f64>,
    pub(crate) live_runs: UpDownCounter<i64>,
    pub(crate) runs_started: Counter<u64>,
    pub(crate) runs_closed: Counter<u64>,
    pub(crate) passivations: Counter<u64>,
    pub(crate) recoveries: Counter<u64>,
    pub(crate) recovery_seconds: Histogram<f64>,
    pub(crate) callbacks_tried: Counter<u64>,
    pub(crate) quarantines: Counter<u64>,
    pub(crate) inbox_rejections: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter("steadfast");
        let count = |name, help| meter.u64_counter(name).with_description(help).build();
        let seconds = |name, help| {
            let builder = meter.f64_histogram(name).with_unit("s").with_description(help);
            builder.build()
        };
        let live = meter.i64_up_down_counter(names::LIVE_RUNS);
        Self {
            appends: count(names::APPENDS, "Records appended."),
            append_seconds: seconds(names::APPEND_SECONDS, "Time to an acknowledgement."),
            appends_fenced: count(names::APPENDS_FENCED, "Appends refused by their sequence."),
            tasks_offered: count(names::TASKS_OFFERED, "Tasks offered to queues."),
            tasks_started: count(names::TASKS_STARTED, "Tasks handed to workers."),
            tasks_completed: count(names::TASKS_COMPLETED, "Tasks answered by workers."),
            schedule_to_start_seconds: seconds(
                names::SCHEDULE_TO_START_SECONDS,
                "Time a task waited for a worker.",
            ),
            live_runs: live.with_description("Runs with an actor.").build(),
            runs_started: count(names::RUNS_STARTED, "Runs started."),
            runs_closed: count(names::RUNS_CLOSED, "Runs closed."),
            passivations: count(names::PASSIVATIONS, "Idle runs that left memory."),
            recoveries: count(names::RECOVERIES, "Runs read at a takeover."),
            recovery_seconds: seconds(names::RECOVERY_SECONDS, "Time of a takeover."),
            callbacks_tried: count(names::CALLBACKS_TRIED, "Tries of completion callbacks."),
            quarantines: count(names::QUARANTINES, "Runs quarantined."),
            inbox_rejections: count(names::INBOX_REJECTIONS, "Requests refused: a queue is full."),
        }
    }
}
