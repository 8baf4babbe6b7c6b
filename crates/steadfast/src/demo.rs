//! `steadfast demo`: the property-purchase story, on real processes, with the engine killed half way.
//!
//! It starts `steadfast dev`, workers in up to three languages, and one workflow per purchase
//! request; kills the engine with SIGKILL while work is under way and starts it again; replaces the
//! workflow code by a newer version in mid-flight; and then checks how every purchase ended against
//! what the requests alone say, against what the activities really did, and against the event feed.

mod activities;
mod chain;
mod engine;
mod ledger;
mod process;
mod request;
mod runtimes;
mod staff;
mod story;
mod timeline;
mod verdict;
mod worker;
mod workflows;

use std::path::PathBuf;

pub use self::worker::{WorkerArgs, run as run_worker};
use self::{request::RequestsError, story::Story};
use crate::cli::{output::Out, problem::Problem};

/// The namespace of the story.
const NAMESPACE: &str = "default";

/// Runs the property-purchase story.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The purchase requests, a JSON file; without it those of config/purchases.json.
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
    /// Where everything is kept; it must be empty. Without it a new folder for temporary files.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Where the workers' Python and npm packages are kept between runs.
    #[arg(long, value_name = "FOLDER")]
    cache_dir: Option<PathBuf>,
    /// Do not kill the engine.
    #[arg(long)]
    no_kill: bool,
    /// Do all activities in Rust, even where Python and Node are there.
    #[arg(long)]
    rust_only: bool,
}

/// Runs the story, and fails when any purchase ended wrong.
pub async fn run(args: Args, out: Out) -> Result<(), Problem> {
    let stop = crate::compose::stop_signal()?;
    let purchases = request::load(args.requests.as_deref()).map_err(|error| unusable(&error))?;
    let folder = fresh_folder(args.data_dir)?;
    let cache = args.cache_dir.unwrap_or_else(default_cache);
    let told = |text: String| {
        if out.is_json() { Ok(()) } else { out.line(text) }
    };
    told(format!("{} purchases; everything is kept in {}", purchases.len(), folder.display()))?;
    let whole_story = async {
        let staff = staff::hire(&cache, args.rust_only, out).await?;
        let story = Story::begin(purchases, &folder, staff, out).await?;
        story.play(!args.no_kill).await
    };
    // What the story has started is killed when it is dropped.
    let ending = tokio::select! {
        ending = whole_story => ending?,
        () = stop => return Err(Problem::failed("interrupted")),
    };
    ending.print(out)?;
    told(format!(
        "\nEverything is stopped. To look around:\n\
         \u{20} steadfast dev --data-dir {0}\n\
         \u{20} steadfast workflow list\n\
         \u{20} steadfast workflow history --workflow-id PropertyPurchase-<purchase>\n\
         \u{20} steadfast events --from beginning --no-follow\n\
         Logs are in {0}/*.log, what the activities did in {0}/ledger.jsonl.",
        folder.display()
    ))?;
    match ending.faults() {
        0 => Ok(()),
        faults => Err(Problem::failed(format!("{faults} checks failed"))),
    }
}

fn unusable(error: &RequestsError) -> Problem {
    Problem::usage("these requests cannot be used")
        .because(error)
        .advice("config/purchases.json shows the form")
}

fn fresh_folder(wanted: Option<PathBuf>) -> Result<PathBuf, Problem> {
    let failed =
        |error: std::io::Error| Problem::failed("cannot make the data folder").because(&error);
    let Some(folder) = wanted else {
        let folder =
            tempfile::Builder::new().prefix("steadfast-demo-").tempdir().map_err(failed)?;
        return Ok(folder.keep());
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    if std::fs::read_dir(&folder).map_err(failed)?.next().is_some() {
        return Err(Problem::usage(format!("{} is not empty", folder.display()))
            .advice("the story starts from nothing: name a new folder with --data-dir"));
    }
    folder.canonicalize().map_err(failed)
}

fn default_cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(std::env::temp_dir).join("steadfast").join("demo")
}
