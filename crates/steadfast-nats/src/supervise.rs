//! Keeps one server running: whenever it ends, it is started again on the same port and data.

use std::time::{Duration, Instant};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::server::Server;

/// The first pause before a restart; it doubles with every failure in a row.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest pause before a restart.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A server that ran this long was healthy, and its end starts the backoff afresh.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// What a supervised server is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is ready for clients.
    Running {
        /// Its process id, another one after every restart.
        pid: u32,
    },
    /// It has ended and will be started again.
    Restarting {
        /// Restarts in a row without a healthy run, from 1.
        attempt: u32,
        /// Why it is not running.
        reason: String,
    },
    /// It was stopped, on our word.
    Stopped,
}

/// The owner of a server and of the task that keeps it running. Dropping it kills the server.
#[derive(Debug)]
pub struct Supervisor {
    client_url: String,
    monitor_url: Option<String>,
    port: u16,
    state: watch::Receiver<State>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(crate) fn spawn(server: Server) -> Self {
        let (state_tx, state) = watch::channel(State::Running { pid: server.pid() });
        let (stop, stop_rx) = oneshot::channel();
        Self {
            client_url: server.client_url(),
            monitor_url: server.monitor_url(),
            port: server.port(),
            state,
            stop: Some(stop),
            task: tokio::spawn(run(server, state_tx, stop_rx)),
        }
    }

    /// The URL that clients connect to; it survives restarts.
    #[must_use]
    pub fn client_url(&self) -> &str {
        &self.client_url
    }

    /// The URL of the monitoring endpoint, where there is one.
    #[must_use]
    pub fn monitor_url(&self) -> Option<&str> {
        self.monitor_url.as_deref()
    }

    /// The port that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server is doing, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// The server's process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Running { pid } => Some(pid),
            State::Restarting { .. } | State::Stopped => None,
        }
    }

    /// Stops the server, as [`Server::stop`], and the supervision with it.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // An error means that the task panicked, and its unwinding dropped (and killed) the server.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(server: Server, state: watch::Sender<State>, stop: oneshot::Receiver<()>) {
    let mut server = server;
    tokio::select! {
        () = keep_running(&mut server, &state) => {}
        // Also when the supervisor was dropped: there is nobody left to keep it running for.
        _ = stop => {}
    }
    server.end().await;
    state.send_replace(State::Stopped);
}

/// Never returns; it is ended by dropping it, at any await.
async fn keep_running(server: &mut Server, state: &watch::Sender<State>) {
    let mut attempt = 0;
    loop {
        let since = Instant::now();
        let exit = server.exited().await;
        if since.elapsed() >= HEALTHY_AFTER {
            attempt = 0;
        }
        let mut reason = format!("nats-server ended with {exit}");
        loop {
            attempt += 1;
            tracing::warn!(attempt, reason, "restarting nats-server");
            state.send_replace(State::Restarting { attempt, reason: reason.clone() });
            tokio::time::sleep(backoff(attempt)).await;
            match server.restart().await {
                Ok(()) => break,
                Err(error) => reason = chain(&error),
            }
        }
        state.send_replace(State::Running { pid: server.pid() });
    }
}

fn backoff(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX)
}

/// The error and all its sources, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text.push_str(": ");
        text.push_str(&next.to_string());
        source = next.source();
    }
    text
}
