//! Subjects of what is stored: records, snapshots, checkpoints and the event feed.

use steadfast_core::{RunKey, WorkflowType};

use super::{
    SubjectError, form, split,
    token::{Token, push_escaped, unescape},
};

const HISTORY_FORM: &str = "sf.h.<partition>.<namespace>.<type>.<workflow>.<run>";
const SNAPSHOT_FORM: &str = "sf.s.<partition>.<namespace>.<type>.<workflow>.<run>";
const EVENTS_FORM: &str = "sf.events.<namespace>.<type>.<workflow>.<run>";

/// A run as its subjects name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunSubject {
    /// The partition; nothing on the event feed.
    pub partition: Option<u32>,
    /// The tenant.
    pub namespace: Token,
    /// The workflow's type.
    pub workflow_type: Token,
    /// The workflow's id.
    pub workflow_id: Token,
    /// The run.
    pub run_id: Token,
}

impl RunSubject {
    /// Run and type, when every token holds its id; with a hash among them, the record that opens the
    /// run tells them.
    pub fn ids(&self) -> Option<(RunKey, WorkflowType)> {
        let key = RunKey {
            namespace: self.namespace.text()?.into(),
            workflow_id: self.workflow_id.text()?.into(),
            run_id: self.run_id.text()?.into(),
        };
        Some((key, self.workflow_type.text()?.into()))
    }
}

/// Where a run's records lie.
pub fn history_subject(partition: u32, key: &RunKey, workflow_type: &WorkflowType) -> String {
    run_subject(format!("sf.h.{partition}"), key, workflow_type)
}

/// Where a run's snapshot lies.
pub fn snapshot_subject(partition: u32, key: &RunKey, workflow_type: &WorkflowType) -> String {
    run_subject(format!("sf.s.{partition}"), key, workflow_type)
}

/// Where a run's records appear on the event feed.
pub fn events_subject(key: &RunKey, workflow_type: &WorkflowType) -> String {
    run_subject("sf.events".to_owned(), key, workflow_type)
}

/// Where a partition's checkpoint lies: it has fewer tokens than any snapshot.
pub fn checkpoint_subject(partition: u32) -> String {
    format!("sf.s.{partition}.checkpoint")
}

/// All records of all runs of a workflow: the filter that makes workflow ids unique.
pub fn history_filter_workflow(partition: u32, namespace: &str, workflow_id: &str) -> String {
    tokens(format!("sf.h.{partition}"), [Some(namespace), None, Some(workflow_id), None])
}

/// All records of all runs of a namespace in a partition.
pub fn history_filter_namespace(partition: u32, namespace: &str) -> String {
    tokens(format!("sf.h.{partition}"), [Some(namespace), None, None, None])
}

/// The event feed, narrowed to what is named.
pub fn events_filter(
    namespace: Option<&str>,
    workflow_type: Option<&str>,
    workflow_id: Option<&str>,
    run_id: Option<&str>,
) -> String {
    tokens("sf.events".to_owned(), [namespace, workflow_type, workflow_id, run_id])
}

/// Parses a record's subject.
pub fn parse_history(subject: &str) -> Result<RunSubject, SubjectError> {
    parse_partitioned(subject, "h", HISTORY_FORM)
}

/// Parses a snapshot's subject.
pub fn parse_snapshot(subject: &str) -> Result<RunSubject, SubjectError> {
    parse_partitioned(subject, "s", SNAPSHOT_FORM)
}

/// Parses a subject of the event feed.
pub fn parse_events(subject: &str) -> Result<RunSubject, SubjectError> {
    let Some(["sf", "events", ids @ ..]) = split::<6>(subject) else {
        return Err(form(subject, EVENTS_FORM));
    };
    parse_ids(None, ids)
}

fn parse_partitioned(
    subject: &str,
    kind: &str,
    wanted: &'static str,
) -> Result<RunSubject, SubjectError> {
    match split::<7>(subject) {
        Some(["sf", found, partition, ids @ ..]) if found == kind => {
            let partition = partition.parse().map_err(|_| form(subject, wanted))?;
            parse_ids(Some(partition), ids)
        }
        Some(_) | None => Err(form(subject, wanted)),
    }
}

fn parse_ids(partition: Option<u32>, ids: [&str; 4]) -> Result<RunSubject, SubjectError> {
    let [namespace, workflow_type, workflow_id, run_id] = ids;
    Ok(RunSubject {
        partition,
        namespace: unescape(namespace)?,
        workflow_type: unescape(workflow_type)?,
        workflow_id: unescape(workflow_id)?,
        run_id: unescape(run_id)?,
    })
}

fn run_subject(prefix: String, key: &RunKey, workflow_type: &WorkflowType) -> String {
    let ids = [key.namespace.as_str(), workflow_type.as_str(), key.workflow_id.as_str()];
    let [namespace, workflow_type, workflow_id] = ids.map(Some);
    tokens(prefix, [namespace, workflow_type, workflow_id, Some(key.run_id.as_str())])
}

fn tokens(prefix: String, ids: [Option<&str>; 4]) -> String {
    let mut subject = prefix;
    subject.reserve(ids.iter().map(|id| id.map_or(1, str::len) + 1).sum());
    for id in ids {
        subject.push('.');
        match id {
            Some(id) => push_escaped(&mut subject, id),
            None => subject.push('*'),
        }
    }
    subject
}
