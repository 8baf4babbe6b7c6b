//! Updates' events.

use steadfast_core::event as core;
use steadfast_temporal_api::api::{
    history::v1::{self as proto, history_event::Attributes},
    update::v1 as wire,
};

use crate::convert::update;

pub(super) fn admitted(a: &core::WorkflowExecutionUpdateAdmitted) -> Attributes {
    Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(
        proto::WorkflowExecutionUpdateAdmittedEventAttributes {
            request: Some(update::request(&a.request)),
            origin: a.origin,
        },
    )
}

pub(super) fn accepted(a: &core::WorkflowExecutionUpdateAccepted) -> Attributes {
    Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(
        proto::WorkflowExecutionUpdateAcceptedEventAttributes {
            protocol_instance_id: a.protocol_instance_id.clone(),
            accepted_request_message_id: a.accepted_request_message_id.clone(),
            accepted_request_sequencing_event_id: a.accepted_request_sequencing_event_id,
            accepted_request: a.accepted_request.as_ref().map(update::request),
        },
    )
}

pub(super) fn completed(a: &core::WorkflowExecutionUpdateCompleted) -> Attributes {
    Attributes::WorkflowExecutionUpdateCompletedEventAttributes(
        proto::WorkflowExecutionUpdateCompletedEventAttributes {
            meta: Some(wire::Meta {
                update_id: a.update_id.to_string(),
                identity: a.identity.to_string(),
            }),
            accepted_event_id: a.accepted_event_id,
            outcome: Some(update::outcome(&a.outcome)),
        },
    )
}
