//! What people configure, as the components' own settings. A test pins that our defaults are theirs.

use std::{net::SocketAddr, path::PathBuf};

use steadfast_core::{Span, limits};
use steadfast_engine::{EngineConfig, search_attributes::AttributeLimits};
use steadfast_gateway::{GatewayConfig, config::CallbackRules};
use steadfast_jetstream::config::{Config as JetStreamConfig, EventFeed, GroupCommit};
use steadfast_jetstream::durability::Sync;
use steadfast_native::NativeConfig;
use steadfast_telemetry::TelemetryConfig;
use steadfast_visibility::VisibilityConfig;

use crate::{
    cli::problem::Problem,
    config::{
        Config,
        sections::{self, LogFormat},
        units::{Size, Time},
    },
};

pub(super) fn telemetry(config: &Config) -> Result<TelemetryConfig, Problem> {
    let (server, telemetry) = (&config.server, &config.telemetry);
    let http_addr = set(&server.http_address).map(str::parse::<SocketAddr>).transpose();
    Ok(TelemetryConfig {
        service_name: telemetry.service_name.clone(),
        log_level: telemetry.log_level.clone(),
        log_format: match telemetry.log_format {
            LogFormat::Text => steadfast_telemetry::LogFormat::Text,
            LogFormat::Json => steadfast_telemetry::LogFormat::Json,
        },
        otlp_endpoint: set(&telemetry.otlp_endpoint).map(ToOwned::to_owned),
        trace_sample_ratio: telemetry.trace_sample_ratio,
        http_addr: http_addr.map_err(|error| {
            Problem::usage(format!("server.http_address = {:?}", server.http_address))
                .because(&error)
                .advice("write it as IP:PORT, such as 127.0.0.1:7243")
        })?,
    })
}

pub(super) fn jetstream(config: &Config, sync: Sync) -> JetStreamConfig {
    let log = &config.jetstream;
    let in_groups = match log.group_commit {
        sections::GroupCommit::Auto => sync == Sync::Always && config.durability.replicas == 1,
        sections::GroupCommit::On => true,
        sections::GroupCommit::Off => false,
    };
    JetStreamConfig {
        partitions: config.server.partitions,
        replicas: config.durability.replicas as usize,
        record_bytes_max: bytes(log.record_bytes_max),
        object_bytes_max: bytes(log.object_bytes_max),
        append_timeout: log.append_within.0,
        request_timeout: log.request_within.0,
        group_commit: in_groups.then(|| GroupCommit {
            records_min: log.group_commit_records_min,
            records_max: log.group_commit_records_max,
            bytes_max: bytes(log.group_commit_bytes_max),
        }),
        events: config.events.enabled.then(|| EventFeed {
            max_age: config.events.max_age.0,
            max_bytes: match config.events.max_bytes.0 {
                0 => -1,
                limit => i64::try_from(limit).unwrap_or(i64::MAX),
            },
            lazy: config.events.lazy,
        }),
    }
}

pub(super) fn engine(config: &Config, partitions: u32) -> EngineConfig {
    let engine = &config.engine;
    EngineConfig {
        partitions,
        run_inbox_max: engine.run_inbox_max,
        transition_inputs_max: engine.transition_inputs_max,
        live_runs_max: engine.live_runs_max,
        wakeups_max: engine.wakeups_max,
        idle_ms: millis(engine.idle_after),
        closed_linger_ms: millis(engine.closed_linger),
        snapshot_records: engine.snapshot_records,
        checkpoint_ms: millis(engine.checkpoint_every),
        append_backoff_ms: millis(engine.append_backoff),
        append_backoff_max_ms: millis(engine.append_backoff_max),
        restart_backoff_ms: millis(engine.restart_backoff),
        restart_backoff_max_ms: millis(engine.restart_backoff_max),
        quarantine_after: engine.quarantine_after,
        delivery_backoff_ms: millis(engine.delivery_backoff),
        delivery_backoff_max_ms: millis(engine.delivery_backoff_max),
        delivery_timeout_ms: millis(engine.delivery_within),
        history_cache_events: engine.history_cache_events,
        history_page_max: engine.history_page_max,
        queue_tasks_max: engine.queue_tasks_max,
        queue_pollers_max: engine.queue_pollers_max,
        queue_linger_ms: millis(engine.queue_linger),
        sticky_gone_ms: millis(engine.sticky_gone_after),
        queries_max: engine.queries_max,
        service_calls_max: engine.service_calls_max,
        service_timeout_ms: millis(engine.service_within),
        waiters_max: engine.waiters_max,
        embedded_rounds_max: engine.embedded_rounds_max,
        history_events_warn: i64::from(engine.history_events_warn),
        workflow_id_reuse_ms: millis(engine.workflow_id_reuse_after),
        reset_bytes_max: engine.reset_bytes_max,
        callback_timeout_ms: millis(config.callbacks.call_within),
        callback_backoff_ms: millis(config.callbacks.backoff),
        callback_backoff_max_ms: millis(config.callbacks.backoff_max),
        callback_retry_ms: millis(config.callbacks.retry_for),
        callback_calls_max: config.callbacks.calls_max,
        callback_destination_calls_max: config.callbacks.calls_per_destination_max,
        limits: limits(&config.limits),
        attributes: AttributeLimits {
            keys_max: config.limits.search_attributes_max,
            value_bytes_max: bytes(config.limits.search_attribute_bytes_max),
            total_bytes_max: bytes(config.limits.search_attributes_bytes_max),
        },
    }
}

