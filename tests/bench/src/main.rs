//! Measures Steadfast against a raw JetStream append on the same server, and prints ratios.
//!
//! `cargo xtask bench` runs every scenario; `cargo xtask bench raw one-step` some of them. Durability is
//! named in every line, because a number without it says nothing. Nothing here passes or fails.

mod raw;
mod report;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use steadfast_nats::SyncInterval;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Appends of 512 bytes with an expected sequence, without Steadfast: the unit of the others.
    Raw,
}

/// How the server writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    /// fsync before every acknowledgement.
    Always,
    /// NATS's default: acknowledged writes can be lost at power loss.
    Lazy,
}

impl Durability {
    pub(crate) fn sync(self) -> SyncInterval {
        match self {
            Self::Always => SyncInterval::Always,
            Self::Lazy => SyncInterval::Lazy,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Always => "fsync on every write",
            Self::Lazy => "lazy fsync",
        }
    }
}

/// Measures Steadfast against a raw JetStream append on the same server.
#[derive(Debug, Parser)]
struct Args {
    /// Which scenarios; all when none is named.
    scenarios: Vec<Scenario>,
    /// How the server writes; both when not given.
    #[arg(long)]
    durability: Option<Durability>,
    /// How much work, in percent of the full run: a small value makes a smoke test.
    #[arg(long, default_value_t = 100)]
    scale: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let durabilities = match args.durability {
        Some(one) => vec![one],
        None => vec![Durability::Always, Durability::Lazy],
    };
    for durability in durabilities {
        for scenario in Scenario::value_variants() {
            if !args.scenarios.is_empty() && !args.scenarios.contains(scenario) {
                continue;
            }
            match scenario {
                Scenario::Raw => raw::run(durability, args.scale).await?,
            }
        }
    }
    Ok(())
}
