//! A log in memory, runs to write into it, and visibility on top.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use steadfast_core::{
    AttributeType, Change, Entry, Event, EventKind, Payload, PayloadMap, Record, RunKey, Timestamp,
    event::{
        UpsertWorkflowSearchAttributes, WorkerVersion, WorkflowExecutionCompleted,
        WorkflowExecutionStarted, WorkflowTaskCompleted,
    },
    record::Opened,
    run::Status,
};
use steadfast_engine::{
    ports::{Append, Expected, Log, Partition, ReadError, RunAddress, Sequence},
    search_attributes::{CustomAttributes, SearchAttributes},
};
use steadfast_sim::mem_log::MemLog;
use steadfast_visibility::{
    Count, ListPage, ListRequest, QueryError, Visibility, VisibilityConfig,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

pub(crate) const PARTITIONS: u32 = 2;

/// One custom attribute of each type, in every namespace.
struct Custom;

impl SearchAttributes for Custom {
    fn custom(
        &self,
        _namespace: &steadfast_core::Namespace,
    ) -> futures::future::BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        let all = AttributeType::ALL.iter().map(|kind| (format!("Custom{}", kind.name()), *kind));
        Box::pin(std::future::ready(Ok(Arc::new(all.collect()))))
    }
}

pub(crate) struct World {
    pub(crate) log: MemLog,
    folder: tempfile::TempDir,
    lasts: BTreeMap<RunKey, Sequence>,
}

/// Visibility that follows.
pub(crate) struct Following {
    pub(crate) visibility: Visibility,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { log: MemLog::new(), folder, lasts: BTreeMap::new() }
    }

    pub(crate) fn config(&self) -> VisibilityConfig {
        VisibilityConfig {
            path: self.folder.path().join("visibility.sqlite"),
            linger: Duration::from_millis(5),
            ..VisibilityConfig::default()
        }
    }

    pub(crate) async fn follow(&self) -> Following {
        let feed = Arc::new(self.log.clone());
        let opened = Visibility::open(self.config(), feed, PARTITIONS, Arc::new(Custom)).await;
        let (visibility, projection) = opened.unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(projection.run(shutdown.clone()));
        Following { visibility, shutdown, task }
    }

    pub(crate) fn address(&self, workflow: &str, run: &str) -> RunAddress {
        let key =
            RunKey { namespace: "shop".into(), workflow_id: workflow.into(), run_id: run.into() };
        let partition = Partition(workflow.bytes().map(u32::from).sum::<u32>() % PARTITIONS);
        RunAddress { partition, key, workflow_type: "Order".into() }
    }

    /// Writes a record, at a number of seconds.
    pub(crate) async fn append(
        &mut self,
        address: &RunAddress,
        secs: i64,
        status: Status,
        entries: Vec<Entry>,
    ) {
        let last = self.lasts.entry(address.key.clone()).or_default();
        let append = Append {
            address: address.clone(),
            expected: Expected::Run(*last),
            record: Arc::new(Record { at: at(secs), entries }),
            status,
            traceparent: None,
        };
        *last = self.log.append(append).await.unwrap();
    }

    pub(crate) async fn start(&mut self, workflow: &str, secs: i64, attributes: PayloadMap) {
        let address = self.address(workflow, &format!("run-{workflow}"));
        let started = WorkflowExecutionStarted {
            workflow_id: address.key.workflow_id.clone(),
            workflow_type: address.workflow_type.clone(),
            task_queue: "queue".into(),
            search_attributes: attributes,
            ..WorkflowExecutionStarted::default()
        };
        let opened = Opened { key: address.key.clone(), request_id: "request".into(), reset: None };
        let entries = vec![
            Entry::Change(Change::Opened(Box::new(opened))),
            Entry::Event(event(1, secs, started)),
        ];
        self.append(&address, secs, Status::Running, entries).await;
    }

    /// A workflow task that a worker of this build completes.
    pub(crate) async fn task(&mut self, workflow: &str, id: i64, build_id: &str) {
        let address = self.address(workflow, &format!("run-{workflow}"));
        let worker = Some(WorkerVersion { build_id: build_id.to_owned(), use_versioning: false });
        let completed = WorkflowTaskCompleted { worker, ..WorkflowTaskCompleted::default() };
        let entries = vec![Entry::Event(event(id, id, completed))];
        self.append(&address, id, Status::Running, entries).await;
    }

    pub(crate) async fn upsert(&mut self, workflow: &str, secs: i64, attributes: PayloadMap) {
        let address = self.address(workflow, &format!("run-{workflow}"));
        let upsert = UpsertWorkflowSearchAttributes {
            search_attributes: attributes,
            ..UpsertWorkflowSearchAttributes::default()
        };
        let entries = vec![Entry::Event(event(2, secs, upsert))];
        self.append(&address, secs, Status::Running, entries).await;
    }

    pub(crate) async fn complete(&mut self, workflow: &str, secs: i64) {
        let address = self.address(workflow, &format!("run-{workflow}"));
        let completed = event(3, secs, WorkflowExecutionCompleted::default());
        let entries = vec![Entry::Event(completed)];
        self.append(&address, secs, Status::Completed, entries).await;
    }

    pub(crate) async fn purge(&self, workflow: &str) {
        self.log.purge(&self.address(workflow, &format!("run-{workflow}"))).await.unwrap();
    }
}

impl Following {
    pub(crate) async fn list(&self, query: &str) -> Vec<String> {
        self.page(query, 100, Default::default()).await.unwrap().runs.iter().map(line).collect()
    }

    pub(crate) async fn page(
        &self,
        query: &str,
        page_size: usize,
        page_token: bytes::Bytes,
    ) -> Result<ListPage, QueryError> {
        let query = query.to_owned();
        let request = ListRequest { namespace: "shop".into(), query, page_size, page_token };
        self.visibility.list(request, soon()).await
    }

    pub(crate) async fn count(&self, query: &str) -> Count {
        self.visibility.count(&"shop".into(), query, soon()).await.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

fn line(run: &steadfast_visibility::RunInfo) -> String {
    format!("{} {}", run.execution.workflow_id, run.status.name())
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp(secs * 1_000_000_000)
}

pub(crate) fn event(id: i64, secs: i64, kind: impl Into<EventKind>) -> Event {
    Event { id, at: at(secs), kind: kind.into(), user_metadata: None, links: Vec::new() }
}

/// Search attributes: name, JSON.
pub(crate) fn attributes(pairs: &[(&str, &str)]) -> PayloadMap {
    let attribute = |(name, json): &(&str, &str)| {
        let mut payload = Payload::new("json/plain", (*json).to_owned());
        let kind = name.strip_prefix("Custom").unwrap_or("KeywordList");
        payload.metadata.insert("type".to_owned(), kind.as_bytes().to_vec().into());
        ((*name).to_owned(), payload)
    };
    pairs.iter().map(attribute).collect()
}
