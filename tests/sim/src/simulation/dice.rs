//! The seed's randomness, shared by everything in one simulation.

use std::sync::{Arc, Mutex};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One stream of randomness; clones draw from the same stream.
#[derive(Clone)]
pub(crate) struct Dice {
    rng: Arc<Mutex<ChaCha8Rng>>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))) }
    }

    /// A number from 0 to below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        super::lock(&self.rng).random_range(0..end)
    }

    /// Whether something happens that does so in this many percent of cases.
    pub(crate) fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// Any number.
    pub(crate) fn number(&self) -> u128 {
        super::lock(&self.rng).random()
    }
}
