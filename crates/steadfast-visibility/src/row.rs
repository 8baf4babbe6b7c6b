//! A run as the file keeps it: one row, and what it owes the indexes of search attributes.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use steadfast_core::{
    AttributeType, Execution, Namespace, Payload, PayloadMap, RunId, Span, Timestamp,
    builds::BUILDS_ATTRIBUTE,
    event::UserMetadata,
    run::Status,
    search_attribute::{self, keyword_list},
};
use steadfast_engine::search_attributes::{self, Scalar};

use crate::{
    api::{Paused, RunInfo},
    query::{bound, words},
};

/// What a list reads of a row, in the order of [`read`].
pub(crate) const COLUMNS: &str = "workflow_id, run_id, workflow_type, status, start_time, \
    execution_time, close_time, execution_duration, history_length, history_size_bytes, \
    state_transition_count, task_queue, parent_workflow_id, parent_run_id, root_workflow_id, \
    root_run_id, details, last_time, (SELECT list FROM builds WHERE id = run.builds)";

/// How many columns [`COLUMNS`] are.
pub(crate) const WIDTH: usize = 19;

/// A run that is open sorts before all closed ones.
const STILL_OPEN: i64 = i64::MAX;

/// The greatest of the numbers of [`status_number`].
pub(crate) const STATUS_MAX: i64 = 8;

/// Temporal's number of a status (`WorkflowExecutionStatus`).
pub(crate) const fn status_number(status: Status) -> i64 {
    match status {
        Status::Running => 1,
        Status::Completed => 2,
        Status::Failed => 3,
        Status::Canceled => 4,
        Status::Terminated => 5,
        Status::ContinuedAsNew => 6,
        Status::TimedOut => 7,
        Status::Paused => 8,
    }
}

/// The status of that number.
pub(crate) fn status_of(number: i64) -> Option<Status> {
    Some(match number {
        1 => Status::Running,
        2 => Status::Completed,
        3 => Status::Failed,
        4 => Status::Canceled,
        5 => Status::Terminated,
        6 => Status::ContinuedAsNew,
        7 => Status::TimedOut,
        STATUS_MAX => Status::Paused,
        _ => return None,
    })
}

/// What is shown and never searched.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Details {
    parent_namespace: Namespace,
    first_run_id: RunId,
    memo: PayloadMap,
    search_attributes: PayloadMap,
    user_metadata: Option<UserMetadata>,
    paused: Option<Paused>,
    is_unreadable: bool,
}

/// A row that cannot be read: the file is broken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    #[error("a row cannot be read")]
    Sql(#[from] rusqlite::Error),
    #[error("a row's details cannot be read")]
    Details(#[from] rmp_serde::decode::Error),
    #[error("a row's builds cannot be read")]
    Builds(#[from] serde_json::Error),
    #[error("a row has status {0}")]
    Status(i64),
}

/// Reads [`COLUMNS`] of a row.
pub(crate) fn read(namespace: &Namespace, row: &rusqlite::Row<'_>) -> Result<RunInfo, RowError> {
    let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?.to_owned()));
    let details = row.get_ref(16)?.as_blob().map_err(rusqlite::Error::from)?;
    let mut details: Details = rmp_serde::from_slice(details)?;
    if let Some(list) = row.get_ref(18)?.as_str_or_null().map_err(rusqlite::Error::from)? {
        let list: Vec<String> = serde_json::from_str(list)?;
        details.search_attributes.insert(BUILDS_ATTRIBUTE.to_owned(), keyword_list(&list));
    }
    let status = row.get(3)?;
    let parent: (Option<String>, Option<String>) = (row.get(12)?, row.get(13)?);
    let parent = parent.0.map(|workflow_id| {
        let run_id = parent.1.unwrap_or_default().into();
        let execution = Execution { workflow_id: workflow_id.into(), run_id };
        (details.parent_namespace.clone(), execution)
    });
    let duration: Option<i64> = row.get(7)?;
    Ok(RunInfo {
        namespace: namespace.clone(),
        execution: Execution { workflow_id: text(0)?.into(), run_id: text(1)?.into() },
        workflow_type: text(2)?.into(),
        status: status_of(status).ok_or(RowError::Status(status))?,
        start_time: Timestamp(row.get(4)?),
        execution_time: Timestamp(row.get(5)?),
        last_time: Timestamp(row.get(17)?),
        close_time: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        execution_duration: duration.map(|nanos| Span(nanos.unsigned_abs())),
        history_length: row.get(8)?,
        history_size_bytes: row.get::<_, i64>(9)?.unsigned_abs(),
        state_transition_count: row.get(10)?,
        task_queue: text(11)?.into(),
        parent,
        root: Execution { workflow_id: text(14)?.into(), run_id: text(15)?.into() },
        first_run_id: details.first_run_id,
        memo: details.memo,
        search_attributes: details.search_attributes,
        user_metadata: details.user_metadata,
        paused: details.paused,
        is_unreadable: details.is_unreadable,
    })
}

