//! The workers: who does which activities, and their processes.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{
    NAMESPACE,
    engine::this_program,
    ledger::LEDGER_VARIABLE,
    process::{Process, ProcessError},
    runtimes::{self, Runtime},
    workflows::{CodeVersion, MONEY_QUEUE, PROPERTY_QUEUE},
};
use crate::cli::{output::Out, problem::Problem, progress::spin};

/// How long a worker may take to connect.
const READY_LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// Who does the activities.
#[derive(Debug)]
pub(crate) struct Staff {
    money: Runtime,
    property: Runtime,
}

/// Installs what is needed, and says who does what.
pub(crate) async fn hire(cache: &Path, rust_only: bool, out: Out) -> Result<Staff, Problem> {
    let told = |text: String| {
        if out.is_json() { Ok(()) } else { out.line(text) }
    };
    let (money, property) = if rust_only {
        let rust = Runtime::Rust { because: "--rust-only".to_owned() };
        (rust.clone(), rust)
    } else {
        let both = spin("installing the workers' packages", runtimes::both(cache)).await;
        both.unwrap_or_else(|error| {
            let because = format!("{}: {error}", cache.display());
            let rust = Runtime::Rust { because };
            (rust.clone(), rust)
        })
    };
    told("workflows run in Rust".to_owned())?;
    for (what, runtime) in [("people and money", &money), ("houses", &property)] {
        let why = match runtime {
            Runtime::Foreign { file, .. } => {
                format!("plain NATS and MessagePack: {}", file.display())
            }
            Runtime::Rust { because } => because.clone(),
        };
        told(format!("activities about {what} run in {} ({why})", runtime.name()))?;
    }
    Ok(Staff { money, property })
}

/// Starts workers against one NATS.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    /// Where NATS is.
    pub nats_url: String,
    /// The data folder: logs and the ledger.
    pub folder: PathBuf,
}

impl Office {
    /// Starts the workers of both groups of activities.
    pub(crate) async fn activities(&self, staff: &Staff) -> Result<Vec<Process>, ProcessError> {
        let money = self.activity_worker("money", MONEY_QUEUE, &staff.money).await?;
        let property = self.activity_worker("property", PROPERTY_QUEUE, &staff.property).await?;
        Ok(vec![money, property])
    }

    /// Starts a worker that runs one version of the workflows.
    pub(crate) async fn workflows(&self, version: CodeVersion) -> Result<Process, ProcessError> {
        let (name, role) = match version {
            CodeVersion::V1 => ("workflows-v1", "workflows-v1"),
            CodeVersion::V2 => ("workflows-v2", "workflows-v2"),
        };
        self.start(name, self.own_worker(role)?).await
    }

    async fn activity_worker(
        &self,
        name: &str,
        queue: &str,
        runtime: &Runtime,
    ) -> Result<Process, ProcessError> {
        let command = match runtime {
            Runtime::Foreign { program, file, .. } => {
                let mut command = Command::new(program);
                command.arg(file).args([&self.nats_url, NAMESPACE, queue]);
                command
            }
            Runtime::Rust { .. } => self.own_worker(name)?,
        };
        self.start(name, command).await
    }

    fn own_worker(&self, role: &str) -> Result<Command, ProcessError> {
        let mut command = Command::new(this_program(role)?);
        command.args(["demo-worker", "--role", role, "--nats-url", &self.nats_url]);
        Ok(command)
    }

    async fn start(&self, name: &str, mut command: Command) -> Result<Process, ProcessError> {
        command.env(LEDGER_VARIABLE, self.folder.join("ledger.jsonl"));
        let mut process = Process::start(name, &command, &self.folder)?;
        process.says_ready(READY_LIMIT).await?;
        Ok(process)
    }
}
