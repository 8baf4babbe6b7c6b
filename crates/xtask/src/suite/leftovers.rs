//! Finds processes that the tests started and left running.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;

/// The variable that marks every process a test run starts.
pub(crate) const VARIABLE: &str = "STEADFAST_TEST_RUN";

/// How long a process that has been killed may take to vanish.
const GRACE: Duration = Duration::from_secs(3);
/// How often to look.
const POLL: Duration = Duration::from_millis(50);

/// The mark of one test run.
pub(crate) struct Marker(String);

impl Marker {
    pub(crate) fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    pub(crate) fn value(&self) -> &str {
        &self.0
    }

    /// Fails when a marked process still runs; it names each.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + GRACE;
        let mut left = self.running();
        while !left.is_empty() && Instant::now() < deadline {
            thread::sleep(POLL);
            left = self.running();
        }
        ensure!(left.is_empty(), "a test did not end what it started:\n{}", left.join("\n"));
        Ok(())
    }

    /// The marked processes, as `pid N: command line`. Empty where there is no `/proc`.
    fn running(&self) -> Vec<String> {
        let marker = format!("{VARIABLE}={}", self.0);
        let Ok(processes) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        processes
            .filter_map(Result::ok)
            .filter_map(|process| describe(&process.path(), &marker))
            .collect()
    }
}

fn describe(process: &Path, marker: &str) -> Option<String> {
    let pid: u32 = process.file_name()?.to_str()?.parse().ok()?;
    let environ = fs::read(process.join("environ")).ok()?;
    let marked = environ.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes());
    if !marked {
        return None;
    }
    let cmdline = fs::read(process.join("cmdline")).ok()?;
    let cmdline = String::from_utf8_lossy(&cmdline).replace('\0', " ");
    Some(format!("  pid {pid}: {}", cmdline.trim()))
}

#[cfg(test)]
mod tests {
    //! A marked child is seen while it runs, and no longer.

    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_marked_child_is_named_until_it_ends() {
        let marker = Marker::new();
        assert!(marker.running().is_empty());
        let mut child = Command::new("cat")
            .env(VARIABLE, marker.value())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let running = marker.running();
        assert_eq!(running, [format!("  pid {}: cat", child.id())]);
        drop(child.stdin.take());
        child.wait().unwrap();
        marker.check().unwrap();
    }
}
