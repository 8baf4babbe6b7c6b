//! Waiting until something about the workflow's own state is true.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    context::WorkflowContext,
    error::Canceled,
    slot::Slot,
    state::{State, StateHandle},
};

pub(crate) type Check = Arc<dyn Fn() -> bool + Send + Sync>;

/// A condition that somebody waits for.
pub(crate) struct Condition {
    check: Check,
    pub(crate) shielded: bool,
    pub(crate) slot: Slot<Result<(), Canceled>>,
}

/// Resolves the first condition that has become true; user code runs without the lock.
pub(crate) fn resolve_first(shared: &StateHandle) -> bool {
    let open = |state: &State| -> Vec<(u64, Check)> {
        let conditions = state.conditions.iter();
        let open = conditions.filter(|(_, condition)| condition.slot.is_open());
        open.map(|(number, condition)| (number, condition.check.clone())).collect()
    };
    let checks = open(&shared.lock());
    let Some((number, _)) = checks.into_iter().find(|(_, check)| check()) else {
        return false;
    };
    let mut state = shared.lock();
    state.conditions.get_mut(number).is_some_and(|condition| condition.slot.fill(Ok(())))
}

/// Ends when the condition is true, or when the workflow is cancelled.
#[must_use = "futures do nothing unless awaited"]
pub struct WaitUntil {
    ctx: WorkflowContext,
    check: Check,
    number: Option<u64>,
}

impl WaitUntil {
    pub(super) fn new(ctx: WorkflowContext, check: Check) -> Self {
        Self { ctx, check, number: None }
    }
}

impl Future for WaitUntil {
    type Output = Result<(), Canceled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let number = match this.number {
            Some(number) => number,
            None if (this.check)() => return Poll::Ready(Ok(())),
            None => {
                let shielded = this.ctx.shielded;
                let mut state = this.ctx.shared.lock();
                if state.is_cancelled(shielded) {
                    return Poll::Ready(Err(Canceled));
                }
                let check = this.check.clone();
                let condition = Condition { check, shielded, slot: Slot::Empty };
                *this.number.insert(state.conditions.add(condition))
            }
        };
        let mut state = this.ctx.shared.lock();
        let Some(condition) = state.conditions.get_mut(number) else {
            return Poll::Pending;
        };
        condition.slot.poll(cx)
    }
}

impl Drop for WaitUntil {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            // What the condition captured is dropped after the lock is given back.
            let forgotten = self.ctx.shared.lock().conditions.remove(number, None);
            drop(forgotten);
        }
    }
}
