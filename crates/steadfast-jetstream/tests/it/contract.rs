//! The log contract, on JetStream.

use anyhow::Result;
use steadfast_jetstream::Config;

use crate::world::JetStream;

async fn open() -> Result<JetStream> {
    JetStream::start(Config { partitions: 1, ..Config::default() }).await
}

steadfast_sim::contract_tests!(open);
