//! Runs with a history, made by the core's own transitions, for tests of logs.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use steadfast_core::{
    Input, Namespace, Payload, Record, Run, RunKey, Timestamp, Transition, WorkflowId,
    input::{Signal, Start},
    limits::Limits,
    run::Status,
    start::{Lineage, StartRequest},
};
use steadfast_engine::ports::{
    Append, AppendError, Expected, Log, Partition, RunAddress, Sequence, Snapshot, Stored,
};

/// The trace context that every story's records carry.
pub const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A run, and what is known to be in the log of it.
#[derive(Clone, Debug)]
pub struct Story {
    /// Where it lies.
    pub address: RunAddress,
    /// Its state.
    pub run: Run,
    /// Its records in the log.
    pub stored: Vec<Stored>,
    limits: Limits,
}

/// An address with a fresh run id.
pub fn address(partition: Partition, namespace: &str, workflow_id: &str) -> RunAddress {
    RunAddress {
        partition,
        key: RunKey {
            namespace: Namespace::from(namespace),
            workflow_id: WorkflowId::from(workflow_id),
            run_id: uuid::Uuid::new_v4().to_string().into(),
        },
        workflow_type: "Order".into(),
    }
}

impl Story {
    /// A run and its opening record, not yet written.
    pub fn draft(address: &RunAddress) -> Result<(Run, Record)> {
        let limits = limits();
        let request = StartRequest {
            workflow_type: address.workflow_type.clone(),
            task_queue: "orders".into(),
            input: vec![Payload::new("json/plain", "{\"item\":1}")],
            ..StartRequest::default()
        };
        let start = Start { request, lineage: Lineage::default(), signal: None };
        let now = Timestamp::from_millis(1_700_000_000_000);
        let transition = Transition::start(address.key.clone(), start, &limits, now);
        let transition = transition.map_err(|rejection| anyhow!("{rejection}"))?;
        Ok((transition.run, transition.record))
    }

    /// Starts a run that must be the first of its workflow.
    pub async fn start(log: &dyn Log, address: RunAddress) -> Result<Self> {
        Self::start_after(log, address, 0).await
    }

    /// Starts a run after another run of its workflow, whose last record is named.
    pub async fn start_after(
        log: &dyn Log,
        address: RunAddress,
        previous: Sequence,
    ) -> Result<Self> {
        let (run, record) = Self::draft(&address)?;
        let append = append(&address, Expected::Workflow(previous), record.clone(), run.status);
        let sequence = log.append(append).await.context("start a run")?;
        let stored = vec![Stored { sequence, record }];
        Ok(Self { address, run, stored, limits: limits() })
    }

    /// The place of the last record.
    pub fn last(&self) -> Sequence {
        self.stored.last().map_or(0, |stored| stored.sequence)
    }

    /// Writes a signal with so many bytes of input.
    pub async fn signal(&mut self, log: &dyn Log, bytes: usize) -> Result<()> {
        let draft = self.draft_signal(bytes)?;
        self.write(log, draft).await.context("signal a run")
    }

    /// Writes the run's end.
    pub async fn close(&mut self, log: &dyn Log) -> Result<()> {
        let draft = self.transition(Input::Terminate(Box::default()))?;
        self.write(log, draft).await.context("close a run")
    }

    /// Writes that the run is to be removed.
    pub async fn mark_for_deletion(&mut self, log: &dyn Log) -> Result<()> {
        let draft = self.transition(Input::Delete("operator".into()))?;
        self.write(log, draft).await.context("mark a run for deletion")
    }

    /// A signal that is decided and not yet written.
    pub fn draft_signal(&self, bytes: usize) -> Result<(Run, Record)> {
        // Incompressible enough, and every byte value occurs.
        let data: Vec<u8> = (0..bytes).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect();
        let signal = Signal {
            name: "paid".to_owned(),
            input: vec![Payload::new("binary/plain", data)],
            request_id: uuid::Uuid::new_v4().to_string().into(),
            ..Signal::default()
        };
        self.transition(Input::Signal(Box::new(signal)))
    }

    /// The append of a draft.
    pub fn append_of(&self, (run, record): &(Run, Record)) -> Append {
        append(&self.address, Expected::Run(self.last()), record.clone(), run.status)
    }

    /// Writes a draft on top of what is there.
    pub async fn try_write(
        &mut self,
        log: &dyn Log,
        draft: (Run, Record),
    ) -> Result<(), AppendError> {
        let sequence = log.append(self.append_of(&draft)).await?;
        let (run, record) = draft;
        self.run = run;
        self.stored.push(Stored { sequence, record });
        Ok(())
    }

    async fn write(&mut self, log: &dyn Log, draft: (Run, Record)) -> Result<()> {
        self.try_write(log, draft).await.map_err(Into::into)
    }

    /// Writes a snapshot of the state.
    pub async fn save(&self, log: &dyn Log) -> Result<()> {
        log.save_snapshot(&self.address, self.snapshot()).await.context("save a snapshot")
    }

    /// A snapshot of the state.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            run: self.run.clone(),
            sequence: self.last(),
            traceparent: Some(TRACEPARENT.to_owned()),
        }
    }

    fn transition(&self, input: Input) -> Result<(Run, Record)> {
        let mut transition = Transition::new(&self.run, &self.limits, self.run.last_at);
        transition.feed(input).map_err(|rejection| anyhow!("{rejection}"))?;
        Ok((transition.run, transition.record))
    }
}

fn append(address: &RunAddress, expected: Expected, record: Record, status: Status) -> Append {
    Append {
        address: address.clone(),
        expected,
        record: Arc::new(record),
        status,
        traceparent: Some(TRACEPARENT.to_owned()),
    }
}

/// Ids of 1,000 characters of four bytes each are legal here: a log must take any.
fn limits() -> Limits {
    Limits { id_bytes_max: 8_000, payload_bytes_max: 256 << 20, ..Limits::default() }
}
