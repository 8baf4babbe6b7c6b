//! Every key, once: its type, its default, and what it means to whoever runs the server.

use serde::{Deserialize, Serialize};

use super::{
    document::{Allowed, KeyDoc, Section, key_doc},
    units::{Size, Time},
};

/// More history streams than this are a mistake: JetStream's limit is memory, and ours is one lease each.
pub const PARTITIONS_MAX: u32 = 1_024;

macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident {
            $($(#[doc = $doc:literal])+ $key:ident: $kind:ty = $default:expr,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl Section for $name {
            const ABOUT: &'static [&'static str] = &[$($about),+];

            fn keys() -> Vec<KeyDoc> {
                let defaults = Self::default();
                vec![$(key_doc(stringify!($key), &[$($doc),+], &defaults.$key),)+]
            }
        }
    };
}

macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        $name:ident {
            $(#[doc = $first_doc:literal])+ $first:ident = $first_text:literal,
            $($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum,
        )]
        pub enum $name {
            $(#[doc = $first_doc])+
            #[default]
            #[serde(rename = $first_text)]
            #[value(name = $first_text)]
            $first,
            $(
                $(#[doc = $doc])+
                #[serde(rename = $text)]
                #[value(name = $text)]
                $variant,
            )*
        }

        impl Allowed for $name {
            fn allowed() -> String {
                let words = [$first_text, $($text),*];
                format!("one of {}", words.map(|word| format!("\"{word}\"")).join(", "))
            }
        }

        impl $name {
            /// The word for it in files, flags and logs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

section! {
    /// This process.
    Server {
        /// History streams, and so units of ownership, recovery and scale. Fixed by the first start
        /// on an empty NATS; later starts warn when they are told another number.
        partitions: u32 = 4,
        /// Namespaces that exist from the start.
        namespaces: Vec<String> = vec!["default".to_owned()],
        /// The address for metrics and health (`/metrics`, `/healthz`, `/readyz`); empty means none.
        http_address: String = "127.0.0.1:7243".to_owned(),
        /// How long a shutdown may take to write what is pending before it is cut short.
        shutdown_within: Time = Time::secs(10),
    }
}

section! {
    /// The connection to NATS. `steadfast dev` starts its own server and ignores `url`.
    Nats {
        /// The servers, separated by commas.
        url: String = "nats://127.0.0.1:4222".to_owned(),
        /// A file with user credentials (JWT and key); empty means none.
        credentials_file: String = String::new(),
        /// A user name, for servers with passwords; empty means none.
        user: String = String::new(),
        /// The user's password. Better given as `STEADFAST__NATS__PASSWORD` than in a file.
        password: String = String::new(),
        /// A token, for servers with token authentication; empty means none.
        token: String = String::new(),
        /// Refuse to talk without TLS.
        tls_required: bool = false,
        /// A file with the certificates of the authorities to trust; empty means the system's.
        tls_ca_file: String = String::new(),
        /// The client's certificate, for mutual TLS; empty means none.
        tls_cert_file: String = String::new(),
        /// The key of the client's certificate; empty means none.
        tls_key_file: String = String::new(),
        /// How long one attempt to connect may take.
        connect_within: Time = Time::secs(5),
        /// The longest pause between attempts to reconnect. Reconnecting never gives up.
        reconnect_pause_max: Time = Time::secs(2),
    }
}

choice! {
    /// When an acknowledged write is on the disk.
    Sync {
        /// Before its acknowledgement.
        Always = "always",
        /// Every two minutes, NATS's own default.
        Lazy = "lazy",
    }
}

section! {
    /// What an acknowledged write has survived.
    Durability {
        /// For a nats-server that we start ourselves (`steadfast dev`): `always` syncs every write
        /// to the disk before it is acknowledged, `lazy` every two minutes (NATS's own default,
        /// which loses acknowledged writes at power loss).
        sync: Sync = Sync::Always,
        /// Copies of every stream: 1 for a lone server, 3 or 5 for a cluster.
        replicas: u32 = 1,
    }
}

choice! {
    /// Whether records are written in groups.
    GroupCommit {
        /// Where it pays.
        Auto = "auto",
        /// Always.
        On = "on",
        /// Never.
        Off = "off",
    }
}

section! {
    /// The log on JetStream.
    Jetstream {
        /// Records larger than this go to the object store, and the message names the object.
        record_bytes_max: Size = Size(512 << 10),
        /// Records larger than this are refused.
        object_bytes_max: Size = Size::mib(64),
        /// How long an append waits for its acknowledgement before its outcome counts as unknown.
        append_within: Time = Time::secs(5),
        /// How long any other request to JetStream may take.
        request_within: Time = Time::secs(5),
        /// Write many records with one fsync (an atomic batch) when many wait in front of one stream.
        /// `auto` does so where it pays: one copy, on a nats-server that we started with
        /// `durability.sync = "always"` (measured: twice the appends there, a third of them elsewhere).
        group_commit: GroupCommit = GroupCommit::Auto,
        /// So many records must wait before they are batched.
        group_commit_records_min: usize = 32,
        /// The most records in one batch; the server refuses more than 1,000.
        group_commit_records_max: usize = 256,
        /// The most bytes in one batch.
        group_commit_bytes_max: Size = Size::mib(4),
    }
}

section! {
    /// The engine: runs, timers, task queues.
    Engine {
        /// Inputs that may wait for one run; more are refused with a retryable error.
        run_inbox_max: usize = 10_000,
        /// Inputs that one transition (one record) takes at most.
        transition_inputs_max: usize = 256,
        /// Runs in memory per partition; above it new work is refused with a retryable error.
        live_runs_max: usize = 100_000,
        /// Runs that may wake up at the same time, per partition.
        wakeups_max: usize = 256,
        /// An open run that nothing happens to for this long leaves memory; a message wakes it.
        idle_after: Time = Time::secs(3),
        /// A closed run leaves memory after this.
        closed_linger: Time = Time::secs(1),
        /// A busy run's state is saved at least every so many records.
        snapshot_records: u64 = 500,
        /// How often a partition notes how far its snapshots reach: a takeover reads at most this
        /// much history beside the snapshots.
        checkpoint_every: Time = Time::secs(5),
        /// The first pause after a log that was not reachable.
        append_backoff: Time = Time::millis(20),
        /// The longest such pause.
        append_backoff_max: Time = Time::secs(1),
        /// The first pause before a failed run or partition is started again.
        restart_backoff: Time = Time::millis(50),
        /// The longest such pause.
        restart_backoff_max: Time = Time::secs(5),
        /// Failures at the same place of a run's history after which it is quarantined.
        quarantine_after: u32 = 3,
        /// The first pause before a message to another run is sent again.
        delivery_backoff: Time = Time::millis(50),
        /// The longest such pause.
        delivery_backoff_max: Time = Time::secs(5),
        /// How long one try to deliver a message to another run may take.
        delivery_within: Time = Time::secs(10),
        /// Events kept in memory per live run.
        history_cache_events: usize = 2_000,
        /// Events in one page of history at most.
        history_page_max: usize = 10_000,
        /// Tasks that may wait in one task queue; the rest wait in their runs' state.
        queue_tasks_max: usize = 1_000_000,
        /// Polls that may wait at one task queue.
        queue_pollers_max: usize = 10_000,
        /// A task queue without tasks and polls is forgotten after this.
        queue_linger: Time = Time::secs(60),
        /// A worker that has not polled its sticky queue for this long counts as gone.
        sticky_gone_after: Time = Time::secs(10),
        /// Queries that may wait at one run.
        queries_max: usize = 100,
        /// Calls of service activities at a time, per subject.
        service_calls_max: usize = 256,
        /// How long a service activity without a start-to-close timeout may take.
        service_within: Time = Time::secs(60),
        /// Callers that may wait for one run's history or outcomes.
        waiters_max: usize = 1_000,
        /// Rounds that an embedded workflow may go on within one transition.
        embedded_rounds_max: usize = 16,
        /// Events in a history at which its run is warned of; it goes on.
        history_events_warn: u32 = 50_000,
        /// How long after its last start a workflow id may not be started again; 0 is no limit.
        workflow_id_reuse_after: Time = Time::millis(0),
        /// Bytes of history that a reset copies at most.
        reset_bytes_max: usize = 48 * 1024 * 1024,
    }
}

section! {
    /// The bounds of what one run may hold, with Temporal's defaults.
    Limits {
        /// Bytes in any id or name.
        id_bytes_max: usize = 1_000,
        /// Bytes in one list of payloads, one memo, one failure.
        payload_bytes_max: Size = Size::mib(16),
        /// Completion callbacks per run.
        callbacks_max: usize = 2_000,
        /// Pending activities per run.
        pending_activities_max: usize = 20_000,
        /// Pending children per run.
        pending_children_max: usize = 20_000,
        /// Pending signals to other runs per run.
        pending_signals_max: usize = 20_000,
        /// Pending cancel requests to other runs per run.
        pending_cancels_max: usize = 20_000,
        /// Updates in flight per run.
        updates_in_flight_max: usize = 10,
        /// Updates in all per run.
        updates_total_max: usize = 2_000,
        /// Signals in all per run; 0 is no limit.
        signals_total_max: usize = 0,
        /// Events after which workers are told to continue as new.
        suggest_continue_as_new_events: u32 = 4_096,
        /// History bytes after which workers are told to continue as new.
        suggest_continue_as_new_bytes: Size = Size::mib(4),
        /// How long a worker may answer workflow tasks with nothing but the wish for another one.
        workflow_task_heartbeats_max: Time = Time::secs(1_800),
        /// Request ids remembered per run, so that repeated requests change nothing.
        request_ids_max: usize = 10_000,
        /// Search attributes per run.
        search_attributes_max: usize = 100,
        /// Bytes in the value of one search attribute.
        search_attribute_bytes_max: Size = Size(2 << 10),
        /// Bytes in all search attributes of one run, names included.
        search_attributes_bytes_max: Size = Size(40 << 10),
    }
}

section! {
    /// The front door that speaks Temporal's gRPC API.
    Gateway {
        /// The address it listens on; empty means that it is closed.
        address: String = "127.0.0.1:7233".to_owned(),
        /// Bytes of one request.
        request_bytes_max: Size = Size::mib(128),
        /// How long a request that waits for nothing may take.
        request_within: Time = Time::secs(10),
        /// How long a worker's poll is held open when its client names no deadline.
        poll_within: Time = Time::secs(60),
        /// How long a read of history is held open for news.
        history_poll_within: Time = Time::secs(20),
        /// How long the caller of an update is held before it hears how far the update is.
        update_poll_within: Time = Time::secs(20),
        /// How long before its client's own deadline a long poll is answered with nothing.
        deadline_margin: Time = Time::secs(1),
        /// Events in one page of history.
        history_page_events_max: usize = 1_000,
        /// Bytes of events in one answer, about.
        history_page_bytes_max: Size = Size::mib(3),
        /// Requests that one connection may have open at the same time.
        requests_per_connection_max: u32 = 4_096,
        /// Bytes of memory for what workers tell of themselves.
        worker_heartbeats_bytes_max: Size = Size::mib(64),
        /// A file with the server's certificate chain (PEM); empty means no TLS.
        tls_cert_file: String = String::new(),
        /// A file with its private key (PEM).
        tls_key_file: String = String::new(),
        /// A file with the authorities whose client certificates are accepted (PEM): then every
        /// client must have one. Empty means that none is asked for.
        tls_client_ca_file: String = String::new(),
    }
}

section! {
    /// Completion callbacks: who is told over HTTP that a workflow has closed.
    Callbacks {
        /// Where callbacks may go: `https://HOST[:PORT]`, or `http://HOST[:PORT]` where plain HTTP will do
        /// as well; `*` stands for anything, as in `https://*.example.com`. Others are refused. Empty means
        /// nowhere, and for a `steadfast dev` on a loopback address this machine: `localhost` and
        /// `127.0.0.1`, any port.
        allowed_addresses: Vec<String> = Vec::new(),
        /// Bytes of a callback's URL.
        url_bytes_max: usize = 1_000,
        /// Bytes of a callback's headers.
        header_bytes_max: Size = Size(8 << 10),
        /// How long one try may take.
        call_within: Time = Time::secs(10),
        /// The first pause before another try; it doubles with each, less up to a fifth by chance.
        backoff: Time = Time::secs(1),
        /// The longest such pause.
        backoff_max: Time = Time::secs(3_600),
        /// How long after the close it is tried; 0 is for ever, and such a run outlives its retention.
        retry_for: Time = Time::secs(3 * 86_400),
        /// Callbacks that are tried at the same time.
        calls_max: usize = 256,
        /// The same for one destination, a scheme and a host.
        calls_per_destination_max: usize = 32,
    }
}

section! {
    /// The native front door: MessagePack over NATS.
    Native {
        /// Requests worked on at the same time; more are refused with a retryable error.
        requests_max: usize = 10_000,
        /// Polls and other long waits held open at the same time.
        long_polls_max: usize = 50_000,
        /// The longest that a long wait is held open, whatever its caller asks for.
        long_poll_max: Time = Time::secs(60),
        /// How long a long wait is held open when its caller does not say.
        long_poll_default: Time = Time::secs(20),
        /// How long a request that waits for nothing may take.
        request_within: Time = Time::secs(10),
        /// Bytes of one request.
        request_bytes_max: Size = Size::mib(24),
        /// About how many bytes of events one answer holds; half the server's largest message if that
        /// is less.
        page_bytes_max: Size = Size::mib(4),
        /// Events in one page of history when its caller does not say.
        history_page_default: usize = 1_000,
        /// Runs in one page of a list when its caller does not say.
        list_page_default: usize = 100,
        /// Runs in one page of a list at most.
        list_page_max: usize = 1_000,
        /// How long requests that are worked on may take to end when the server stops.
        drain_within: Time = Time::secs(5),
    }
}

section! {
    /// The feed for observers: the stream `SF_EVENTS`, on `sf.events.>`.
    Events {
        /// Whether it exists. Without it, `steadfast events` and durable observers have nothing to read.
        enabled: bool = true,
        /// Events older than this leave the feed (not the history); 0 keeps them for ever.
        max_age: Time = Time::secs(7 * 86_400),
        /// The feed's size on disk, oldest events leave first; 0 is no limit.
        max_bytes: Size = Size(0),
        /// Whether NATS may write the feed a moment later than it stores it: cheaper, but a crash of NATS
        /// can take events out of the feed for good. Fixed once the feed exists; never with several copies.
        lazy: bool = false,
    }
}

section! {
    /// The list of runs: filters, counts, search attributes.
    Visibility {
        /// Whether this process keeps one. Without it, runs are listed from the log, without filters.
        enabled: bool = true,
        /// The SQLite file it is kept in. Empty means `visibility.sqlite` in the data folder of
        /// `steadfast dev`, and a temporary file elsewhere. It may be deleted while nothing runs: it is
        /// built anew from the log.
        path: String = String::new(),
        /// How long a list or count waits at most until everything written before it shows.
        wait_max: Time = Time::secs(2),
        /// Queries that are worked on at the same time; more wait.
        readers: usize = 4,
        /// Runs in one page when its caller does not say.
        page_default: usize = 1_000,
        /// Runs in one page at most.
        page_max: usize = 1_000,
        /// Bytes of one query.
        query_bytes_max: Size = Size(64 << 10),
        /// Conditions and listed values in one query.
        query_conditions_max: usize = 10_000,
        /// Records that are applied in one transaction.
        batch_records: usize = 2_000,
        /// How long records gather before they are applied, while nobody waits for them.
        linger: Time = Time::millis(50),
        /// Runs kept in memory between transactions.
        runs_cached: usize = 20_000,
        /// The pause before the log is followed anew after it could not be read.
        retry_pause: Time = Time::millis(200),
    }
}

section! {
    /// How long closed runs are kept.
    Retention {
        /// For the namespaces that a start makes; 0 keeps them for ever. Existing ones keep theirs.
        closed_runs: Time = Time::secs(3 * 86_400),
        /// How often runs past their retention are looked for and removed.
        sweep_every: Time = Time::secs(600),
    }
}

choice! {
    /// How logs look.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

section! {
    /// Logs, metrics, traces.
    Telemetry {
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or directives such as
        /// `info,steadfast_engine=debug`.
        log_level: String = "info".to_owned(),
        /// How logs look on stderr.
        log_format: LogFormat = LogFormat::Text,
        /// Where traces go, an OTLP/HTTP endpoint such as `http://127.0.0.1:4318`; empty means what
        /// `OTEL_EXPORTER_OTLP_ENDPOINT` says, or nowhere.
        otlp_endpoint: String = String::new(),
        /// The part of traces that is kept, from 0.0 to 1.0. A trace that a client began keeps the
        /// client's choice.
        trace_sample_ratio: f64 = 1.0,
        /// This process's name in traces.
        service_name: String = "steadfast".to_owned(),
    }
}
