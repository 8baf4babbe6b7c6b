//! The gateway's task: its listener is bound before anybody is told that the server is ready, and
//! its failure is the server's.

use std::{net::SocketAddr, path::Path};

use steadfast_gateway::{Gateway, GatewayConfig, ServeError, config::TlsConfig};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::settings;
use crate::{cli::problem::Problem, config::Config};

/// The gateway, open until the shutdown; closed when it has no address.
pub(super) struct GatewayDoor {
    address: Option<SocketAddr>,
    // Nothing when it is closed, or once its end has been told.
    task: Option<JoinHandle<Result<(), ServeError>>>,
}

impl GatewayDoor {
    /// Opens it where the configuration says.
    pub(super) async fn open(
        config: &Config,
        gateway: Gateway,
        shutdown: CancellationToken,
    ) -> Result<Self, Problem> {
        let address = &config.gateway.address;
        if address.is_empty() {
            return Ok(Self { address: None, task: None });
        }
        let wanted: SocketAddr = address.parse().map_err(|error| {
            Problem::usage(format!("gateway.address = {address:?}"))
                .because(&error)
                .advice("write it as IP:PORT, such as 127.0.0.1:7233")
        })?;
        let listener = TcpListener::bind(wanted).await.map_err(|error| {
            Problem::failed(format!("cannot listen on {wanted} for Temporal's gRPC API"))
                .because(&error)
                .advice("choose another address (gateway.address, --port; port 0 is a free one)")
        })?;
        let bound = listener.local_addr().map_err(|error| {
            Problem::failed("cannot tell the gateway's address").because(&error)
        })?;
        let settings = GatewayConfig { tls: tls(config)?, ..settings::gateway(config) };
        let serving = steadfast_gateway::run(settings, listener, gateway, async move {
            shutdown.cancelled().await;
        });
        Ok(Self { address: Some(bound), task: Some(tokio::spawn(serving)) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Resolves when it is closed before anybody asked for it; never when it was never open.
    pub(super) async fn failed(&mut self) -> Problem {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        let problem = Problem::failed("the gateway for Temporal's gRPC API is closed");
        match ended {
            Ok(Ok(())) => problem,
            Ok(Err(error)) => problem.because(&error).advice("see the section [gateway]"),
            Err(error) => problem.because(&error),
        }
    }

    /// Waits for its end, after the shutdown.
    pub(super) async fn closed(self) {
        let Some(task) = self.task else { return };
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the gateway failed");
            }
            Err(error) => tracing::error!(%error, "the gateway panicked"),
        }
    }
}

/// The certificates that the configuration names.
fn tls(config: &Config) -> Result<Option<TlsConfig>, Problem> {
    let gateway = &config.gateway;
    if gateway.tls_cert_file.is_empty() {
        return Ok(None);
    }
    let ca = &gateway.tls_client_ca_file;
    Ok(Some(TlsConfig {
        certificate: read("gateway.tls_cert_file", &gateway.tls_cert_file)?,
        key: read("gateway.tls_key_file", &gateway.tls_key_file)?,
        client_ca: (!ca.is_empty()).then(|| read("gateway.tls_client_ca_file", ca)).transpose()?,
    }))
}

fn read(key: &str, path: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(Path::new(path)).map_err(|error| {
        Problem::usage(format!("cannot read {path}, which {key} names")).because(&error)
    })
}
