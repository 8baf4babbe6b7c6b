//! What the server is and what it can: the first call of every client.

use steadfast_temporal_api::api::{version::v1 as version, workflowservice::v1 as proto};

use crate::{
    context::{Context, Patience},
    fault::Fault,
};

/// The name of the one cluster there is.
pub(crate) const CLUSTER: &str = "active";

/// The Temporal server whose behaviour this is measured against; SDKs switch features by it.
pub(crate) const SERVER_VERSION: &str = "1.32.0";

pub(crate) async fn get_system_info(
    _context: &Context,
    _patience: Patience,
    _request: proto::GetSystemInfoRequest,
) -> Result<proto::GetSystemInfoResponse, Fault> {
    Ok(proto::GetSystemInfoResponse {
        server_version: SERVER_VERSION.to_owned(),
        capabilities: Some(proto::get_system_info_response::Capabilities {
            signal_and_query_header: true,
            internal_error_differentiation: true,
            activity_failure_include_heartbeat: true,
            supports_schedules: false,
            encoded_failure_attributes: true,
            build_id_based_versioning: true,
            upsert_memo: true,
            eager_workflow_start: true,
            sdk_metadata: true,
            count_group_by_execution_status: true,
            nexus: false,
            server_scaled_deployments: false,
            server_scaled_provider_cloud_run: false,
        }),
    })
}

pub(crate) async fn get_cluster_info(
    _context: &Context,
    _patience: Patience,
    _request: proto::GetClusterInfoRequest,
) -> Result<proto::GetClusterInfoResponse, Fault> {
    let supported = [
        ("temporal-cli", "<2.0.0"),
        ("temporal-go", "<2.0.0"),
        ("temporal-java", "<2.0.0"),
        ("temporal-php", "<3.0.0"),
        ("temporal-python", "<2.0.0"),
        ("temporal-server", "<2.0.0"),
        ("temporal-typescript", "<2.0.0"),
        ("temporal-ui", "<3.0.0"),
    ];
    let clients = supported.into_iter();
    Ok(proto::GetClusterInfoResponse {
        supported_clients: clients
            .map(|(client, versions)| (client.to_owned(), versions.to_owned()))
            .collect(),
        server_version: SERVER_VERSION.to_owned(),
        cluster_id: uuid::Uuid::nil().to_string(),
        version_info: Some(version::VersionInfo {
            current: Some(version::ReleaseInfo {
                version: SERVER_VERSION.to_owned(),
                ..version::ReleaseInfo::default()
            }),
            ..version::VersionInfo::default()
        }),
        cluster_name: CLUSTER.to_owned(),
        history_shard_count: 1,
        persistence_store: "jetstream".to_owned(),
        visibility_store: "sqlite".to_owned(),
        initial_failover_version: 1,
        failover_version_increment: 10,
    })
}
