//! Which language does the activities: Python and TypeScript where they are there, else Rust.
//!
//! The workers' sources are in the binary. On first use their pinned packages are installed into a
//! cache folder with pip and npm; when that fails, Rust does the work and the reason is told.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

/// How long pip or npm may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(180);

/// A source file: its name and its text.
type Source = (&'static str, &'static str);

const PYTHON_SOURCES: [Source; 4] = [
    ("worker.py", include_str!("../../../../tests/polyglot/python/worker.py")),
    ("requirements.txt", include_str!("../../../../tests/polyglot/python/requirements.txt")),
    ("money.py", include_str!("workers/money.py")),
    ("ledger.py", include_str!("workers/ledger.py")),
];

const TYPESCRIPT_SOURCES: [Source; 6] = [
    ("worker.ts", include_str!("../../../../tests/polyglot/typescript/worker.ts")),
    ("package.json", include_str!("../../../../tests/polyglot/typescript/package.json")),
    ("package-lock.json", include_str!("../../../../tests/polyglot/typescript/package-lock.json")),
    ("tsconfig.json", include_str!("../../../../tests/polyglot/typescript/tsconfig.json")),
    (".npmrc", include_str!("../../../../tests/polyglot/typescript/.npmrc")),
    ("property.ts", include_str!("workers/property.ts")),
];

/// What runs a group of activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// A program with its first arguments: what it is, and how to start it.
    Foreign {
        /// For people.
        name: &'static str,
        /// The interpreter.
        program: PathBuf,
        /// The worker's file.
        file: PathBuf,
    },
    /// This binary, and why not the other language.
    Rust {
        /// Why.
        because: String,
    },
}

impl Runtime {
    /// Its language.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Foreign { name, .. } => name,
            Self::Rust { .. } => "Rust",
        }
    }
}

/// Why a language cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{program} is not installed")]
    Missing { program: &'static str },
    #[error("{what} failed: {last_line}")]
    Failed { what: &'static str, last_line: String },
    #[error("{what} took longer than {} s", INSTALL_LIMIT.as_secs())]
    Slow { what: &'static str },
    #[error("its files could not be written: {0}")]
    Files(#[from] io::Error),
}

/// Both languages, or Rust where one cannot be had. Another story that installs is waited for.
pub(crate) async fn both(cache: &Path) -> io::Result<(Runtime, Runtime)> {
    fs::create_dir_all(cache)?;
    let lock = fs::File::create(cache.join("lock"))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let runtimes = tokio::join!(python(cache), typescript(cache));
    drop(lock);
    Ok(runtimes)
}

/// Python with its packages, or Rust.
async fn python(cache: &Path) -> Runtime {
    fall_back(install_python(&cache.join("python")).await)
}

/// Node with its packages, or Rust.
async fn typescript(cache: &Path) -> Runtime {
    fall_back(install_typescript(&cache.join("typescript")).await)
}

fn fall_back(installed: Result<Runtime, Unusable>) -> Runtime {
    installed.unwrap_or_else(|why| Runtime::Rust { because: why.to_string() })
}

async fn install_python(folder: &Path) -> Result<Runtime, Unusable> {
    let program = folder.join("venv/bin/python");
    let file = folder.join("money.py");
    if !write_sources(folder, &PYTHON_SOURCES)? || !program.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(folder.join("venv"));
        run("python3", "python3 -m venv", &mut venv).await?;
        let mut pip = Command::new(&program);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"]);
        pip.arg(folder.join("requirements.txt"));
        run("python3", "pip install", &mut pip).await?;
        mark_done(folder, &PYTHON_SOURCES)?;
    }
    Ok(Runtime::Foreign { name: "Python", program, file })
}

async fn install_typescript(folder: &Path) -> Result<Runtime, Unusable> {
    let mut version = Command::new("node");
    run("node", "node --version", version.arg("--version")).await?;
    if !write_sources(folder, &TYPESCRIPT_SOURCES)? {
        let mut npm = Command::new("npm");
        run("npm", "npm ci", npm.args(["ci", "--silent"]).current_dir(folder)).await?;
        let mut tsc = Command::new("node");
        tsc.arg("node_modules/typescript/bin/tsc").current_dir(folder);
        run("node", "tsc", &mut tsc).await?;
        mark_done(folder, &TYPESCRIPT_SOURCES)?;
    }
    let (program, file) = (PathBuf::from("node"), folder.join("property.js"));
    Ok(Runtime::Foreign { name: "TypeScript", program, file })
}

/// Writes the sources; true says that they were installed before, just as they are.
fn write_sources(folder: &Path, sources: &[Source]) -> Result<bool, Unusable> {
    if fs::read_to_string(folder.join(".done")).is_ok_and(|done| done == whole(sources)) {
        return Ok(true);
    }
    fs::create_dir_all(folder)?;
    for (name, text) in sources {
        fs::write(folder.join(name), text)?;
    }
    Ok(false)
}

/// Written last: what is there when an installation was broken off does not count.
fn mark_done(folder: &Path, sources: &[Source]) -> Result<(), Unusable> {
    Ok(fs::write(folder.join(".done"), whole(sources))?)
}

fn whole(sources: &[Source]) -> String {
    sources.iter().flat_map(|(name, text)| [*name, "\n", *text]).collect()
}

async fn run(
    program: &'static str,
    what: &'static str,
    command: &mut Command,
) -> Result<(), Unusable> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(INSTALL_LIMIT, output).await {
        Err(_) => Err(Unusable::Slow { what }),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(Unusable::Missing { program })
        }
        Ok(Err(error)) => Err(Unusable::Files(error)),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let last_line = text.lines().last().unwrap_or("it said nothing").to_owned();
            Err(Unusable::Failed { what, last_line })
        }
    }
}
