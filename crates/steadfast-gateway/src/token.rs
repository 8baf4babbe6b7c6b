//! Tokens that workers and clients give back: opaque to them, versioned, and not trusted here.

use prost::Message;
use steadfast_core::{Namespace, RunKey};
use steadfast_engine::api::TaskToken;

use crate::fault::Fault;

/// The version of both forms.
const VERSION: u32 = 1;

/// What a task's token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Kind {
    /// Not one of ours.
    Unspecified = 0,
    /// A workflow task.
    Workflow = 1,
    /// A query that is a task of its own.
    Query = 2,
    /// An activity attempt.
    Activity = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TaskForm {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(enumeration = "Kind", tag = "2")]
    kind: i32,
    #[prost(string, tag = "3")]
    namespace: String,
    #[prost(string, tag = "4")]
    workflow_id: String,
    #[prost(string, tag = "5")]
    run_id: String,
    #[prost(int64, tag = "6")]
    scheduled_event_id: i64,
    #[prost(int32, tag = "7")]
    attempt: i32,
    #[prost(int64, tag = "8")]
    started_event_id: i64,
    #[prost(string, tag = "9")]
    request_id: String,
}

/// Encodes a task's token.
pub(crate) fn encode(kind: Kind, token: &TaskToken) -> Vec<u8> {
    let form = TaskForm {
        version: VERSION,
        kind: kind.into(),
        namespace: token.run.namespace.to_string(),
        workflow_id: token.run.workflow_id.to_string(),
        run_id: token.run.run_id.to_string(),
        scheduled_event_id: token.scheduled_event_id,
        attempt: token.attempt,
        started_event_id: token.started_event_id,
        request_id: token.request_id.to_string(),
    };
    form.encode_to_vec()
}

/// Reads a token of this kind back. A request that names a namespace must name the token's.
pub(crate) fn decode(kind: Kind, namespace: &str, bytes: &[u8]) -> Result<TaskToken, Fault> {
    if bytes.is_empty() {
        return Err(Fault::invalid("Task token not set on request."));
    }
    let form = TaskForm::decode(bytes).map_err(|_| strange(bytes))?;
    if form.version != VERSION || form.kind != i32::from(kind) || form.workflow_id.is_empty() {
        return Err(malformed());
    }
    if !namespace.is_empty() && namespace != form.namespace {
        return Err(Fault::invalid("Operation requested with a token from a different namespace."));
    }
    Ok(TaskToken {
        run: RunKey {
            namespace: Namespace::new(form.namespace),
            workflow_id: form.workflow_id.into(),
            run_id: form.run_id.into(),
        },
        scheduled_event_id: form.scheduled_event_id,
        attempt: form.attempt,
        started_event_id: form.started_event_id,
        request_id: form.request_id.into(),
    })
}

/// The beginning of a token that one of Temporal's own servers made.
#[derive(Clone, PartialEq, prost::Message)]
struct ForeignForm {
    #[prost(string, tag = "1")]
    namespace_id: String,
    #[prost(string, tag = "2")]
    workflow_id: String,
}

/// What is no token of ours: another server's names a task that is not here.
fn strange(bytes: &[u8]) -> Fault {
    match ForeignForm::decode(bytes) {
        Ok(foreign) if !foreign.workflow_id.is_empty() => {
            Fault::not_found(format!("workflow not found for ID: {}", foreign.workflow_id))
        }
        Ok(_) | Err(_) => malformed(),
    }
}

fn malformed() -> Fault {
    Fault::invalid("Error deserializing task token.")
}

/// Where a read of history goes on.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HistoryPlace {
    #[prost(uint32, tag = "1")]
    version: u32,
    /// The run that the first page was of: a workflow's current run may change meanwhile.
    #[prost(string, tag = "2")]
    pub(crate) run_id: String,
    /// The next event.
    #[prost(int64, tag = "3")]
    pub(crate) event_id: i64,
    /// The last event of the read that is in the log (a workflow task's history); 0 is no bound.
    #[prost(int64, tag = "4")]
    pub(crate) through: i64,
    /// The events after it that are not written yet, an encoded `History`: a workflow task's own
    /// Scheduled and Started.
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) tail: Vec<u8>,
}

impl HistoryPlace {
    /// A place in a run.
    pub(crate) fn new(run_id: String, event_id: i64) -> Self {
        Self { version: VERSION, run_id, event_id, through: 0, tail: Vec::new() }
    }

    /// The same place in a read that ends with these events.
    pub(crate) fn until(mut self, through: i64, tail: Vec<u8>) -> Self {
        (self.through, self.tail) = (through, tail);
        self
    }

    /// The same read, further on.
    pub(crate) fn at(mut self, event_id: i64) -> Self {
        self.event_id = event_id;
        self
    }

    /// Encodes it as a page token.
    pub(crate) fn to_token(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// Reads a page token.
    pub(crate) fn from_token(bytes: &[u8]) -> Result<Self, Fault> {
        let invalid = || Fault::invalid("Invalid NextPageToken.");
        let place = Self::decode(bytes).map_err(|_| invalid())?;
        if place.version != VERSION || place.run_id.is_empty() || place.event_id < 0 {
            return Err(invalid());
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests;
