//! The log contract, on the log in memory.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use steadfast_core::run::Status;
use steadfast_engine::ports::{Feed, Log, RunAddress, Sequence};
use steadfast_sim::{MemLog, contract::World};

struct Memory(MemLog);

impl World for Memory {
    fn log(&self) -> &dyn Log {
        &self.0
    }

    fn feed(&self) -> &dyn Feed {
        &self.0
    }

    fn reconnect(&self) -> BoxFuture<'_, Result<Arc<dyn Log>>> {
        async { Ok(Arc::new(self.0.reconnect()) as Arc<dyn Log>) }.boxed()
    }

    fn append_raw<'a>(
        &'a self,
        address: &'a RunAddress,
        status: Status,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<Sequence>> {
        async move { Ok(self.0.append_raw(address, status, bytes)) }.boxed()
    }

    fn save_raw_snapshot<'a>(
        &'a self,
        address: &'a RunAddress,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            self.0.save_raw_snapshot(address, bytes);
            Ok(())
        }
        .boxed()
    }
}

async fn open() -> Result<Memory> {
    Ok(Memory(MemLog::new()))
}

steadfast_sim::contract_tests!(open);
