//! Locks that outlive a panic: what they guard is made whole by rebuilding it from the log.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another holder panicked.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
