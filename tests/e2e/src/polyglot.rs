//! Workers in other languages: `tests/polyglot`, set up on demand.

use std::{path::PathBuf, process::Output, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{process::Command, sync::Mutex};

use crate::{engine::Home, process::Process};

/// How long a worker may take to be ready; Java is slow when the machine is busy.
const READY: Duration = Duration::from_secs(60);

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python 3.
    Python,
    /// TypeScript on Node.
    TypeScript,
    /// Go.
    Go,
    /// Java.
    Java,
}

impl Language {
    /// The name of its folder, and of its workers' identities.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::TypeScript => "typescript",
            Self::Go => "go",
            Self::Java => "java",
        }
    }

    /// The programs without which there is nothing to test.
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3"],
            Self::TypeScript => &["node", "npm"],
            Self::Go => &["go"],
            Self::Java => &["java", "javac", "mvn"],
        }
    }

    /// Installs and builds its folder in `tests/polyglot`; false, with a message, when the language
    /// itself is missing.
    pub async fn set_up(self) -> Result<bool> {
        self.set_up_in("polyglot").await
    }

    /// The same for its folder in another one of `tests`.
    pub async fn set_up_in(self, folder: &str) -> Result<bool> {
        for program in self.needs() {
            let found = Command::new("which").arg(program).output().await?.status.success();
            if !found {
                let text = format!("SKIPPED {}: {program} is not installed\n", self.name());
                std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes())?;
                return Ok(false);
            }
        }
        // Tests of one language run at once, and its first setup must be the only one.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _turn = ONE_AT_A_TIME.lock().await;
        let setup = root().join("tests").join(folder).join(self.name()).join("setup");
        let Output { status, stdout, stderr } =
            Command::new(&setup).output().await.context("run setup")?;
        if !status.success() {
            let told = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
            bail!("{} failed:\n{}{}", setup.display(), told[0], told[1]);
        }
        Ok(true)
    }

    /// The command that starts one of its programs: `worker`, `workflow_worker` or `service`.
    fn command(self, program: &str) -> Command {
        let (out, source) = (root().join("target/polyglot"), root().join("tests/polyglot"));
        match self {
            Self::Python => {
                let mut command = Command::new(out.join("python/bin/python"));
                command.arg(source.join("python").join(format!("{program}.py")));
                command.env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Self::TypeScript => {
                let mut command = Command::new("node");
                command.arg(out.join("typescript").join(format!("{program}.js")));
                command
            }
            Self::Go => Command::new(out.join("go").join(program)),
            Self::Java => {
                let java = out.join("java");
                let path = format!("{0}/classes:{0}/lib/*", java.display());
                let mut command = Command::new("java");
                command.args(["-cp", &path, "Worker"]);
                command
            }
        }
    }

    /// Starts one of its programs and waits until it is ready.
    pub async fn start(self, home: &Home, program: &str, args: &[&str]) -> Result<Process> {
        let name = format!("{}-{program}", self.name());
        let mut process = Process::start(&name, self.command(program).args(args), home.path())?;
        process.says_ready(READY).await?;
        Ok(process)
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
