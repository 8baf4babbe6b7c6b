//! How long a failed callback waits.

use std::time::Duration;

use super::{delay, fraction};
use crate::config::EngineConfig;

#[test]
fn delays_double_up_to_the_longest_and_vary_by_a_fifth() {
    let config = EngineConfig::default();
    let delays = |attempt| [0.0, 1.0].map(|fraction| delay(attempt, &config, fraction));
    assert_eq!(delays(1), [Duration::from_millis(800), Duration::from_secs(1)]);
    assert_eq!(delays(3), [Duration::from_millis(3_200), Duration::from_secs(4)]);
    assert_eq!(delays(20), [Duration::from_secs(2_880), Duration::from_secs(3_600)]);
    assert_eq!(delays(i32::MAX), delays(20));
}

#[test]
fn an_id_is_a_fraction() {
    assert_eq!(fraction("00000000-0000-4000-8000-000000000000"), 0.0);
    assert_eq!(fraction("ffffffff-0000-4000-8000-000000000000"), 1.0);
    assert!((fraction("80000000-0000-4000-8000-000000000000") - 0.5).abs() < 0.001);
}
