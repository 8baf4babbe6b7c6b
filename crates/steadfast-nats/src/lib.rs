//! Finds, installs, starts and supervises a `nats-server` child process.
//!
//! **Invariant:** this is the only crate that runs `nats-server`; it depends on nothing else of
//! ours and never speaks the NATS protocol beyond reading the greeting that proves readiness.
//!
//! # Life of the child
//!
//! * [`Server::start`] finds the binary ([`ensure`]), writes `nats.conf` into the data folder, starts
//!   the child and waits until it greets on its port with JetStream on.
//! * [`Server::supervise`] keeps it running: same port, same data folder, with backoff.
//! * Dropping either kills the child and waits until it is gone.
//!
//! # When the parent is killed with SIGKILL
//!
//! Nothing of ours runs then, so two independent guards exist:
//!
//! * where `setpriv` (util-linux) is on PATH the child runs under `setpriv --pdeathsig KILL`, and the
//!   kernel kills it with its parent. A parent's death signal follows the parent *thread*, so every
//!   child has a keeper thread of its own that lives exactly as long as the child does;
//! * the data folder is held by a file lock (released by the kernel with the process). A start that
//!   gets the lock but finds the last child alive (by `nats.pid` and its command line) has found an
//!   orphan: it **terminates** it and starts its own, because a process that is not our child can be
//!   neither waited for nor supervised. A start that does not get the lock fails with
//!   [`FolderError::InUse`] and touches nothing.
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), steadfast_nats::StartError> {
//! use steadfast_nats::{Config, Server};
//!
//! let server = Server::start(Config::default()).await?; // temporary folder, free port
//! println!("{}", server.client_url());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod config;
mod folder;
mod install;
mod locate;
mod process;
mod ready;
mod server;
mod supervise;
mod version;

pub use config::{Config, SyncInterval};
pub use folder::FolderError;
pub use install::{InstallError, install};
pub use locate::{EnsureError, LocateError, Search, ensure, locate};
pub use process::Exit;
pub use ready::ReadyError;
pub use server::{Server, StartError, setpriv};
pub use supervise::{State, Supervisor};
pub use version::{MIN_VERSION, PINNED_VERSION, ProbeError, Version, probe};
