//! What goes wrong: lost acknowledgements, refused and fenced appends, engines cut off.

use std::time::Duration;

use super::Stage;
use crate::Fault;

/// Makes this many faults, at moments and places that the dice choose.
pub(crate) async fn run(stage: &Stage, faults: u32) -> anyhow::Result<()> {
    for _ in 0..faults {
        let wait = Duration::from_millis(stage.dice.below(2_000));
        tokio::time::sleep(wait).await; // tidy: poll interval
        let after = stage.dice.below(5);
        match stage.dice.below(7) {
            0 => stage.log().inject(after, Fault::DropAck),
            1 => stage.log().inject(after, Fault::DropRequest),
            2 => stage.log().inject(after, Fault::Refuse),
            3 => stage.log().inject(after, Fault::CrashBefore),
            4 => stage.log().inject(after, Fault::CrashAfter),
            5 | 6 => stage.take_over().await?,
            other => anyhow::bail!("no fault has the number {other}"),
        }
    }
    // A crash that was injected may have cut the last engine off: a whole one sees the end.
    stage.take_over().await
}
