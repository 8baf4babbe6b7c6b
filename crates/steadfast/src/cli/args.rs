//! Flags that several commands share.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::config::units::Time;

/// Which NATS, and as whom.
#[derive(Args, Clone, Debug)]
pub struct Connection {
    /// Where NATS is. Without it: the server of `./steadfast-data/dev.json`, if there is one, else
    /// nats://127.0.0.1:4222.
    #[arg(long, env = "STEADFAST_NATS_URL", value_name = "URL")]
    pub nats_url: Option<String>,
    /// A file with NATS user credentials.
    #[arg(long, env = "STEADFAST_NATS_CREDS", value_name = "FILE")]
    pub nats_creds: Option<PathBuf>,
    /// How long an answer may take.
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub timeout: Time,
}

impl Connection {
    /// How long an answer may take.
    pub fn within(&self) -> Duration {
        self.timeout.0
    }
}

/// Which NATS, and which namespace.
#[derive(Args, Clone, Debug)]
pub struct Scope {
    /// Which NATS.
    #[command(flatten)]
    pub connection: Connection,
    /// The namespace.
    #[arg(
        short,
        long,
        env = "STEADFAST_NAMESPACE",
        value_name = "NAME",
        default_value = "default"
    )]
    pub namespace: String,
}

/// One workflow, or one of its runs.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// The workflow's id.
    #[arg(short, long, value_name = "ID")]
    pub workflow_id: String,
    /// One of its runs; without it the current one.
    #[arg(short, long, value_name = "ID", default_value = "", hide_default_value = true)]
    pub run_id: String,
}

/// Where a server's configuration comes from.
#[derive(Args, Clone, Debug)]
pub struct Configuration {
    /// The configuration file (TOML).
    #[arg(long, env = "STEADFAST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one key, over file and environment; repeatable.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    pub set: Vec<String>,
}

/// Arguments for workflow code.
#[derive(Args, Clone, Debug, Default)]
pub struct InputArgs {
    /// One argument, as JSON; `@FILE` reads a file and `@-` stdin. Repeat it for more arguments.
    #[arg(short, long = "input", value_name = "JSON")]
    pub input: Vec<String>,
    /// One argument, as JSON in a file (`-` is stdin); after those of --input.
    #[arg(long = "input-file", value_name = "FILE")]
    pub input_file: Vec<PathBuf>,
}
