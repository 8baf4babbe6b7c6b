//! Updates: requests that the workflow itself answers.
#![expect(missing_docs, reason = "the fields are those of temporal.api.history.v1")]

use serde::{Deserialize, Serialize};

use crate::{Blanks, EventId, Failure, Identity, PayloadMap, Payloads, UpdateId};

/// What the client asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateRequest {
    pub update_id: UpdateId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "PayloadMap::is_empty")]
    pub header: PayloadMap,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Payloads,
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blanks: Blanks,
}

/// An update was carried over a reset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionUpdateAdmitted {
    pub request: UpdateRequest,
    pub origin: i32,
}

/// The workflow accepted it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionUpdateAccepted {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol_instance_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub accepted_request_message_id: String,
    pub accepted_request_sequencing_event_id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_request: Option<UpdateRequest>,
}

/// The workflow answered it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowExecutionUpdateCompleted {
    pub update_id: UpdateId,
    #[serde(skip_serializing_if = "Identity::is_empty")]
    pub identity: Identity,
    pub accepted_event_id: EventId,
    pub outcome: UpdateOutcome,
}

/// How an update ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UpdateOutcome {
    Success(Payloads),
    Failure(Box<Failure>),
}

impl Default for UpdateOutcome {
    fn default() -> Self {
        Self::Success(Payloads::new())
    }
}