/// Every column of a row beside its builds, id and namespace, in the order of the store's statement.
/// Builds that the row has in a column of their own are not among its details.
pub(crate) fn values(
    run: &RunInfo,
    has_builds: bool,
) -> Result<Vec<Value>, rmp_serde::encode::Error> {
    let text = |text: &str| Value::Text(text.to_owned());
    let parent = run.parent.as_ref().map(|(_, execution)| execution);
    let optional = |value: Option<Value>| value.unwrap_or(Value::Null);
    Ok(vec![
        text(run.execution.workflow_id.as_str()),
        text(run.execution.run_id.as_str()),
        text(run.workflow_type.as_str()),
        Value::Integer(status_number(run.status)),
        Value::Integer(run.start_time.0),
        Value::Integer(run.execution_time.0),
        optional(run.close_time.map(|time| Value::Integer(time.0))),
        optional(run.execution_duration.map(|span| integer(span.0))),
        Value::Integer(run.history_length),
        integer(run.history_size_bytes),
        Value::Integer(run.state_transition_count),
        text(run.task_queue.as_str()),
        optional(parent.map(|execution| text(execution.workflow_id.as_str()))),
        optional(parent.map(|execution| text(execution.run_id.as_str()))),
        text(run.root.workflow_id.as_str()),
        text(run.root.run_id.as_str()),
        Value::Blob(details(run, has_builds)?),
        Value::Integer(run.last_time.0),
        Value::Integer(run.close_time.map_or(STILL_OPEN, |time| time.0)),
        optional(division(run).map(Value::Text)),
    ])
}

/// The columns that change with every record of a run, and are in no index.
pub(crate) fn progress(run: &RunInfo) -> [Value; 4] {
    [
        Value::Integer(run.history_length),
        integer(run.history_size_bytes),
        Value::Integer(run.state_transition_count),
        Value::Integer(run.last_time.0),
    ]
}

/// The builds that a run has seen, as JSON: not in its details, because nearly all runs have the same few
/// lists, and because they come when the run is there already.
pub(crate) fn builds(run: &RunInfo) -> Option<String> {
    let payload = run.search_attributes.get(BUILDS_ATTRIBUTE)?;
    let value = search_attributes::decode(payload, AttributeType::KeywordList).ok()?;
    let texts = value.values.into_iter().filter_map(text);
    Some(serde_json::Value::from_iter(texts).to_string())
}

fn details(run: &RunInfo, has_builds: bool) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut search_attributes = run.search_attributes.clone();
    if has_builds {
        search_attributes.remove(BUILDS_ATTRIBUTE);
    }
    // With names: a payload leaves out what it does not have.
    rmp_serde::to_vec_named(&Details {
        parent_namespace: run.parent.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
        first_run_id: run.first_run_id.clone(),
        memo: run.memo.clone(),
        search_attributes,
        user_metadata: run.user_metadata.clone(),
        paused: run.paused.clone(),
        is_unreadable: run.is_unreadable,
    })
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The part of the namespace that the server's own workflows live in; nothing for everybody else's.
fn division(run: &RunInfo) -> Option<String> {
    let payload = run.search_attributes.get("TemporalNamespaceDivision")?;
    let value = search_attributes::decode(payload, AttributeType::Keyword).ok()?;
    value.values.into_iter().find_map(text)
}

fn text(value: Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Int(_) | Scalar::Double(_) | Scalar::Bool(_) | Scalar::Datetime(_) => None,
    }
}

/// What the index of search attributes holds of a run: name, type, values. An attribute that cannot be
/// read as its type is shown, and not found.
pub(crate) fn indexed(run: &RunInfo) -> BTreeMap<&str, (AttributeType, Vec<Value>)> {
    let entry = |(name, payload): (&'_ String, &'_ Payload)| {
        let predefined = search_attribute::predefined(name).map(|(kind, _)| kind);
        let kind = predefined
            .or_else(|| search_attributes::type_of(payload))
            .or_else(|| search_attributes::guess(payload))?;
        let value = search_attributes::decode(payload, kind).ok()?;
        Some((kind, keys(kind, &value.values)))
    };
    run.search_attributes
        .iter()
        .filter(|(name, _)| *name != BUILDS_ATTRIBUTE)
        .filter_map(|attribute| Some((attribute.0.as_str(), entry(attribute)?)))
        .collect()
}

fn keys(kind: AttributeType, values: &[Scalar]) -> Vec<Value> {
    match kind {
        AttributeType::Text => values
            .iter()
            .filter_map(|value| match value {
                Scalar::Text(text) => Some(words(text)),
                Scalar::Int(_) | Scalar::Double(_) | Scalar::Bool(_) | Scalar::Datetime(_) => None,
            })
            .flatten()
            // Said of every text, so that one without words is still set.
            .chain(values.first().map(|_| String::new()))
            .map(Value::Text)
            .collect(),
        AttributeType::Keyword
        | AttributeType::Int
        | AttributeType::Double
        | AttributeType::Bool
        | AttributeType::Datetime
        | AttributeType::KeywordList => values.iter().map(bound).collect(),
    }
}
