//! Visibility in this process: the file, the task that keeps it, and its end.

use std::{path::PathBuf, sync::Arc};

use steadfast_engine::search_attributes::SearchAttributes;
use steadfast_jetstream::JetStreamLog;
use steadfast_visibility::Visibility;
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
