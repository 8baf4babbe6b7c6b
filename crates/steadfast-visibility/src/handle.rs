//! What front doors hold: lists and counts.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, params_from_iter};
use steadfast_core::{AttributeType, Namespace, Payload, search_attribute::TYPE_METADATA};
use steadfast_engine::{
    ports::{Feed, Partition},
    search_attributes::SearchAttributes,
};
use tokio::time::Instant;

use crate::{
    api::{Count, Group, ListPage, ListRequest},
    config::VisibilityConfig,
    error::{InvalidQuery, OpenError, QueryError},
    metrics::Metrics,
    page,
    projection::{self, Progress, Projection},
    query::{self, Bounds, Column, Query, Statement},
    row,
    store::Readers,
};

/// Lists and counts runs. Cheap to clone.
#[derive(Clone)]
pub struct Visibility {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Visibility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visibility").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

struct Inner {
    config: VisibilityConfig,
    feed: Arc<dyn Feed>,
    attributes: Arc<dyn SearchAttributes>,
    partitions: u32,
    progress: Progress,
    readers: Readers,
    metrics: Metrics,
}

impl Visibility {
    /// Opens the file; whoever calls this runs the projection.
    pub async fn open(
        config: VisibilityConfig,
        feed: Arc<dyn Feed>,
        partitions: u32,
        attributes: Arc<dyn SearchAttributes>,
    ) -> Result<(Self, Projection), OpenError> {
        let (projection, progress) =
            projection::open(&config, Arc::clone(&feed), partitions).await?;
        let readers = Readers::new(config.path.clone(), config.readers);
        let metrics = Metrics::new();
        let inner = Inner { config, feed, attributes, partitions, progress, readers, metrics };
        Ok((Self { inner: Arc::new(inner) }, projection))
    }

    /// A page of a namespace's runs. It shows everything that was acknowledged before the call.
    pub async fn list(
        &self,
        request: ListRequest,
        deadline: Instant,
    ) -> Result<ListPage, QueryError> {
        let began = Instant::now();
        let ListRequest { namespace, query: text, page_size, page_token } = request;
        let query = self.read(&namespace, &text).await?;
        if query.group_by.is_some() {
            let message = "'GROUP BY' clause".to_owned();
            return Err(InvalidQuery::Unsupported(message).into());
        }
        let limit = self.inner.page_size(page_size);
        let first = query::list(namespace.as_str(), &query, None, limit);
        let after = page::decode(namespace.as_str(), &text, &page_token, first.keys)?;
        let statement = match after {
            None => first,
            Some(after) => query::list(namespace.as_str(), &query, Some(&after), limit),
        };
        self.wait_applied(deadline).await?;
        let read =
            move |connection: &Connection| list(connection, &namespace, &text, &statement, limit);
        let page = self.inner.readers.read(deadline, read).await;
        self.inner.metrics.queried(began.elapsed().as_secs_f64());
        page
    }

    /// How many of a namespace's runs there are. It counts everything acknowledged before the call.
    pub async fn count(
        &self,
        namespace: &Namespace,
        text: &str,
        deadline: Instant,
    ) -> Result<Count, QueryError> {
        let began = Instant::now();
        let query = self.read(namespace, text).await?;
        let statement = query::count(namespace.as_str(), &query);
        let group_by = query.group_by;
        self.wait_applied(deadline).await?;
        let read = move |connection: &Connection| count(connection, &statement, group_by);
        let count = self.inner.readers.read(deadline, read).await;
        self.inner.metrics.queried(began.elapsed().as_secs_f64());
        count
    }

    /// Waits until everything that is in the log now is applied, at most as long as is configured: then
    /// an answer that is a little old is better than none.
    async fn wait_applied(&self, deadline: Instant) -> Result<(), QueryError> {
        let inner = &self.inner;
        let bound = deadline.min(Instant::now() + inner.config.wait_max);
        let reached = async {
            let partitions = (0..inner.partitions).map(Partition);
            let lasts = partitions.map(async |partition| {
                Ok::<_, QueryError>((partition, inner.feed.last_sequence(partition).await?))
            });
            let lasts = futures::future::try_join_all(lasts);
            let (lasts, kept) = tokio::try_join!(lasts, async {
                Ok::<_, QueryError>(inner.feed.purges_kept().await?)
            })?;
            let lasts: HashMap<_, _> = lasts.into_iter().collect();
            inner.progress.reached(&lasts, kept.last).await;
            Ok(())
        };
        match tokio::time::timeout_at(bound, reached).await {
            Ok(reached) => reached,
            Err(_) => {
                inner.metrics.behind();
                tracing::debug!("a list is answered before everything is applied");
                Ok(())
            }
        }
    }

    async fn read(&self, namespace: &Namespace, text: &str) -> Result<Query, QueryError> {
        let custom = self.inner.attributes.custom(namespace).await?;
        let config = &self.inner.config;
        let bounds = Bounds {
            bytes_max: config.query_bytes_max,
            conditions_max: config.query_conditions_max,
        };
        Ok(query::read(text, &custom, bounds)?)
    }
}

impl Inner {
    fn page_size(&self, wanted: usize) -> usize {
        match wanted {
            0 => self.config.page_default,
            wanted => wanted.min(self.config.page_max),
        }
    }
}

fn list(
    connection: &Connection,
    namespace: &Namespace,
    text: &str,
    statement: &Statement,
    limit: usize,
) -> Result<ListPage, QueryError> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let mut rows = prepared.query(params_from_iter(&statement.binds))?;
    let mut page = ListPage::default();
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let run = row::read(namespace, row);
        page.runs.push(run.map_err(|error| QueryError::Unavailable(error.into()))?);
        if page.runs.len() == limit {
            let columns = row::WIDTH..row::WIDTH + statement.keys;
            keys = columns.map(|column| row.get(column)).collect::<Result<_, _>>()?;
        }
    }
    if !keys.is_empty() {
        page.next_page_token = page::encode(namespace.as_str(), text, keys)?;
    }
    Ok(page)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other column is its own text")]
fn count(
    connection: &Connection,
    statement: &Statement,
    group_by: Option<Column>,
) -> Result<Count, QueryError> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let mut rows = prepared.query(params_from_iter(&statement.binds))?;
    let mut count = Count::default();
    while let Some(row) = rows.next()? {
        let column = usize::from(group_by.is_some());
        let runs = row.get::<_, i64>(column)?.unsigned_abs();
        count.total += runs;
        if let Some(group) = group_by {
            let value = match group {
                Column::ExecutionStatus => {
                    row::status_of(row.get(0)?).map(|status| status.name().to_owned())
                }
                _ => row.get(0)?,
            };
            count.groups.push(Group { values: vec![group_value(value)], count: runs });
        }
    }
    Ok(count)
}

/// A group's value, as Temporal encodes it.
fn group_value(value: Option<String>) -> Payload {
    let mut payload = match value {
        Some(text) => Payload::new("json/plain", serde_json::Value::String(text).to_string()),
        None => Payload::new("binary/null", Vec::new()),
    };
    let kind = AttributeType::Keyword.name().as_bytes();
    payload.metadata.insert(TYPE_METADATA.to_owned(), kind.into());
    payload
}
