//! Temporal's official CLI, with a transcript of what it prints.
//!
//! What differs from run to run (ids, times, sizes) becomes a word, so that a transcript recorded
//! against Temporal's own server can be compared with ours: field by field, nothing more or less.

mod normal;

use std::{fmt::Write, path::PathBuf, process::Output, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use self::normal::Normal;
use crate::wait;

/// How long a condition may take that a command is asked for.
const LIMIT: Duration = Duration::from_secs(60);

/// The variable that names the program: without it nothing is compared, since what the CLI shows here
/// still differs from Temporal in fields that `tests/compat/README.md` names.
const PROGRAM: &str = "TEMPORAL_CLI";

/// The CLI, pointed at one namespace of a server.
#[derive(Debug)]
pub struct TemporalCli {
    program: PathBuf,
    address: String,
    namespace: String,
    normal: Normal,
    transcript: String,
}

impl TemporalCli {
    /// The CLI that the environment names; nothing, with a message, where it names none.
    pub async fn find(address: &str, namespace: &str) -> Result<Option<Self>> {
        let Some(program) = std::env::var_os(PROGRAM).map(PathBuf::from) else {
            let text = format!("SKIPPED: {PROGRAM} names no `temporal`\n");
            std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes())?;
            return Ok(None);
        };
        let mut normal = Normal::default();
        normal.name(namespace, "NAMESPACE");
        Ok(Some(Self {
            program,
            address: address.to_owned(),
            namespace: namespace.to_owned(),
            normal,
            transcript: String::new(),
        }))
    }

    /// What has been recorded so far, which begins again.
    pub fn take_transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
    }

    async fn call(&self, words: &[&str]) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--address", &self.address, "--identity", "tester"]);
        command.args(["--output", "json", "--time-format", "raw", "--color", "never"]);
        if !words.contains(&"--namespace") && !words.contains(&"cluster") {
            command.args(["--namespace", &self.namespace]);
        }
        command.env("TEMPORAL_CONFIG_FILE", "/dev/null").kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        output.with_context(|| format!("temporal {}", words.join(" ")))?.context("run temporal")
    }

    /// Runs a command that must work, and returns what it prints.
    pub async fn json(&self, words: &[&str]) -> Result<Value> {
        let output = self.call(words).await?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "temporal {}: {told}", words.join(" "));
        Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }

    /// Runs a command until what it prints is as wanted.
    pub async fn until(&self, words: &[&str], wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let what = format!("temporal {}", words.join(" "));
        wait::until(&what, LIMIT, || async {
            let printed = self.json(words).await.ok()?;
            wanted(&printed).then_some(())
        })
        .await
    }

    /// Runs a command and records it with what it prints, well or not.
    pub async fn record(&mut self, words: &[&str]) -> Result<()> {
        let output = self.call(words).await?;
        let line = self.normal.text(&words.join(" "));
        writeln!(self.transcript, "$ temporal {line}")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        match serde_json::from_str::<Value>(&printed) {
            Ok(value) => {
                let shown = serde_json::to_string_pretty(&self.normal.json(value))?;
                writeln!(self.transcript, "{shown}")?;
            }
            Err(_) => self.transcript.push_str(&self.normal.text(&printed)),
        }
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            writeln!(self.transcript, "! {}", self.normal.text(told.trim()))?;
        }
        self.transcript.push('\n');
        Ok(())
    }

    /// Shows a name by a word from now on.
    pub fn name(&mut self, name: &str, word: &'static str) {
        self.normal.name(name, word);
    }

    /// Records only these keys of what it prints; at the second level, of what is under an `Info`.
    pub async fn record_keys(&mut self, words: &[&str], keys: &[&str]) -> Result<()> {
        let mut printed = self.json(words).await?;
        let fields = printed.as_object_mut().context("it prints an object")?;
        fields.retain(|key, _| keys.contains(&key.as_str()));
        for (key, value) in fields {
            if let Some(info) = value.as_object_mut().filter(|_| key.ends_with("Info")) {
                info.retain(|key, _| keys.contains(&key.as_str()));
            }
        }
        let line = self.normal.text(&words.join(" "));
        let shown = serde_json::to_string_pretty(&self.normal.json(printed))?;
        Ok(writeln!(self.transcript, "$ temporal {line}\n{shown}\n")?)
    }

    /// Runs a command that must fail with these words among others.
    pub async fn fails(&self, words: &[&str], said: &str) -> Result<()> {
        let output = self.call(words).await?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && told.contains(said), "{}: {told}", words.join(" "));
        Ok(())
    }

    /// Runs a command until what it prints is as wanted, then records it.
    pub async fn record_when(
        &mut self,
        words: &[&str],
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<()> {
        self.until(words, wanted).await?;
        self.record(words).await
    }
}
