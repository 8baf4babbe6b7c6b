//! Visibility in this process: the file, the task that keeps it, and its end.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use steadfast_core::{Namespace, Timestamp};
use steadfast_engine::{Deadline, search_attributes::SearchAttributes};
use steadfast_jetstream::JetStreamLog;
use steadfast_native::{ListError, ListRuns};
use steadfast_protocol::message;
use steadfast_visibility::{Group, ListRequest, QueryError, RunInfo, Visibility};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::settings;
use crate::{cli::problem::Problem, config::Config};

/// The file's name where the configuration names none.
pub(crate) const FILE: &str = "visibility.sqlite";

/// Visibility, kept up to date until the shutdown.
pub(super) struct Lists {
    pub(super) visibility: Visibility,
    task: JoinHandle<()>,
    // Removed with it.
    _temporary: Option<TempDir>,
}

impl Lists {
    /// Opens the file and begins to follow the log; nothing when it is switched off.
    pub(super) async fn open(
        config: &Config,
        log: &JetStreamLog,
        attributes: Arc<dyn SearchAttributes>,
        shutdown: CancellationToken,
    ) -> Result<Option<Self>, Problem> {
        if !config.visibility.enabled {
            return Ok(None);
        }
        let (path, temporary) = place(config)?;
        let settings = settings::visibility(config, path);
        let partitions = log.topology().routing.partitions;
        let opened =
            Visibility::open(settings, Arc::new(log.clone()), partitions, attributes).await;
        let (visibility, projection) = opened.map_err(|error| {
            Problem::failed("cannot open the list of runs")
                .because(&error)
                .advice("see visibility.path; visibility.enabled = false does without")
        })?;
        let task = tokio::spawn(projection.run(shutdown));
        Ok(Some(Self { visibility, task, _temporary: temporary }))
    }

    /// For the native door.
    pub(super) fn native(&self) -> Arc<dyn steadfast_native::Lists> {
        Arc::new(Native(self.visibility.clone()))
    }

    /// Waits for its end, after the shutdown.
    pub(super) async fn closed(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "visibility panicked");
        }
    }
}

fn place(config: &Config) -> Result<(PathBuf, Option<TempDir>), Problem> {
    if !config.visibility.path.is_empty() {
        return Ok((PathBuf::from(&config.visibility.path), None));
    }
    let temporary = tempfile::Builder::new().prefix("steadfast-visibility-").tempdir();
    let temporary = temporary
        .map_err(|error| Problem::failed("cannot make a temporary folder").because(&error))?;
    tracing::info!(folder = %temporary.path().display(), "the list of runs is kept in a temporary file");
    Ok((temporary.path().join(FILE), Some(temporary)))
}

/// Visibility in the native protocol's words.
struct Native(Visibility);

impl steadfast_native::Lists for Native {
    fn list(
        &self,
        request: ListRuns,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<message::ListPage, ListError>> {
        let ListRuns { namespace, query, max_runs, page } = request;
        let wanted = ListRequest { namespace, query, page_size: max_runs, page_token: page };
        Box::pin(async move {
            let page = self.0.list(wanted, deadline).await.map_err(not_listed)?;
            let runs = page.runs.into_iter().map(listed).collect();
            Ok(message::ListPage { runs, next_page: page.next_page_token })
        })
    }

    fn count(
        &self,
        namespace: Namespace,
        query: String,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<message::Counted, ListError>> {
        Box::pin(async move {
            let count = self.0.count(&namespace, &query, deadline).await.map_err(not_listed)?;
            let group =
                |group: Group| message::CountedGroup { values: group.values, count: group.count };
            let groups = count.groups.into_iter().map(group).collect();
            Ok(message::Counted { count: count.total, groups })
        })
    }
}

fn listed(run: RunInfo) -> message::ListedRun {
    message::ListedRun {
        workflow_id: run.execution.workflow_id,
        run_id: run.execution.run_id,
        workflow_type: run.workflow_type,
        status: run.status,
        last_at_ms: run.last_time.as_millis(),
        started_at_ms: run.start_time.as_millis(),
        closed_at_ms: run.close_time.map(Timestamp::as_millis),
        task_queue: run.task_queue,
        memo: run.memo,
        search_attributes: run.search_attributes,
    }
}

fn not_listed(error: QueryError) -> ListError {
    match error {
        QueryError::Invalid(_) | QueryError::PageToken(_) => ListError::Invalid(error.to_string()),
        QueryError::Deadline => ListError::Deadline,
        QueryError::Unavailable(source) => ListError::Unavailable(source.to_string()),
    }
}