pub(super) fn gateway(config: &Config) -> GatewayConfig {
    let gateway = &config.gateway;
    GatewayConfig {
        request_bytes_max: bytes(gateway.request_bytes_max),
        request_timeout: gateway.request_within.0,
        poll_timeout: gateway.poll_within.0,
        history_poll_timeout: gateway.history_poll_within.0,
        update_poll_timeout: gateway.update_poll_within.0,
        deadline_margin: gateway.deadline_margin.0,
        history_page_events_max: gateway.history_page_events_max,
        history_page_bytes_max: bytes(gateway.history_page_bytes_max),
        requests_per_connection_max: gateway.requests_per_connection_max,
        payload_bytes_max: bytes(config.limits.payload_bytes_max),
        worker_heartbeats_bytes_max: bytes(gateway.worker_heartbeats_bytes_max),
        id_bytes_max: config.limits.id_bytes_max,
        callbacks: callbacks(config),
        tls: None,
    }
}

fn callbacks(config: &Config) -> CallbackRules {
    let callbacks = &config.callbacks;
    // Those that are no rules were refused with the configuration.
    let allowed = callbacks.allowed_addresses.iter().filter_map(|rule| rule.parse().ok());
    CallbackRules {
        count_max: config.limits.callbacks_max,
        url_bytes_max: callbacks.url_bytes_max,
        header_bytes_max: bytes(callbacks.header_bytes_max),
        allowed: allowed.collect(),
    }
}

pub(super) fn native(config: &Config) -> NativeConfig {
    let native = &config.native;
    NativeConfig {
        requests_max: native.requests_max,
        long_polls_max: native.long_polls_max,
        long_poll_max_ms: millis(native.long_poll_max),
        long_poll_default_ms: millis(native.long_poll_default),
        request_timeout_ms: millis(native.request_within),
        request_bytes_max: bytes(native.request_bytes_max),
        page_bytes_max: bytes(native.page_bytes_max),
        history_page_default: native.history_page_default,
        list_page_default: native.list_page_default,
        list_page_max: native.list_page_max,
        drain_ms: millis(native.drain_within),
    }
}

/// `path` is where the file lies when the configuration does not say.
pub(super) fn visibility(config: &Config, path: PathBuf) -> VisibilityConfig {
    let visibility = &config.visibility;
    VisibilityConfig {
        path: set(&visibility.path).map_or(path, PathBuf::from),
        readers: visibility.readers,
        wait_max: visibility.wait_max.0,
        page_default: visibility.page_default,
        page_max: visibility.page_max,
        query_bytes_max: bytes(visibility.query_bytes_max),
        query_conditions_max: visibility.query_conditions_max,
        batch_records: visibility.batch_records,
        linger: visibility.linger.0,
        runs_cached: visibility.runs_cached,
        retry_pause: visibility.retry_pause.0,
    }
}

fn limits(limits: &sections::Limits) -> limits::Limits {
    limits::Limits {
        id_bytes_max: limits.id_bytes_max,
        payload_bytes_max: bytes(limits.payload_bytes_max),
        callbacks_max: limits.callbacks_max,
        pending_activities_max: limits.pending_activities_max,
        pending_children_max: limits.pending_children_max,
        pending_signals_max: limits.pending_signals_max,
        pending_cancels_max: limits.pending_cancels_max,
        updates_in_flight_max: limits.updates_in_flight_max,
        updates_total_max: limits.updates_total_max,
        signals_total_max: limits.signals_total_max,
        suggest_continue_as_new_events: i64::from(limits.suggest_continue_as_new_events),
        suggest_continue_as_new_bytes: limits.suggest_continue_as_new_bytes.0,
        workflow_task_heartbeats_max: Span::from_millis(millis(
            limits.workflow_task_heartbeats_max,
        )),
        request_ids_max: limits.request_ids_max,
    }
}

fn set(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn bytes(size: Size) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.0.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
