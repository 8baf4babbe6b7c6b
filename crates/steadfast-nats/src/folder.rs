//! The data folder: made, locked for this process, and freed of the last owner's orphan.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long an orphan may take to end after SIGTERM before it is killed.
const ORPHAN_GRACE: Duration = Duration::from_secs(5);
/// How often to look whether it has.
const ORPHAN_POLL: Duration = Duration::from_millis(10);

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process holds it.
    #[error("use the data folder {}: another process is running a nats-server on it", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or written.
    #[error("prepare {}", path.display())]
    Io {
        /// What was being prepared.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The last owner's server is still there and cannot be ended.
    #[error("end the orphaned nats-server with pid {pid}")]
    Orphan {
        /// Its process id.
        pid: i32,
        /// Why it failed.
        source: io::Error,
    },
}

/// A data folder that this process alone uses, until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    // Held for its lock; the kernel releases it when this process ends, however it ends.
    _lock: File,
    // Removes the folder after everything above is gone.
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Makes or opens the folder, and ends an orphan that the last owner left on it.
    pub(crate) fn open(wanted: Option<&Path>) -> Result<Self, FolderError> {
        let temporary = match wanted {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("steadfast-nats-")
                    .tempdir()
                    .map_err(io_error(&std::env::temp_dir()))?,
            ),
        };
        let path = match (wanted, &temporary) {
            (Some(path), _) => path.to_owned(),
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => unreachable!("a folder is either given or temporary"),
        };
        fs::create_dir_all(&path).map_err(io_error(&path))?;
        let path = path.canonicalize().map_err(io_error(&path))?;
        let lock = hold(&path)?;
        end_orphan(&path)?;
        Ok(Self { path, _lock: lock, _temporary: temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn hold(folder: &Path) -> Result<File, FolderError> {
    let path = folder.join("nats.lock");
    let file = File::create(&path).map_err(io_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(FolderError::Io { path, source }),
    }
}

/// We hold the lock, so whoever started the server that still runs here is gone.
fn end_orphan(folder: &Path) -> Result<(), FolderError> {
    let Some(pid) = orphan(folder) else {
        return Ok(());
    };
    let raw = pid.as_raw_nonzero().get();
    tracing::warn!(pid = raw, folder = %folder.display(), "ending an orphaned nats-server");
    for signal in [Signal::TERM, Signal::KILL] {
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                return Err(FolderError::Orphan { pid: raw, source: error.into() });
            }
        }
        if gone_within(folder, pid, ORPHAN_GRACE) {
            return Ok(());
        }
    }
    Err(FolderError::Orphan { pid: raw, source: io::Error::from(io::ErrorKind::TimedOut) })
}

fn gone_within(folder: &Path, pid: Pid, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if !serves(pid, folder) {
            return true;
        }
        std::thread::sleep(ORPHAN_POLL);
    }
    !serves(pid, folder)
}

fn orphan(folder: &Path) -> Option<Pid> {
    let text = fs::read_to_string(folder.join("nats.pid")).ok()?;
    let pid = Pid::from_raw(text.trim().parse().ok()?)?;
    serves(pid, folder).then_some(pid)
}

/// Whether the process `pid` is a server of this folder. Pids are reused, so its command line must
/// name the folder's own configuration file. Without `/proc` nothing is taken for an orphan.
fn serves(pid: Pid, folder: &Path) -> bool {
    let cmdline = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    let Ok(cmdline) = fs::read(cmdline) else {
        return false;
    };
    let conf = folder.join("nats.conf");
    cmdline.split(|byte| *byte == 0).any(|argument| argument == conf.as_os_str().as_encoded_bytes())
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError::Io { path: path.to_owned(), source }
}
