//! A result that one future waits for.

use std::task::{Context, Poll, Waker};

/// Empty until its result arrives, and again once the future took it.
#[derive(Debug)]
pub(crate) enum Slot<T> {
    Empty,
    Waiting(Waker),
    Ready(T),
    Taken,
}

impl<T> Slot<T> {
    /// Takes the result, or remembers whom to wake.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<T> {
        match std::mem::replace(self, Self::Taken) {
            Self::Ready(value) => Poll::Ready(value),
            Self::Empty | Self::Waiting(_) => {
                *self = Self::Waiting(cx.waker().clone());
                Poll::Pending
            }
            Self::Taken => Poll::Pending,
        }
    }

    /// Stores the result, unless there is one already, and wakes the future.
    pub(crate) fn fill(&mut self, value: T) -> bool {
        match std::mem::replace(self, Self::Taken) {
            Self::Empty => {
                *self = Self::Ready(value);
                true
            }
            Self::Waiting(waker) => {
                *self = Self::Ready(value);
                waker.wake();
                true
            }
            kept @ (Self::Ready(_) | Self::Taken) => {
                *self = kept;
                false
            }
        }
    }

    /// Whether no result has arrived.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Empty | Self::Waiting(_))
    }
}
