//! Measures Steadfast against a raw JetStream append on the same server, and prints ratios.
//!
//! `cargo xtask bench` runs every scenario; `cargo xtask bench raw one-step` some of them. Durability is
//! named in every line, because a number without it says nothing. Nothing here passes or fails.

mod code;
mod cost;
mod idle;
mod long_run;
mod one_step;
mod raw;
mod report;
mod world;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use steadfast_jetstream::config::GroupCommit;
use steadfast_nats::SyncInterval;

/// The binary's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// The feed for observers.
    #[arg(long, default_value = "durable")]
    feed: Feed,
    /// Records that must wait before they are written in a group (with fsync on every write); 0 never.
    #[arg(long, default_value_t = GroupCommit::default().records_min)]
    group_min: usize,
}

/// The feed for observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Feed {
    /// Written a moment later.
    Lazy,
    /// As by default: written as durably as the history.
    Durable,
    /// None.
    Off,
}

/// What a world is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) durability: Durability,
    pub(crate) partitions: u32,
    pub(crate) feed: Feed,
    pub(crate) group_min: usize,
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
            let Args { partitions, feed, group_min, .. } = args;
            let setting = Setting { durability, partitions, feed, group_min };
            match scenario {
                Scenario::Raw => raw::run(durability, args.scale).await?,
                Scenario::OneStep => one_step::run(setting, args.scale).await?,
                Scenario::LongRun => long_run::run(setting, args.scale).await?,
                Scenario::Recovery => idle::recovery(args.scale).await?,
                Scenario::Memory => idle::memory(args.scale).await?,
            }
        }
    }
    Ok(())
}
