//! Reads, on a few connections, away from the threads that serve others.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, time::Instant};

use super::schema;
use crate::error::QueryError;

/// The connections that read. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// At most so many at a time, opened when they are needed.
    pub(crate) fn new(path: PathBuf, count: usize) -> Self {
        let places = Arc::new(Semaphore::new(count.max(1)));
        Self { inner: Arc::new(Inner { path, places, idle: Mutex::default() }) }
    }

    /// Reads on one of them; interrupted at the deadline.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        deadline: Instant,
        read: impl FnOnce(&Connection) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let place = Arc::clone(&self.inner.places).acquire_owned();
        let place = tokio::time::timeout_at(deadline, place).await;
        let place = place.map_err(|_| QueryError::Deadline)?;
        let place = place.map_err(|closed| QueryError::Unavailable(closed.into()))?;
        let inner = Arc::clone(&self.inner);
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut work = tokio::task::spawn_blocking(move || {
            let _place = place;
            let connection = inner.take()?;
            // An asker that is gone needs no interruption either.
            let _ = tell.send(connection.get_interrupt_handle());
            let result = read(&connection);
            inner.idle().push(connection);
            result
        });
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = tokio::time::sleep_until(deadline) => {
                if let Ok(running) = told.await {
                    running.interrupt();
                }
                work.await
            }
        };
        ended.map_err(|panicked| QueryError::Unavailable(panicked.into()))?
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, QueryError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| Ok(schema::reader(&self.path)?), Ok)
    }
}
