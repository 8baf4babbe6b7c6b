//! Between Temporal's messages and the engine's plain data, both ways. What the engine never reads
//! (links, callbacks, priorities) passes as encoded bytes.

pub(crate) mod callback;
pub(crate) mod command;
pub(crate) mod enums;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod message;
pub(crate) mod payload;
pub(crate) mod priority;
pub(crate) mod reset_point;
pub(crate) mod retry;
pub(crate) mod start;
pub(crate) mod task;
pub(crate) mod time;
pub(crate) mod update;

use bytes::Bytes;
use prost::Message;
use steadfast_core::{
    Execution, Namespace, TaskQueue,
    event::{UserMetadata, WorkerVersion},
};
use steadfast_temporal_api::api::{common::v1 as common, sdk::v1 as sdk};
use steadfast_temporal_api::api::{enums::v1::TaskQueueKind, taskqueue::v1 as taskqueue};

/// Encodes a message that the engine carries and never reads.
pub(crate) fn opaque<T: Message>(message: &T) -> Bytes {
    message.encode_to_vec().into()
}

/// Reads such bytes back; bytes that another door wrote are nothing.
pub(crate) fn clear<T: Message + Default>(bytes: &Bytes) -> Option<T> {
    T::decode(bytes.as_ref()).ok()
}

/// A run, in Temporal's form.
pub(crate) fn execution(execution: &Execution) -> common::WorkflowExecution {
    common::WorkflowExecution {
        workflow_id: execution.workflow_id.to_string(),
        run_id: execution.run_id.to_string(),
    }
}

/// A run, from Temporal's form.
pub(crate) fn core_execution(execution: Option<common::WorkflowExecution>) -> Execution {
    let execution = execution.unwrap_or_default();
    Execution { workflow_id: execution.workflow_id.into(), run_id: execution.run_id.into() }
}

/// A workflow's type, in Temporal's form.
pub(crate) fn workflow_type(name: &steadfast_core::WorkflowType) -> Option<common::WorkflowType> {
    Some(common::WorkflowType { name: name.to_string() })
}

/// An activity's type, in Temporal's form.
pub(crate) fn activity_type(name: &steadfast_core::ActivityType) -> Option<common::ActivityType> {
    Some(common::ActivityType { name: name.to_string() })
}

/// A normal task queue, in Temporal's form.
pub(crate) fn task_queue(name: &TaskQueue) -> Option<taskqueue::TaskQueue> {
    Some(taskqueue::TaskQueue {
        name: name.to_string(),
        kind: TaskQueueKind::Normal.into(),
        normal_name: String::new(),
    })
}

/// A cache holder's own task queue, in Temporal's form.
pub(crate) fn sticky_queue(name: &TaskQueue, normal: &TaskQueue) -> Option<taskqueue::TaskQueue> {
    Some(taskqueue::TaskQueue {
        name: name.to_string(),
        kind: TaskQueueKind::Sticky.into(),
        normal_name: normal.to_string(),
    })
}

/// What a worker is, in Temporal's form.
pub(crate) fn worker(worker: &WorkerVersion) -> common::WorkerVersionStamp {
    common::WorkerVersionStamp {
        build_id: worker.build_id.clone(),
        use_versioning: worker.use_versioning,
    }
}

/// What a worker is, from Temporal's form.
pub(crate) fn core_worker(stamp: common::WorkerVersionStamp) -> WorkerVersion {
    WorkerVersion { build_id: stamp.build_id, use_versioning: stamp.use_versioning }
}

/// Summary and details, in Temporal's form; nothing where there is neither.
pub(crate) fn user_metadata(metadata: &UserMetadata) -> Option<sdk::UserMetadata> {
    let is_there = metadata.summary.is_some() || metadata.details.is_some();
    is_there.then(|| sdk::UserMetadata {
        summary: metadata.summary.as_ref().map(payload::to_proto),
        details: metadata.details.as_ref().map(payload::to_proto),
    })
}

/// Summary and details, from Temporal's form.
pub(crate) fn core_user_metadata(metadata: Option<sdk::UserMetadata>) -> Option<UserMetadata> {
    let metadata = metadata?;
    Some(UserMetadata {
        summary: metadata.summary.map(payload::from_proto),
        details: metadata.details.map(payload::from_proto),
        markers: Vec::new(),
    })
}

/// What an SDK says of a command, for people and for its own order.
pub(crate) fn core_command_metadata(
    metadata: Option<sdk::UserMetadata>,
    markers: &[sdk::EventGroupMarker],
) -> Option<UserMetadata> {
    let metadata = core_user_metadata(metadata);
    if markers.is_empty() {
        return metadata;
    }
    let markers = markers.iter().map(opaque).collect();
    Some(UserMetadata { markers, ..metadata.unwrap_or_default() })
}

/// A namespace as text.
pub(crate) fn text(namespace: &Namespace) -> String {
    namespace.to_string()
}
