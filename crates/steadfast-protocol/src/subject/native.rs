//! Subjects of the native protocol, and of requests between nodes.

use super::{
    SubjectError, form, split,
    token::{Token, escape, unescape},
};

/// Clients' requests of all namespaces.
pub const API_ALL: &str = "sf.api.*.*";
/// Workers' polls of all namespaces.
pub const POLL_ALL: &str = "sf.poll.*.*.*";
/// Workers' answers of all namespaces.
pub const TASK_ALL: &str = "sf.task.*.*";
/// The queue group that engines serve native requests in.
pub const QUEUE_GROUP: &str = "steadfast";

/// What a worker polls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PollKind {
    /// Activity attempts.
    Activity,
    /// Workflow tasks.
    Workflow,
}

impl PollKind {
    /// Its token.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Workflow => "workflow",
        }
    }
}

/// A parsed `sf.api.<namespace>.<verb>` or `sf.task.<namespace>.<verb>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerbSubject {
    /// The tenant.
    pub namespace: Token,
    /// The verb as it stands: it is looked up, not unescaped.
    pub verb: String,
}

/// A parsed `sf.poll.<namespace>.<queue>.<kind>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollSubject {
    /// The tenant.
    pub namespace: Token,
    /// The queue.
    pub task_queue: Token,
    /// The kind as it stands: `activity`, `workflow`, or something unknown.
    pub kind: String,
}

/// Where a client's request goes.
pub fn api_subject(namespace: &str, verb: &str) -> String {
    format!("sf.api.{}.{verb}", escape(namespace))
}

/// Where a worker polls.
pub fn poll_subject(namespace: &str, task_queue: &str, kind: PollKind) -> String {
    format!("sf.poll.{}.{}.{}", escape(namespace), escape(task_queue), kind.name())
}

/// Where a worker's answer goes.
pub fn task_subject(namespace: &str, verb: &str) -> String {
    format!("sf.task.{}.{verb}", escape(namespace))
}

/// Where a partition's owner takes requests from other nodes.
pub fn rpc_subject(partition: u32, verb: &str) -> String {
    format!("sf.rpc.{partition}.{verb}")
}

/// All requests to a partition's owner.
pub fn rpc_filter(partition: u32) -> String {
    format!("sf.rpc.{partition}.*")
}

/// Parses a client's request's subject.
pub fn parse_api(subject: &str) -> Result<VerbSubject, SubjectError> {
    parse_verb(subject, "api", "sf.api.<namespace>.<verb>")
}

/// Parses a worker's answer's subject.
pub fn parse_task(subject: &str) -> Result<VerbSubject, SubjectError> {
    parse_verb(subject, "task", "sf.task.<namespace>.<verb>")
}

/// Parses a poll's subject.
pub fn parse_poll(subject: &str) -> Result<PollSubject, SubjectError> {
    let Some(["sf", "poll", namespace, task_queue, kind]) = split::<5>(subject) else {
        return Err(form(subject, "sf.poll.<namespace>.<queue>.<activity|workflow>"));
    };
    Ok(PollSubject {
        namespace: unescape(namespace)?,
        task_queue: unescape(task_queue)?,
        kind: kind.to_owned(),
    })
}

/// Parses the subject of a request between nodes: the partition and the verb.
pub fn parse_rpc(subject: &str) -> Result<(u32, &str), SubjectError> {
    const FORM: &str = "sf.rpc.<partition>.<verb>";
    let Some(["sf", "rpc", partition, verb]) = split::<4>(subject) else {
        return Err(form(subject, FORM));
    };
    let partition = partition.parse().map_err(|_| form(subject, FORM))?;
    Ok((partition, verb))
}

fn parse_verb(
    subject: &str,
    kind: &str,
    wanted: &'static str,
) -> Result<VerbSubject, SubjectError> {
    match split::<4>(subject) {
        Some(["sf", found, namespace, verb]) if found == kind => {
            Ok(VerbSubject { namespace: unescape(namespace)?, verb: verb.to_owned() })
        }
        Some(_) | None => Err(form(subject, wanted)),
    }
}
