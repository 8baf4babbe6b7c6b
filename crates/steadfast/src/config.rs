//! The configuration: one typed struct, read as defaults < TOML file < environment < flags.
//!
//! This is the vocabulary that people write; `compose` translates it into the components' own
//! settings. Every key is declared once, in [`sections`], with its default and its explanation: the
//! annotated `config/steadfast.toml`, `config/README.md` and `steadfast config explain` are made
//! from that. Start reading at [`Config::load`].

mod document;
mod load;
mod problem;
pub mod sections;
pub mod units;

pub use document::{KeyDoc, SectionDoc, keys, readme, section_docs, template};
pub use load::{Sources, variable_of};
pub use problem::{ConfigError, advice as advice_for};

use serde::{Deserialize, Serialize};

use sections::{
    Callbacks, Durability, Engine, Events, Gateway, Jetstream, Limits, Native, Nats, Retention,
    Server, Telemetry, Visibility,
};

/// The prefix of environment variables: `STEADFAST__SECTION__KEY`.
pub const ENV_PREFIX: &str = "STEADFAST__";

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// This process.
    pub server: Server,
    /// The connection to NATS.
    pub nats: Nats,
    /// What an acknowledged write has survived.
    pub durability: Durability,
    /// The log on JetStream.
    pub jetstream: Jetstream,
    /// The engine.
    pub engine: Engine,
    /// The bounds of one run.
    pub limits: Limits,
    /// The native front door.
    pub native: Native,
    /// The front door that speaks Temporal's gRPC API.
    pub gateway: Gateway,
    /// Completion callbacks.
    pub callbacks: Callbacks,
    /// The feed for observers.
    pub events: Events,
    /// The list of runs.
    pub visibility: Visibility,
    /// How long closed runs are kept.
    pub retention: Retention,
    /// Logs, metrics, traces.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads the configuration from its sources, later ones winning, and checks it.
    ///
    /// # Errors
    /// When a source cannot be read, has a key that does not exist, or a value that is not allowed.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        load::load(sources)
    }

    /// The values that no type forbids and that still cannot work.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        let at_least_one: [(&'static str, u64); 7] = [
            ("server.partitions", u64::from(self.server.partitions)),
            ("durability.replicas", u64::from(self.durability.replicas)),
            ("limits.id_bytes_max", self.limits.id_bytes_max as u64),
            ("limits.payload_bytes_max", self.limits.payload_bytes_max.0),
            ("visibility.page_default", self.visibility.page_default as u64),
            ("visibility.page_max", self.visibility.page_max as u64),
            ("visibility.batch_records", self.visibility.batch_records as u64),
        ];
        for (key, value) in at_least_one {
            if value == 0 {
                return Err((key, "0 is too small, 1 is the least".to_owned()));
            }
        }
        if self.server.partitions > sections::PARTITIONS_MAX {
            let max = sections::PARTITIONS_MAX;
            return Err(("server.partitions", format!("at most {max} partitions are possible")));
        }
        if !matches!(self.durability.replicas, 1 | 3 | 5) {
            return Err(("durability.replicas", "JetStream wants 1, 3 or 5 replicas".to_owned()));
        }
        if self.server.namespaces.is_empty() {
            return Err(("server.namespaces", "at least one namespace is needed".to_owned()));
        }
        if !(0.0..=1.0).contains(&self.telemetry.trace_sample_ratio) {
            return Err(("telemetry.trace_sample_ratio", "a ratio lies in 0.0..=1.0".to_owned()));
        }
        let certificate = !self.nats.tls_cert_file.is_empty();
        if certificate == self.nats.tls_key_file.is_empty() {
            return Err((
                "nats.tls_cert_file",
                "a client certificate needs both tls_cert_file and tls_key_file".to_owned(),
            ));
        }
        let gateway = &self.gateway;
        let certificate = !gateway.tls_cert_file.is_empty();
        if certificate == gateway.tls_key_file.is_empty() {
            return Err((
                "gateway.tls_cert_file",
                "TLS needs both tls_cert_file and tls_key_file".to_owned(),
            ));
        }
        if !certificate && !gateway.tls_client_ca_file.is_empty() {
            return Err((
                "gateway.tls_client_ca_file",
                "client certificates need TLS: set tls_cert_file and tls_key_file".to_owned(),
            ));
        }
        for address in &self.callbacks.allowed_addresses {
            if let Err(error) = address.parse::<steadfast_gateway::config::AddressRule>() {
                return Err(("callbacks.allowed_addresses", error.to_string()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
