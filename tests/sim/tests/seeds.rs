//! Many small worlds, each from its own seed. `SIM_SEEDS=1000` makes more of them, `SIM_SEED=7` one.

use steadfast_sim::simulation::{self, Plan};

/// Seeds in an ordinary run.
const SEEDS: u64 = 50;

fn seeds() -> Vec<u64> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text:?} is not a number")))
    };
    match number("SIM_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SIM_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

#[test]
fn every_workflow_ends_right_whatever_the_seed_breaks() {
    for seed in seeds() {
        let verdict = simulation::run(Plan::of(seed));
        let verdict = verdict.unwrap_or_else(|error| panic!("SIM_SEED={seed}: {error:?}"));
        assert!(verdict.runs >= 12, "SIM_SEED={seed}: {verdict:?}");
    }
}

#[test]
fn a_seed_always_leads_to_the_same_end() {
    let plan = Plan::of(seeds()[0]);
    let first = simulation::run(plan).unwrap();
    let second = simulation::run(plan).unwrap();
    assert_eq!(first, second, "SIM_SEED={}", plan.seed);
}
