//! Logs, traces and metrics: installed once, by a program's `main`, and nowhere else.
//!
//! **Invariant:** every other crate only *names* `tracing` and `opentelemetry::global`; where their
//! output goes is decided here. Libraries never install anything.
//!
//! * Logs go to standard error, as text or as JSON lines.
//! * Spans go over OTLP (HTTP with protobuf) where an endpoint is given; the W3C propagator is always
//!   installed, so that a trace passes through a program that exports nothing itself.
//! * Metrics are served for Prometheus at `/metrics` where an address is given, beside `/healthz`
//!   (the process answers) and `/readyz` (it can do its work).
//!   Instruments are made with `opentelemetry::global::meter("steadfast")`.
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), steadfast_telemetry::Error> {
//! use steadfast_telemetry::{TelemetryConfig, install};
//!
//! let telemetry = install(TelemetryConfig::default()).await?;
//! tracing::info!("ready");
//! telemetry.shutdown().await; // sends what has not been sent
//! # Ok(())
//! # }
//! ```

mod config;
mod http;
mod ids;
mod logs;
mod metrics;
mod traces;

use std::{io, net::SocketAddr, time::Duration};

use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

pub use config::{LogFormat, TelemetryConfig};
pub use http::{Readiness, ReadinessReporter};

/// How long the last spans may take to be sent.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// Why telemetry could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log level is not one.
    #[error("read the log level {text:?}: use error, warn, info, debug or trace, or target=level")]
    LogLevel {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The OTLP endpoint cannot be used.
    #[error("use the OTLP endpoint {endpoint:?}: {reason}")]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The trace exporter cannot be made.
    #[error("set up the trace exporter")]
    Exporter(#[source] opentelemetry_otlp::ExporterBuildError),
    /// The metrics exporter cannot be made.
    #[error("set up the metrics exporter")]
    Metrics(#[source] opentelemetry_sdk::error::OTelSdkError),
    /// Somebody else has the address that metrics are to be served at.
    #[error("serve metrics at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why it cannot be used.
        source: io::Error,
    },
    /// This process has a subscriber already.
    #[error("install telemetry: this process has installed a tracing subscriber before")]
    Installed,
}

/// What is installed. Keep it until the program ends, and then shut it down.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: SdkMeterProvider,
    server: Option<http::Server>,
    readiness: ReadinessReporter,
}

/// Installs logs, traces and metrics for this process.
///
/// # Errors
/// When something in the configuration cannot be used, or telemetry was installed before.
pub async fn install(config: TelemetryConfig) -> Result<Telemetry, Error> {
    let resource = resource(&config);
    let traces = traces::provider(&config, resource.clone())?;
    let (metrics, registry) = metrics::provider(resource)?;
    let readiness = ReadinessReporter::new();
    let server = match config.http_addr {
        Some(address) => Some(http::Server::start(address, registry, &readiness).await?),
        None => None,
    };

    tracing_subscriber::registry()
        .with(logs::layer(&config)?)
        .with(traces.as_ref().map(traces::layer))
        .try_init()
        .map_err(|_| Error::Installed)?;
    traces::install(traces.as_ref());
    opentelemetry::global::set_meter_provider(metrics.clone());
    Ok(Telemetry { traces, metrics, server, readiness })
}

impl Telemetry {
    /// Where `/metrics`, `/healthz` and `/readyz` are served, if they are.
    #[must_use]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(http::Server::address)
    }

    /// Sets what `/readyz` answers, from anywhere in the program. It begins as not ready.
    #[must_use]
    pub fn readiness(&self) -> ReadinessReporter {
        self.readiness.clone()
    }

    /// Sends what has not been sent, and stops serving.
    pub async fn shutdown(self) {
        let Self { traces, metrics, server, readiness: _ } = self;
        if let Some(server) = server {
            server.stop().await;
        }
        // Both block on threads of their own.
        let flushed = tokio::task::spawn_blocking(move || {
            if let Some(Err(error)) = traces.map(|t| t.shutdown_with_timeout(FLUSH_WITHIN)) {
                tracing::warn!(%error, "failed to send the last spans");
            }
            if let Err(error) = metrics.shutdown() {
                tracing::warn!(%error, "failed to end metrics");
            }
        });
        if let Err(error) = flushed.await {
            tracing::warn!(%error, "failed to shut telemetry down");
        }
    }
}

fn resource(config: &TelemetryConfig) -> Resource {
    Resource::builder().with_service_name(config.service_name.clone()).build()
}
