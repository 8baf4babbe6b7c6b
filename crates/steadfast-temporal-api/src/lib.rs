//! Temporal's gRPC API: its messages, as `temporalio-protos` compiles them, and server traits over
//! them. Nothing here is written by hand, and nothing here decides anything.

pub use prost;
pub use prost_wkt_types as well_known;
pub use temporalio_protos::temporal::api;

/// `temporal.api.workflowservice.v1.WorkflowService`.
pub mod workflow_service {
    tonic::include_proto!("temporal.api.workflowservice.v1");
}

/// `temporal.api.operatorservice.v1.OperatorService`.
pub mod operator_service {
    tonic::include_proto!("temporal.api.operatorservice.v1");
}

/// The whole API's descriptors, encoded: what gRPC reflection answers from.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
