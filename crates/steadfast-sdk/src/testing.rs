//! Testing workflows without a server: replay of real histories, and a world in memory.
//!
//! [`Replayer`] checks that code still does what recorded histories say, before it is deployed.
//! [`TestWorld`] runs a workflow with its activities in one thread, skips time, and replays the
//! history from its beginning after every workflow task, so that non-determinism shows at once.

mod history;
mod replay;
mod run;
mod world;

pub use self::{
    history::History,
    replay::{ReplayError, Replayed, Replayer},
    run::{TestError, TestRun},
    world::TestWorld,
};

#[cfg(test)]
mod tests;
