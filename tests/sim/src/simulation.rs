//! One engine, or several after each other, in a world that a seed decides: clients, workers, faults.
//!
//! Time is tokio's paused clock, ids and randomness come from the seed, the log is [`MemLog`]. The
//! nemesis loses acknowledgements, fences owners and cuts whole engines off; workers forget tasks,
//! answer twice and fail. When the faults stop, every workflow must end (LIVE-1), every history must
//! fold (DUR-2, HIST-1), and no `maximumAttempts: 1` activity may have run twice.
//!
//! `SIM_SEED=7 cargo test -p steadfast-sim` repeats one seed; a failure prints its own.

mod clients;
mod dice;
mod nemesis;
mod script;
mod verdict;
mod workers;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use steadfast_core::{RunKey, Timestamp};
use steadfast_engine::{
    Deadline, Engine, EngineConfig, World,
    ports::{Clock, Entropy},
    search_attributes::AnyAttributes,
    world::{AnyNamespace, NoCallbacks, NoServices},
};
use tokio::{task::JoinSet, time::Instant};

pub use self::verdict::Verdict;
use self::{dice::Dice, script::Script};
use crate::MemLog;

/// When every simulated world begins: 2025-01-01 00:00:00 UTC.
const EPOCH: Timestamp = Timestamp::from_millis(1_735_689_600_000);
/// How long everything may take after the faults stop, in simulated time.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// How much happens in one simulation.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What everything follows from.
    pub seed: u64,
    /// Workflows that clients start.
    pub workflows: u32,
    /// Faults that the nemesis makes.
    pub faults: u32,
}

impl Plan {
    /// The usual amount.
    pub fn of(seed: u64) -> Self {
        Self { seed, workflows: 12, faults: 10 }
    }
}

/// How often a worker was given each activity: run, scheduled event, attempt.
type Ledger = BTreeMap<(RunKey, i64, i32), u32>;

/// What the parts of a simulation share.
#[derive(Clone)]
pub(crate) struct Stage {
    engine: Arc<Mutex<Engine>>,
    log: Arc<Mutex<MemLog>>,
    ledger: Arc<Mutex<Ledger>>,
    dice: Dice,
    began: Instant,
}

impl Stage {
    pub(crate) fn engine(&self) -> Engine {
        lock(&self.engine).clone()
    }

    pub(crate) fn log(&self) -> MemLog {
        lock(&self.log).clone()
    }

    /// A new process takes over: the old one is cut off from the log, and lives on as a zombie.
    async fn take_over(&self) -> anyhow::Result<()> {
        let old = self.log();
        let fresh = old.reconnect();
        old.cut_off();
        let engine = start(&self.dice, &fresh, self.began).await?;
        *lock(&self.log) = fresh;
        *lock(&self.engine) = engine;
        Ok(())
    }
}

/// Runs one simulation to its end.
pub fn run(plan: Plan) -> anyhow::Result<Verdict> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(play(plan))
}

async fn play(plan: Plan) -> anyhow::Result<Verdict> {
    let dice = Dice::new(plan.seed);
    let (log, began) = (MemLog::new(), Instant::now());
    let engine = start(&dice, &log, began).await?;
    let stage = Stage {
        engine: Arc::new(Mutex::new(engine)),
        log: Arc::new(Mutex::new(log)),
        ledger: Arc::default(),
        dice,
        began,
    };
    let mut crew = JoinSet::new();
    for worker in 0..4 {
        crew.spawn(workers::work_on_workflows(stage.clone(), worker));
        crew.spawn(workers::work_on_activities(stage.clone(), worker));
    }
    let mut orders = JoinSet::new();
    for number in 0..plan.workflows {
        orders.spawn(clients::order(stage.clone(), number));
    }
    nemesis::run(&stage, plan.faults).await?;
    let deadline = Instant::now() + PATIENCE;
    let ended = tokio::time::timeout_at(deadline, orders.join_all()).await;
    crew.shutdown().await;
    let results = ended.map_err(|_| anyhow::anyhow!("LIVE-1: not every workflow ended"))?;
    let verdict = verdict::judge(&stage, results.into_iter().collect::<Result<_, _>>()?).await?;
    stage.engine().shutdown().await;
    Ok(verdict)
}

async fn start(dice: &Dice, log: &MemLog, began: Instant) -> anyhow::Result<Engine> {
    let config = EngineConfig { partitions: 3, idle_ms: 500, ..EngineConfig::default() };
    let world = World {
        log: Arc::new(log.clone()),
        clock: Arc::new(SimClock { began }),
        entropy: Arc::new(dice.clone()),
        services: Arc::new(NoServices),
        callbacks: Arc::new(NoCallbacks),
        namespaces: Arc::new(AnyNamespace),
        search_attributes: Arc::new(AnyAttributes),
    };
    let engine = Engine::start(config, world).await?;
    // Many waiters of one recovery would be woken in a random order (tokio's `watch`).
    engine.ready(soon()).await?;
    Ok(engine)
}

/// The time since the simulation began.
struct SimClock {
    began: Instant,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        EPOCH + Instant::now().duration_since(self.began).into()
    }
}

impl Entropy for Dice {
    fn uuid(&self) -> String {
        uuid::Uuid::from_u128(self.number()).to_string()
    }
}

fn soon() -> Deadline {
    Instant::now() + Duration::from_secs(30)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the scripted workflows are, by number.
fn script_of(number: u32) -> Script {
    Script::ALL[number as usize % Script::ALL.len()]
}
