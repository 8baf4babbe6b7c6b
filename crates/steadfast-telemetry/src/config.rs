//! What is installed, and where its output goes.

use std::{env, net::SocketAddr};

use crate::Error;

/// Where signals of one kind go when the program's configuration does not say: OpenTelemetry's own
/// variables. The first is complete; the second is a base that the signal's path is added to.
const TRACES_VARIABLE: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const BASE_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_PATH: &str = "/v1/traces";

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// What to install. The default logs `info` as text, and neither exports nor serves.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// What this program is called in traces and metrics.
    pub service_name: String,
    /// A level, or directives like `info,steadfast_engine=debug`.
    pub log_level: String,
    /// How a log line looks.
    pub log_format: LogFormat,
    /// The base URL of an OTLP collector (HTTP), without `/v1/traces`. `None` means what
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` says; when that is not set either, no spans are exported.
    pub otlp_endpoint: Option<String>,
    /// The part of traces that begin here that are exported, from 0.0 to 1.0. A trace that begins
    /// with a client is exported as the client decided.
    pub trace_sample_ratio: f64,
    /// Where `/metrics`, `/healthz` and `/readyz` are served; port 0 is a free one. `None`: nowhere.
    pub http_addr: Option<SocketAddr>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            service_name: "steadfast".to_owned(),
            log_level: "info".to_owned(),
            log_format: LogFormat::default(),
            otlp_endpoint: None,
            trace_sample_ratio: 1.0,
            http_addr: None,
        }
    }
}

impl TelemetryConfig {
    /// The complete URL that spans are sent to, if they are.
    pub(crate) fn traces_url(&self) -> Result<Option<String>, Error> {
        self.traces_url_with(|name| env::var(name).ok())
    }

    fn traces_url_with(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, Error> {
        let set = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let with_path = |base: String| format!("{}{TRACES_PATH}", base.trim_end_matches('/'));
        let url = set(self.otlp_endpoint.clone())
            .map(with_path)
            .or_else(|| set(variable(TRACES_VARIABLE)))
            .or_else(|| set(variable(BASE_VARIABLE)).map(with_path));
        url.map(checked).transpose()
    }
}

/// The exporter would fail only when it sends, long after the mistake, and quietly.
fn checked(url: String) -> Result<String, Error> {
    if url.starts_with("http://") {
        return Ok(url);
    }
    let reason = if url.starts_with("https://") {
        "this build sends without TLS; send to a collector beside it, which has TLS"
    } else {
        "it must begin with http://"
    };
    Err(Error::Endpoint { endpoint: url, reason })
}

#[cfg(test)]
mod tests;
