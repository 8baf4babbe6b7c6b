//! Connections to NATS: the server's, from its configuration, and the commands', from their flags.

use std::{path::Path, time::Duration};

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use steadfast_telemetry::{Readiness, ReadinessReporter};

use crate::{
    cli::{args::Connection, problem::Problem, progress::spin},
    config::{Config, sections::Nats},
    dev_file::DevFile,
};

/// Where a server is looked for when nothing says otherwise.
pub const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// Connects a command.
pub async fn connect(connection: &Connection) -> Result<Client, Problem> {
    let url = url_of(connection);
    let mut options = ConnectOptions::new().name("steadfast cli");
    if let Some(file) = &connection.nats_creds {
        options = with_credentials(options, file).await?;
    }
    let options =
        options.connection_timeout(connection.within()).request_timeout(Some(connection.within()));
    spin(&format!("connecting to {url}"), open(&url, options)).await
}

/// The URL of a command: its flag, a development server in this folder, or the default.
pub fn url_of(connection: &Connection) -> String {
    let named = connection.nats_url.clone();
    named
        .or_else(|| DevFile::of_this_folder().map(|file| file.nats_url))
        .unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// Connects the server; from then on it reconnects for ever, and `/readyz` says when it is away.
pub async fn connect_server(
    config: &Config,
    url: &str,
    readiness: ReadinessReporter,
) -> Result<Client, Problem> {
    let nats = &config.nats;
    let pause_max = nats.reconnect_pause_max.0;
    let mut options = ConnectOptions::new()
        .name("steadfast server")
        .connection_timeout(nats.connect_within.0)
        .request_timeout(Some(config.jetstream.request_within.0))
        .require_tls(nats.tls_required)
        .max_reconnects(None)
        .reconnect_delay_callback(move |attempts| reconnect_pause(attempts, pause_max))
        .event_callback(move |event| {
            note(&event, &readiness);
            std::future::ready(())
        });
    if !nats.credentials_file.is_empty() {
        options = with_credentials(options, Path::new(&nats.credentials_file)).await?;
    }
    open(url, authenticated(options, nats)).await
}

/// What the connection tells: losing it makes the server unready, getting it back undoes just that.
fn note(event: &Event, readiness: &ReadinessReporter) {
    let away = || Readiness::NotReady("nats is not reachable".to_owned());
    match event {
        Event::Disconnected => {
            tracing::warn!("the connection to nats is lost");
            if readiness.get() == Readiness::Ready {
                readiness.set(away());
            }
        }
        Event::Connected => {
            tracing::info!("connected to nats");
            if readiness.get() == away() {
                readiness.set(Readiness::Ready);
            }
        }
        Event::Draining | Event::Closed => tracing::debug!(%event, "the connection to nats"),
        Event::LameDuckMode
        | Event::SlowConsumer(_)
        | Event::ServerError(_)
        | Event::ClientError(_) => tracing::warn!(%event, "the connection to nats"),
    }
}

fn authenticated(mut options: ConnectOptions, nats: &Nats) -> ConnectOptions {
    if !nats.user.is_empty() {
        options = options.user_and_password(nats.user.clone(), nats.password.clone());
    }
    if !nats.token.is_empty() {
        options = options.token(nats.token.clone());
    }
    if !nats.tls_ca_file.is_empty() {
        options = options.add_root_certificates(nats.tls_ca_file.clone().into());
    }
    if !nats.tls_cert_file.is_empty() {
        let (certificate, key) = (nats.tls_cert_file.clone(), nats.tls_key_file.clone());
        options = options.add_client_certificate(certificate.into(), key.into());
    }
    options
}

/// Twice as long with every attempt, from 10 ms.
fn reconnect_pause(attempts: usize, max: Duration) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    Duration::from_millis(10).saturating_mul(1 << doublings).min(max)
}

async fn with_credentials(options: ConnectOptions, file: &Path) -> Result<ConnectOptions, Problem> {
    options.credentials_file(file).await.map_err(|error| {
        Problem::usage(format!("cannot read the credentials {}", file.display())).because(&error)
    })
}

async fn open(url: &str, options: ConnectOptions) -> Result<Client, Problem> {
    let servers: Vec<&str> = url.split(',').map(str::trim).collect();
    options.connect(servers).await.map_err(|error| refused(url, &error))
}

fn refused(url: &str, error: &async_nats::ConnectError) -> Problem {
    let problem = Problem::failed(format!("cannot connect to NATS at {url}")).because(error);
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => problem
            .advice("the server wants other credentials: --nats-creds FILE, or nats://user:password@host"),
        ConnectErrorKind::Tls => {
            problem.advice("the server's certificate was not accepted: see nats.tls_ca_file in the configuration")
        }
        ConnectErrorKind::ServerParse
        | ConnectErrorKind::Dns
        | ConnectErrorKind::TimedOut
        | ConnectErrorKind::Io
        | ConnectErrorKind::MaxReconnects => problem.advice(
            "start one with `steadfast dev`, or say where it is: --nats-url URL or STEADFAST_NATS_URL",
        ),
    }
}
