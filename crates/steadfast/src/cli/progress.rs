//! A spinner on stderr for whatever takes longer than a second, only where somebody looks at it.

use std::{future::Future, time::Duration};

use indicatif::ProgressBar;

/// What is faster needs no spinner.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Waits for the future; after a second, shows what is waited for.
pub async fn spin<F: Future>(message: &str, future: F) -> F::Output {
    tokio::pin!(future);
    if let Ok(done) = tokio::time::timeout(PATIENCE, &mut future).await {
        return done;
    }
    // Draws on stderr, and not at all when that is no terminal.
    let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
    spinner.enable_steady_tick(TICK);
    let done = future.await;
    spinner.finish_and_clear();
    done
}
