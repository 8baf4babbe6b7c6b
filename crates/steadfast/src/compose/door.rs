//! The native door's task: it is open when it answers, and its failure is the server's.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, Request};
use steadfast_engine::Engine;
use steadfast_native::{NativeConfig, ServeError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cli::problem::Problem;

/// Answered by every instance of the micro-service.
const PING: &str = "$SRV.PING.steadfast";
/// How long one ping may take, and how long to wait before the next.
const PING_WITHIN: Duration = Duration::from_millis(500);
const PING_PAUSE: Duration = Duration::from_millis(2);

/// The native door, open until the shutdown.
pub(super) struct Door {
    // Nothing once its end has been told.
    task: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Door {
    /// Opens it, and waits until requests are answered.
    pub(super) async fn open(
        settings: NativeConfig,
        client: Client,
        engine: Engine,
        lists: Option<Arc<dyn steadfast_native::Lists>>,
        shutdown: CancellationToken,
    ) -> Result<Self, Problem> {
        let serving = steadfast_native::run(settings, client.clone(), engine, lists, shutdown);
        let mut door = Self { task: Some(tokio::spawn(serving)) };
        tokio::select! {
            () = answers(&client) => Ok(door),
            problem = door.failed() => Err(problem),
        }
    }

    /// Resolves when it is closed before anybody asked for it.
    pub(super) async fn failed(&mut self) -> Problem {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        let problem = Problem::failed("the native door is closed");
        match ended {
            Ok(Ok(())) => problem,
            Ok(Err(error)) => problem.because(&error).advice("see the section [native]"),
            Err(error) => problem.because(&error),
        }
    }

    /// Waits for its end, after the shutdown.
    pub(super) async fn closed(self) {
        let Some(task) = self.task else { return };
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the native door failed");
            }
            Err(error) => tracing::error!(%error, "the native door panicked"),
        }
    }
}

async fn answers(client: &Client) {
    loop {
        let ping = Request::new().timeout(Some(PING_WITHIN));
        if client.send_request(PING, ping).await.is_ok() {
            return;
        }
        tokio::time::sleep(PING_PAUSE).await;
    }
}
