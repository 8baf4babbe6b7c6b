//! Measures Steadfast against a raw JetStream append on the same server, and prints ratios.
//!
//! `cargo xtask bench` runs every scenario; `cargo xtask bench raw one-step` some of them. Durability is
//! named in every line, because a number without it says nothing. Nothing here passes or fails.

mod code;
mod idle;
mod long_run;
mod one_step;
mod raw;
mod report;
mod world;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use steadfast_nats::SyncInterval;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Appends of 512 bytes with an expected sequence, without Steadfast: the unit of the others.
    Raw,
    /// An embedded workflow with one local activity, over the native protocol.
    OneStep,
    /// One run with 10,000 sequential activities.
    LongRun,
    /// 10,000 open runs, the engine killed, all signalled.
    Recovery,
    /// 100,000 idle open runs.
    Memory,
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
    /// History streams.
    #[arg(long, default_value_t = 8)]
    partitions: u32,
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
            // What lives in a process of its own runs on `steadfast dev`, which always writes with fsync.
            let own_process = matches!(scenario, Scenario::Recovery | Scenario::Memory);
            if own_process && durability == Durability::Lazy {
                continue;
            }
            match scenario {
                Scenario::Raw => raw::run(durability, args.scale).await?,
                Scenario::OneStep => one_step::run(durability, args.partitions, args.scale).await?,
                Scenario::LongRun => long_run::run(durability, args.partitions, args.scale).await?,
                Scenario::Recovery => idle::recovery(args.scale).await?,
                Scenario::Memory => idle::memory(args.scale).await?,
            }
        }
    }
    Ok(())
}
