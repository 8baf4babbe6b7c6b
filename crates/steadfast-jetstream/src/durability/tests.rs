//! Who is warned, and who is not.

use super::*;

#[test]
fn only_what_power_loss_can_undo_is_warned_about() {
    let cases = [
        (1, Sync::Always, Durability::Always, false),
        (1, Sync::Lazy, Durability::Lazy, true),
        (1, Sync::Foreign, Durability::Unknown, true),
        (3, Sync::Foreign, Durability::Replicated { replicas: 3 }, false),
        (3, Sync::Lazy, Durability::Replicated { replicas: 3 }, false),
        (2, Sync::Foreign, Durability::Unknown, true),
    ];
    for (replicas, sync, durability, warned) in cases {
        assert_eq!(describe(replicas, sync), durability, "{replicas} {sync:?}");
        assert_eq!(durability.warning().is_some(), warned, "{durability}");
    }
}
