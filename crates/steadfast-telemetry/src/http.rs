//! The small HTTP server for `/metrics`, `/healthz` and `/readyz`.
//!
//! `/healthz` says only that the process answers: whoever restarts what is not healthy must not
//! restart a server that waits for its NATS. That it can do its work is what `/readyz` says.

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
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot at the moment, and why.
    NotReady(String),
}

/// Sets what `/readyz` answers; cheap to clone.
#[derive(Clone, Debug)]
pub struct ReadinessReporter(Arc<watch::Sender<Readiness>>);

impl ReadinessReporter {
    pub(crate) fn new() -> Self {
        let starting = Readiness::NotReady("starting".to_owned());
        Self(Arc::new(watch::Sender::new(starting)))
    }

    /// Sets it; the last word counts.
    pub fn set(&self, readiness: Readiness) {
        self.0.send_replace(readiness);
    }

    /// What was set last.
    #[must_use]
    pub fn get(&self) -> Readiness {
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
    readiness: ReadinessReporter,
}

impl Server {
    pub(crate) async fn start(
        wanted: SocketAddr,
        registry: Registry,
        readiness: &ReadinessReporter,
    ) -> Result<Self, Error> {
        let error = |source| Error::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(readyz))
            .with_state(Shared { registry, readiness: readiness.clone() });
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
        Ok(Self { address, stop, task })
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

async fn readyz(State(shared): State<Shared>) -> Response {
    match shared.readiness.get() {
        Readiness::Ready => "ready\n".into_response(),
        Readiness::NotReady(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}
