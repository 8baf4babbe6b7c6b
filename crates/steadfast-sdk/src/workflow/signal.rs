//! Signals as channels: what arrives waits until the code asks for it.

use std::{
    collections::VecDeque,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use serde::de::DeserializeOwned;
use steadfast_core::Payloads;

use super::{
    context::WorkflowContext,
    error::{Canceled, WorkflowError},
    slot::Slot,
    state::Operations,
};
use crate::payload::{self, ConversionError};

/// What arrived under one name, and who waits for more.
#[derive(Default)]
pub(crate) struct SignalQueue {
    buffered: VecDeque<Payloads>,
    waiters: Operations<Waiter>,
}

struct Waiter {
    shielded: bool,
    slot: Slot<Result<Payloads, Canceled>>,
}

impl SignalQueue {
    pub(crate) fn deliver(&mut self, input: Payloads) {
        let mut open = self.waiters.iter_mut().filter(|(_, waiter)| waiter.slot.is_open());
        match open.next() {
            Some((_, waiter)) => {
                waiter.slot.fill(Ok(input));
            }
            None => self.buffered.push_back(input),
        }
    }

    pub(crate) fn cancel(&mut self) {
        for (_, waiter) in self.waiters.iter_mut() {
            if !waiter.shielded {
                waiter.slot.fill(Err(Canceled));
            }
        }
    }
}

/// The signals of one name, each delivered once, in the order they arrived.
pub struct SignalChannel<T> {
    ctx: WorkflowContext,
    name: String,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> SignalChannel<T> {
    pub(super) fn new(ctx: WorkflowContext, name: String) -> Self {
        Self { ctx, name, value: PhantomData }
    }

    /// The next signal; ends with [`Canceled`] when the workflow is cancelled while it waits.
    pub fn recv(&self) -> Recv<T> {
        Recv { ctx: self.ctx.clone(), name: self.name.clone(), number: None, value: PhantomData }
    }

    /// The next signal, if one has arrived.
    pub fn try_recv(&self) -> Option<Result<T, ConversionError>> {
        let mut state = self.ctx.shared.lock();
        let queue = state.signals.get_mut(&self.name)?;
        let input = queue.buffered.pop_front()?;
        Some(payload::decode_list(&input))
    }

    /// How many signals have arrived and were not received.
    pub fn len(&self) -> usize {
        let state = self.ctx.shared.lock();
        state.signals.get(&self.name).map_or(0, |queue| queue.buffered.len())
    }

    /// Whether no signal waits to be received.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Waits for the next signal. A signal that it took but did not return is not lost when it is
/// dropped.
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<T> {
    ctx: WorkflowContext,
    name: String,
    number: Option<u64>,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Future for Recv<T> {
    type Output = Result<T, WorkflowError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = this.ctx.shared.lock();
        let cancelled = state.is_cancelled(this.ctx.shielded);
        let queue = state.signals.entry(this.name.clone()).or_default();
        let result = match this.number {
            None => match queue.buffered.pop_front() {
                Some(input) => Ok(input),
                None if cancelled => Err(Canceled),
                None => {
                    let shielded = this.ctx.shielded;
                    let mut waiter = Waiter { shielded, slot: Slot::Empty };
                    let _ = waiter.slot.poll(cx).is_pending();
                    this.number = Some(queue.waiters.add(waiter));
                    return Poll::Pending;
                }
            },
            Some(number) => {
                let Some(waiter) = queue.waiters.get_mut(number) else {
                    return Poll::Pending;
                };
                let Poll::Ready(result) = waiter.slot.poll(cx) else {
                    return Poll::Pending;
                };
                queue.waiters.remove(number, None);
                result
            }
        };
        drop(state);
        let input = result?;
        Poll::Ready(payload::decode_list(&input).map_err(WorkflowError::from))
    }
}

impl<T> Drop for Recv<T> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.ctx.shared.lock();
        let Some(queue) = state.signals.get_mut(&self.name) else {
            return;
        };
        let waiter = queue.waiters.remove(number, None);
        if let Some(Waiter { slot: Slot::Ready(Ok(input)), .. }) = waiter {
            queue.buffered.push_front(input);
        }
    }
}
