//! One child process, its keeper thread, and signals that cannot hit anybody else.
//!
//! The keeper thread starts the child and waits for it. It is the thread that a parent-death signal
//! is tied to, and the only one that reaps; the pid is forgotten under a lock before it is reaped, so
//! no signal can be sent to a pid that the kernel has given to another process.

use std::{
    io,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::watch;

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited or was killed; the text is the status.
    Status(ExitStatus),
    /// The operating system would not tell.
    Unknown(String),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Unknown(why) => write!(f, "unknown exit status: {why}"),
        }
    }
}

/// A running or ended child. Dropping it kills the child and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    live: Arc<Mutex<Option<Pid>>>,
    exit: watch::Receiver<Option<Exit>>,
    keeper: Option<thread::JoinHandle<()>>,
}

impl Process {
    /// Starts `command`. Blocks for as long as a fork and exec take.
    pub(crate) fn spawn(command: Command) -> io::Result<Self> {
        let live = Arc::new(Mutex::new(None));
        let (exit_tx, exit) = watch::channel(None);
        let (started_tx, started) = mpsc::sync_channel(1);
        let keeper = thread::Builder::new().name("nats-server-keeper".to_owned()).spawn({
            let live = Arc::clone(&live);
            move || keep(command, &live, &started_tx, &exit_tx)
        })?;
        let pid = started.recv().map_err(|_| io::Error::other("the keeper thread ended"))??;
        Ok(Self { pid, live, exit, keeper: Some(keeper) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, once it has.
    pub(crate) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or_else(|| Exit::Unknown("no status".to_owned())),
            Err(_) => Exit::Unknown("the keeper thread ended".to_owned()),
        }
    }

    /// Asks it to end; no effect once it has.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends it at once; no effect once it has ended.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let live = lock(&self.live);
        if let Some(pid) = *live
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::warn!(pid = self.pid, %error, "failed to signal nats-server");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(keeper) = self.keeper.take() {
            // Milliseconds: the child has just been sent SIGKILL, or has ended already.
            let _ = keeper.join();
        }
    }
}

type Started = mpsc::SyncSender<io::Result<u32>>;

fn keep(
    mut command: Command,
    live: &Mutex<Option<Pid>>,
    started: &Started,
    exit: &watch::Sender<Option<Exit>>,
) {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let pid = Pid::from_child(&child);
    *lock(live) = Some(pid);
    // The channel has room for one, and the receiver waits for it: this cannot fail.
    let _ = started.send(Ok(child.id()));
    let ended = reap(&mut child, pid, live);
    exit.send_replace(Some(match ended {
        Ok(status) => Exit::Status(status),
        Err(error) => Exit::Unknown(error.to_string()),
    }));
}

fn reap(child: &mut Child, pid: Pid, live: &Mutex<Option<Pid>>) -> io::Result<ExitStatus> {
    let wait_only = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), wait_only) {}
    let mut live = lock(live);
    *live = None;
    child.wait()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
