//! Futures beside the main function.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures::channel::oneshot;

use super::state::Task;

/// The result of a future that runs beside the main function. Dropping this does not stop it.
#[derive(Debug)]
pub struct Spawned<T>(oneshot::Receiver<T>);

/// The task, and its result. A panic in the task fails the workflow task like any other.
pub(crate) fn spawned<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> (Task, Spawned<T>) {
    let (result, waiting) = oneshot::channel();
    let task = Box::pin(async move {
        // Nobody may wait for the result.
        let _ = result.send(future.await);
    });
    (task, Spawned(waiting))
}

impl<T> Future for Spawned<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match Pin::new(&mut self.0).poll(cx) {
            Poll::Ready(Ok(value)) => Poll::Ready(value),
            // Without its sender the task is dropped, and so is soon whoever waits here.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}
