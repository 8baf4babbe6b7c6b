//! Messages from this run to other runs. That one failed is told without the task that sent it, as in
//! Temporal.

use steadfast_core::{Blanks, event as core};
use steadfast_temporal_api::api::history::v1::{self as proto, history_event::Attributes};

use super::Names;
use crate::convert::{execution, payload, text};

pub(super) fn cancel_initiated(
    a: &core::RequestCancelExternalWorkflowExecutionInitiated,
    names: &Names,
) -> Attributes {
    Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(
        proto::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            child_workflow_only: a.child_workflow_only,
            reason: a.reason.clone(),
            ..proto::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes::default()
        },
    )
}

pub(super) fn cancel_failed(
    a: &core::RequestCancelExternalWorkflowExecutionFailed,
    names: &Names,
) -> Attributes {
    Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(
        proto::RequestCancelExternalWorkflowExecutionFailedEventAttributes {
            cause: a.cause as i32,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            initiated_event_id: a.initiated_event_id,
            ..proto::RequestCancelExternalWorkflowExecutionFailedEventAttributes::default()
        },
    )
}

pub(super) fn canceled(
    a: &core::ExternalWorkflowExecutionCancelRequested,
    names: &Names,
) -> Attributes {
    Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(
        proto::ExternalWorkflowExecutionCancelRequestedEventAttributes {
            initiated_event_id: a.initiated_event_id,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
        },
    )
}

pub(super) fn signal_initiated(
    a: &core::SignalExternalWorkflowExecutionInitiated,
    names: &Names,
) -> Attributes {
    Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(
        proto::SignalExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: a.workflow_task_completed_event_id,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            signal_name: a.signal_name.clone(),
            input: payload::list(&a.input),
            child_workflow_only: a.child_workflow_only,
            header: payload::header(&a.header, Blanks::default()),
            ..proto::SignalExternalWorkflowExecutionInitiatedEventAttributes::default()
        },
    )
}

pub(super) fn signal_failed(
    a: &core::SignalExternalWorkflowExecutionFailed,
    names: &Names,
) -> Attributes {
    Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(
        proto::SignalExternalWorkflowExecutionFailedEventAttributes {
            cause: a.cause as i32,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            initiated_event_id: a.initiated_event_id,
            ..proto::SignalExternalWorkflowExecutionFailedEventAttributes::default()
        },
    )
}

pub(super) fn signaled(a: &core::ExternalWorkflowExecutionSignaled, names: &Names) -> Attributes {
    Attributes::ExternalWorkflowExecutionSignaledEventAttributes(
        proto::ExternalWorkflowExecutionSignaledEventAttributes {
            initiated_event_id: a.initiated_event_id,
            namespace: text(&a.namespace),
            namespace_id: names.id_of(&a.namespace),
            workflow_execution: Some(execution(&a.execution)),
            ..proto::ExternalWorkflowExecutionSignaledEventAttributes::default()
        },
    )
}
