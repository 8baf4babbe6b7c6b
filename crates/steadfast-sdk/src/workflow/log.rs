//! Logs of workflow code, silent while it is replayed.

use super::state::StateHandle;

/// Writes `tracing` events with the run's ids; silent in replays.
#[derive(Clone)]
pub struct Logger {
    shared: StateHandle,
}

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident),*) => {
        $($(#[$doc])*
        pub fn $name(&self, message: &str) {
            let (replaying, info) = {
                let state = self.shared.lock();
                (state.replaying, state.info.clone())
            };
            if !replaying {
                tracing::$name!(
                    target: "steadfast_sdk::workflow",
                    namespace = %info.namespace,
                    workflow_id = %info.workflow_id,
                    run_id = %info.run_id,
                    workflow_type = %info.workflow_type,
                    "{message}"
                );
            }
        })*
    };
}

impl Logger {
    pub(super) fn new(shared: StateHandle) -> Self {
        Self { shared }
    }

    levels! {
        /// For developers.
        debug,
        /// What happens.
        info,
        /// What should not happen often.
        warn,
        /// What should not happen.
        error
    }
}
