//! The small HTTP server for `/metrics` and `/healthz`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::Error;

/// Whether this program can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Ok,
    /// It cannot at the moment, and why.
    Failing(String),
}

/// Sets what `/healthz` answers; cheap to clone.
#[derive(Clone, Debug)]
pub struct HealthReporter(Arc<watch::Sender<Health>>);

impl HealthReporter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Health::Ok)))
    }

    /// Sets it; the last word counts.
    pub fn set(&self, health: Health) {
        self.0.send_replace(health);
    }

    /// What was set last.
    #[must_use]
    pub fn get(&self) -> Health {
        self.0.borrow().clone()
    }
}

/// The running server. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    registry: Registry,
    health: HealthReporter,
}

impl Server {
    pub(crate) async fn start(
        wanted: SocketAddr,
        registry: Registry,
        health: &HealthReporter,
    ) -> Result<Self, Error> {
        let error = |source| Error::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .with_state(Shared {
                registry,
                health: health.clone(),
            });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async {
                // Told to, or dropped: both end it.
                let _ = stopped.await;
            });
            if let Err(error) = served.await {
                tracing::error!(%error, "failed to serve metrics");
            }
        });
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it without waiting for clients that keep their connections open.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.abort();
        // The only error is the one we have just asked for.
        let _ = self.task.await;
    }
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let encoder = TextEncoder::new();
    let mut body = Vec::new();
    match encoder.encode(&shared.registry.gather(), &mut body) {
        Ok(()) => {
            let content_type = [(CONTENT_TYPE, encoder.format_type().to_owned())];
            (content_type, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "failed to encode metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn healthz(State(shared): State<Shared>) -> Response {
    match shared.health.get() {
        Health::Ok => "ok\n".into_response(),
        Health::Failing(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}
