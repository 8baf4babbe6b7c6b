//! Which `nats-server` versions will do, and how to ask a binary for its own.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    str::FromStr,
};

/// The oldest server that has everything the log needs (atomic batches, wildcard filters).
pub const MIN_VERSION: Version = Version { major: 2, minor: 12, patch: 0 };

/// The version that [`crate::install`] installs and that the tests run against.
pub const PINNED_VERSION: Version = Version { major: 2, minor: 15, patch: 1 };

/// A released server's version; a pre-release suffix is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Incompatible changes.
    pub major: u16,
    /// New features.
    pub minor: u16,
    /// Fixes.
    pub patch: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The text is not a version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("parse {0:?} as a nats-server version")]
pub struct ParseVersionError(String);

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseVersionError(text.to_owned());
        let released = text.trim().trim_start_matches('v');
        let released = released.split(['-', '+']).next().unwrap_or_default();
        let numbers: Vec<u16> =
            released.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| error())?;
        match numbers[..] {
            [major, minor, patch] => Ok(Self { major, minor, patch }),
            _ => Err(error()),
        }
    }
}

/// Why a binary would not tell its version.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The binary could not be run at all.
    #[error("run `{} --version`", path.display())]
    Run {
        /// What was run.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// It ran, but what it printed is not what nats-server prints.
    #[error("read a version from `{} --version`, which printed {output:?}", path.display())]
    Unreadable {
        /// What was run.
        path: PathBuf,
        /// What it printed.
        output: String,
    },
}

/// Asks the binary at `path` for its version.
///
/// # Errors
/// When it cannot be run or prints something else than `nats-server: v<version>`.
pub fn probe(path: &Path) -> Result<Version, ProbeError> {
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ProbeError::Run { path: path.to_owned(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed
        .trim()
        .strip_prefix("nats-server:")
        .and_then(|version| version.parse().ok())
        .ok_or(ProbeError::Unreadable { path: path.to_owned(), output: printed })
}

#[cfg(test)]
mod tests;
