//! `<data-dir>/dev.json`: what a development server tells the commands, and its lock.
//!
//! The lock is the kernel's, on a file beside it, so it ends with the process, however that ends;
//! the JSON may outlive its process and is only believed by readers that then connect.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::cli::problem::Problem;

/// Where a development server keeps its data, seen from where it is started.
pub const DEFAULT_FOLDER: &str = "steadfast-data";
const FILE: &str = "dev.json";
const LOCK: &str = "dev.lock";

/// What a development server tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevFile {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Where its NATS is.
    pub nats_url: String,
    /// Its nats-server's process; nothing when the NATS is not its own.
    pub nats_pid: Option<u32>,
    /// Its nats-server's port; nothing when the NATS is not its own.
    pub nats_port: Option<u16>,
    /// Its nats-server's monitoring endpoint.
    pub nats_monitor_url: Option<String>,
    /// Temporal's gRPC API.
    #[serde(default)]
    pub grpc_addr: Option<String>,
    /// Metrics and health.
    pub http_addr: Option<String>,
    /// The namespaces it was started with.
    pub namespaces: Vec<String>,
    /// What an acknowledged write has survived.
    pub durability: String,
}

impl DevFile {
    /// The development server of the folder `steadfast-data` right here, if its file can be read.
    pub fn of_this_folder() -> Option<Self> {
        Self::read(Path::new(DEFAULT_FOLDER))
    }

    /// What a data folder's file says.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }
}

/// A data folder that this process alone uses.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, and takes it for this process.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let failed = |what: &Path, error: std::io::Error| {
            Problem::failed(format!("cannot use {}", what.display()))
                .because(&error)
                .advice("choose another folder with --data-dir, or --ephemeral for none")
        };
        fs::create_dir_all(path).map_err(|error| failed(path, error))?;
        let path = path.canonicalize().map_err(|error| failed(path, error))?;
        let lock_file = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_file)
            .map_err(|error| failed(&lock_file, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(in_use(&path)),
            Err(TryLockError::Error(error)) => Err(failed(&lock_file, error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells the commands where the server is; appears by rename, so a reader sees all or nothing.
    pub fn announce(&self, file: &DevFile) -> Result<(), Problem> {
        let failed =
            |error: &dyn std::error::Error| Problem::failed("cannot write dev.json").because(error);
        let bytes = serde_json::to_vec_pretty(file).map_err(|error| failed(&error))?;
        let draft = self.path.join("dev.json.new");
        fs::write(&draft, bytes).map_err(|error| failed(&error))?;
        fs::rename(&draft, self.path.join(FILE)).map_err(|error| failed(&error))
    }

    /// The server goes away.
    pub fn retract(&self) {
        // What cannot be removed is stale, and readers cope with that.
        let _ = fs::remove_file(self.path.join(FILE));
    }
}

fn in_use(path: &Path) -> Problem {
    let owner = DevFile::read(path)
        .map_or_else(|| "another process".to_owned(), |file| format!("pid {}", file.pid));
    Problem::failed(format!("{} is in use by {owner}", path.display()))
        .advice("use the server that runs, stop it first (SIGTERM), or choose another --data-dir")
}
