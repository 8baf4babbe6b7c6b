//! The policy table, row by row.

use super::{
    Failures, RunFailure,
    policy::{Treatment, treat},
};
use crate::config::EngineConfig;

fn panicked() -> ractor::ActorProcessingErr {
    "index out of bounds".into()
}

#[test]
fn quarantines_after_so_many_failures_at_the_same_sequence() {
    let (config, mut failures) = (EngineConfig::default(), Failures::default());
    for _ in 1..config.quarantine_after {
        let treatment = treat(&panicked(), &mut failures, 7, &config);
        assert!(matches!(treatment, Treatment::RestartAfter(_)), "{treatment:?}");
    }
    let treatment = treat(&panicked(), &mut failures, 7, &config);
    assert!(matches!(treatment, Treatment::Quarantine(_)), "{treatment:?}");
}

#[test]
fn progress_starts_the_count_again() {
    let (config, mut failures) = (EngineConfig::default(), Failures::default());
    for sequence in 0..20 {
        let treatment = treat(&panicked(), &mut failures, sequence, &config);
        assert!(matches!(treatment, Treatment::RestartAfter(_)), "{treatment:?}");
    }
}

#[test]
fn an_unreachable_log_is_never_a_reason_for_quarantine() {
    let (config, mut failures) = (EngineConfig::default(), Failures::default());
    for _ in 0..100 {
        let error = Box::new(RunFailure::Unknown("timeout".to_owned()));
        let treatment = treat(&(error as _), &mut failures, 7, &config);
        assert!(matches!(treatment, Treatment::RestartAfter(_)), "{treatment:?}");
    }
}

#[test]
fn a_fenced_run_rests_and_an_unreadable_one_is_quarantined_at_once() {
    let (config, mut failures) = (EngineConfig::default(), Failures::default());
    let fenced = treat(&(Box::new(RunFailure::Fenced) as _), &mut failures, 7, &config);
    assert_eq!(fenced, Treatment::Rest);
    let unreadable = Box::new(RunFailure::Unreadable("gap".to_owned()));
    let treatment = treat(&(unreadable as _), &mut failures, 7, &config);
    assert_eq!(treatment, Treatment::Quarantine("gap".to_owned()));
}
