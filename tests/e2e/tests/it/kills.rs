//! SIGKILL for engine, worker and nats-server at random points: nothing is lost, nothing twice, and a
//! durable consumer of the feed is told everything.
//!
//! `SF_E2E_KILLS` says how many (10), `SF_E2E_SEED` where the randomness starts (7).

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use steadfast_e2e::{
    engine::{Engine, Home, Options},
    feed,
    native::Native,
    process::{Process, program},
    random::Random,
    script::{SCRIPT, Step},
};
use tokio::process::Command;

const QUEUE: &str = "kills";
/// Workflows that begin before each kill.
const WORKFLOWS_PER_KILL: u64 = 4;
const STEPS: usize = 12;
const WORKERS: usize = 2;
const ATTEMPT: Duration = Duration::from_secs(3);
const READY: Duration = Duration::from_secs(30);
/// For everything to end after the last kill: lost attempts and tasks time out first.
const LIMIT: Duration = Duration::from_secs(120);

fn setting(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is a number")),
        Err(_) => Ok(default),
    }
}

struct World {
    home: Home,
    engine: Engine,
    workers: Vec<Process>,
    native: Native,
    started: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workflow_survives_random_kills() -> Result<()> {
    let (kills, seed) = (setting("SF_E2E_KILLS", 10)?, setting("SF_E2E_SEED", 7)?);
    survive(kills, seed).await.with_context(|| format!("SF_E2E_KILLS={kills} SF_E2E_SEED={seed}"))
}

async fn survive(kills: u64, seed: u64) -> Result<()> {
    let mut random = Random::new(seed);
    let mut world = World::begin().await?;
    let observer = feed::Observer::start(&world.native).await?;
    for kill in 0..kills {
        world.start_workflows(kill).await?;
        // Where a kill hits is what is random here.
        tokio::time::sleep(random.between(5, 400)).await; // tidy: simulated work
        world = world.kill(&mut random).await.with_context(|| format!("kill {kill}"))?;
    }
    let mut values = BTreeMap::new();
    for id in &world.started {
        values.insert(id.clone(), world.native.value(id, LIMIT).await?);
    }
    feed::check(&world.native, &world.started).await?;
    observer.check(&world.native, &world.started).await?;
    check_journal(&world.journal()?, &values)?;
    ensure!(!world.engine.log().contains("panicked"), "the engine panicked");
    ensure!(world.engine.stop().await?.success());
    Ok(())
}

impl World {
    async fn begin() -> Result<Self> {
        let home = Home::new()?;
        let engine = Engine::start(&home, Options::default()).await?;
        let native = engine.native().await?;
        let mut world = Self { home, engine, workers: Vec::new(), native, started: Vec::new() };
        for number in 0..WORKERS {
            let worker = world.worker(number).await?;
            world.workers.push(worker);
        }
        Ok(world)
    }

    async fn worker(&self, number: usize) -> Result<Process> {
        let mut command = Command::new(program("e2e-worker")?);
        command.args([self.engine.file.nats_url.as_str(), QUEUE]);
        command.arg(self.home.path().join("journal"));
        let name = format!("worker-{number}-{}", uuid());
        let mut process = Process::start(&name, &mut command, self.home.path())?;
        process.says_ready(READY).await?;
        Ok(process)
    }

    async fn start_workflows(&mut self, kill: u64) -> Result<()> {
        let step = |number: usize| {
            let (name, attempts) =
                if number.is_multiple_of(2) { ("append", 0) } else { ("once", 1) };
            Step::new(name, QUEUE, json!(number)).attempts(attempts).timeout(ATTEMPT)
        };
        let steps: Vec<_> = (0..STEPS).map(step).collect();
        for number in 0..WORKFLOWS_PER_KILL {
            let id = format!("killed-{kill}-{number}");
            self.native.start(SCRIPT, &id, QUEUE, &steps).await?;
            self.started.push(id);
        }
        Ok(())
    }

    async fn kill(mut self, random: &mut Random) -> Result<Self> {
        match random.below(3) {
            0 => self.engine = self.engine.crash().await.context("engine")?,
            1 => self.engine.crash_nats().await.context("nats-server")?,
            _ => {
                let number = usize::try_from(random.below(WORKERS as u64))?;
                self.workers.swap_remove(number).kill().await.context("worker")?;
                let worker = self.worker(number).await.context("worker")?;
                self.workers.push(worker);
            }
        }
        Ok(self)
    }

    fn journal(&self) -> Result<BTreeMap<String, usize>> {
        let mut lines = BTreeMap::new();
        for line in std::fs::read_to_string(self.home.path().join("journal"))?.lines() {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
        Ok(lines)
    }
}

fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// What returned happened; what may happen once happened at most once.
fn check_journal(
    journal: &BTreeMap<String, usize>,
    values: &BTreeMap<String, Value>,
) -> Result<()> {
    for (id, value) in values {
        let outcomes = value.as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(outcomes.len() == STEPS, "{id} returned {value}");
        for (number, outcome) in outcomes.iter().enumerate() {
            let name = if number.is_multiple_of(2) { "append" } else { "once" };
            let times = journal.get(&format!("{id}/{number} {name}")).copied().unwrap_or_default();
            let returned = outcome["ok"] == json!(number);
            let lost = outcome["error"] == "StartToClose";
            let fine = match name {
                "once" => (returned && times == 1) || (lost && times <= 1),
                _ => returned && times >= 1,
            };
            ensure!(fine, "{id}/{number} {name} happened {times} times and ended {outcome}");
        }
    }
    Ok(())
}
