//! What really happened outside: one line of JSON per effect, appended by workers of any language.
//!
//! An activity may be tried again after a crash, so each effect has a key and is written once.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_sdk::activity::ActivityInfo;

/// Tells the workers where the ledger is.
pub(crate) const LEDGER_VARIABLE: &str = "SF_DEMO_LEDGER";

/// One effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The same for all attempts of one activity.
    pub key: String,
    /// Whose effect.
    pub purchase: String,
    /// What was done.
    pub action: String,
    /// With what.
    pub value: Value,
    /// By which attempt.
    pub attempt: i32,
    /// By a worker in which language.
    pub by: String,
}

/// Writes an effect of a Rust activity, unless an attempt before has written it.
pub(crate) fn record(
    info: &ActivityInfo,
    purchase: &str,
    action: &str,
    value: impl Into<Value>,
) -> io::Result<()> {
    let path = std::env::var_os(LEDGER_VARIABLE).map_or("ledger.jsonl".into(), PathBuf::from);
    let key = format!("{}/{}", info.workflow_id, info.activity_id);
    let mut file = File::options().create(true).append(true).read(true).open(path)?;
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if parse(&text)?.iter().any(|entry| entry.key == key) {
        return Ok(());
    }
    let entry = Entry {
        key,
        purchase: purchase.to_owned(),
        action: action.to_owned(),
        value: value.into(),
        attempt: info.attempt,
        by: "rust".to_owned(),
    };
    let mut line = serde_json::to_string(&entry)?;
    line.push('\n');
    file.write_all(line.as_bytes())
}

/// Everything that happened; nothing when there is no ledger yet.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> io::Result<Vec<Entry>> {
    text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}
