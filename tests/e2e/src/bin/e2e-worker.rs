//! A worker in a process of its own, for the tests that kill it.
//!
//! usage: e2e-worker NATS_URL QUEUE JOURNAL

use anyhow::{Context, Result};
use steadfast_e2e::{native::Native, worker::Worker};

/// Polls of each kind that wait at once.
const POLLS: usize = 4;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &'static str| args.next().context(what);
    let (url, queue, journal) = (next("NATS_URL")?, next("QUEUE")?, next("JOURNAL")?);
    let native = Native::connect(&url, "default").await?;
    let identity = format!("e2e-worker-{}", std::process::id());
    let worker = Worker { native, identity, journal: journal.into() };
    std::io::Write::write_all(&mut std::io::stdout(), b"ready\n")?;
    let mut polls = tokio::task::JoinSet::new();
    for _ in 0..POLLS {
        let (scripts, activities) = (worker.clone(), worker.clone());
        let (script_queue, activity_queue) = (queue.clone(), queue.clone());
        polls.spawn(async move { scripts.scripts(&script_queue).await });
        polls.spawn(async move { activities.activities(&activity_queue).await });
    }
    while let Some(ended) = polls.join_next().await {
        ended??;
    }
    Ok(())
}
