//! Namespaces.

use steadfast_core::{Namespace, Span};
use steadfast_temporal_api::api::{
    enums::v1 as enums, namespace::v1 as namespace_proto, replication::v1 as replication,
    workflowservice::v1 as proto,
};

use super::system::CLUSTER;
use crate::{
    context::{Context, Patience},
    convert::time,
    fault::Fault,
    ports::{NamespaceChange, NamespaceSettings, NamespaceState},
};

/// How long closed runs are kept at least (`common/namespace` of Temporal's server).
const RETENTION_MIN: Span = Span::from_secs(3_600);

pub(crate) async fn register_namespace(
    context: &Context,
    _patience: Patience,
    request: proto::RegisterNamespaceRequest,
) -> Result<proto::RegisterNamespaceResponse, Fault> {
    if request.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    if request.namespace.len() > context.config.id_bytes_max {
        return Err(Fault::invalid("Namespace length exceeds limit."));
    }
    let retention = request.workflow_execution_retention_period;
    let settings = NamespaceSettings {
        name: request.namespace.into(),
        id: uuid::Uuid::new_v4().to_string(),
        state: NamespaceState::Registered,
        description: request.description,
        owner_email: request.owner_email,
        data: request.data.into_iter().collect(),
        retention: checked_retention(retention)?,
    };
    context.namespaces.register(settings).await?;
    Ok(proto::RegisterNamespaceResponse {})
}

fn checked_retention(
    retention: Option<steadfast_temporal_api::well_known::Duration>,
) -> Result<Span, Fault> {
    let invalid = "A valid retention period is not set on request.";
    let retention = time::span("retention", retention).map_err(|_| Fault::invalid(invalid))?;
    if retention < RETENTION_MIN && !retention.is_zero() || retention.is_zero() {
        return Err(Fault::invalid(invalid));
    }
    Ok(retention)
}

pub(crate) async fn describe_namespace(
    context: &Context,
    _patience: Patience,
    request: proto::DescribeNamespaceRequest,
) -> Result<proto::DescribeNamespaceResponse, Fault> {
    let found = if request.namespace.is_empty() {
        if request.id.is_empty() {
            return Err(Fault::invalid("Namespace not set on request."));
        }
        let all = context.namespaces.list().await?;
        let found = all.into_iter().find(|settings| settings.id == request.id);
        found.ok_or_else(|| crate::fault::namespace_not_found(request.id))?
    } else {
        context.namespaces.describe(&Namespace::new(request.namespace)).await?
    };
    Ok(described(context, &found))
}

pub(crate) async fn list_namespaces(
    context: &Context,
    _patience: Patience,
    request: proto::ListNamespacesRequest,
) -> Result<proto::ListNamespacesResponse, Fault> {
    let all = context.namespaces.list().await?;
    let include_deleted = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
    let shown =
        all.iter().filter(|settings| include_deleted || settings.state != NamespaceState::Deleted);
    let after = String::from_utf8(request.next_page_token)
        .map_err(|_| Fault::invalid("Invalid NextPageToken."))?;
    let shown = shown.filter(|settings| settings.name.as_str() > after.as_str());
    let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(100);
    let mut page: Vec<_> = shown.take(size + 1).collect();
    let more = page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| more);
    Ok(proto::ListNamespacesResponse {
        next_page_token: last.map_or_else(Vec::new, |last| last.name.as_str().into()),
        namespaces: page.into_iter().map(|settings| described(context, settings)).collect(),
    })
}

pub(crate) async fn update_namespace(
    context: &Context,
    _patience: Patience,
    request: proto::UpdateNamespaceRequest,
) -> Result<proto::UpdateNamespaceResponse, Fault> {
    if request.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    let some = |text: String| (!text.is_empty()).then_some(text);
    let info = request.update_info.unwrap_or_default();
    let retention = request.config.and_then(|config| config.workflow_execution_retention_ttl);
    let retention = retention.map(|retention| checked_retention(Some(retention))).transpose()?;
    let change = NamespaceChange {
        description: some(info.description),
        owner_email: some(info.owner_email),
        data: info.data.into_iter().collect(),
        retention,
        state: None,
    };
    let found = context.namespaces.update(&Namespace::new(request.namespace), change).await?;
    let described = described(context, &found);
    Ok(proto::UpdateNamespaceResponse {
        namespace_info: described.namespace_info,
        config: described.config,
        replication_config: described.replication_config,
        failover_version: 0,
        is_global_namespace: false,
    })
}

pub(crate) async fn deprecate_namespace(
    context: &Context,
    _patience: Patience,
    request: proto::DeprecateNamespaceRequest,
) -> Result<proto::DeprecateNamespaceResponse, Fault> {
    let change =
        NamespaceChange { state: Some(NamespaceState::Deprecated), ..NamespaceChange::default() };
    context.namespaces.update(&Namespace::new(request.namespace), change).await?;
    Ok(proto::DeprecateNamespaceResponse {})
}

fn described(context: &Context, found: &NamespaceSettings) -> proto::DescribeNamespaceResponse {
    let state = match found.state {
        NamespaceState::Registered => enums::NamespaceState::Registered,
        NamespaceState::Deprecated => enums::NamespaceState::Deprecated,
        NamespaceState::Deleted => enums::NamespaceState::Deleted,
    };
    let bytes_max = i64::try_from(context.config.payload_bytes_max).unwrap_or(i64::MAX);
    let data = found.data.iter();
    proto::DescribeNamespaceResponse {
        namespace_info: Some(namespace_proto::NamespaceInfo {
            name: found.name.to_string(),
            state: state.into(),
            description: found.description.clone(),
            owner_email: found.owner_email.clone(),
            data: data.map(|(key, value)| (key.clone(), value.clone())).collect(),
            id: found.id.clone(),
            capabilities: Some(capabilities()),
            limits: Some(namespace_proto::namespace_info::Limits {
                blob_size_limit_error: bytes_max,
                memo_size_limit_error: bytes_max,
                ..namespace_proto::namespace_info::Limits::default()
            }),
            supports_schedules: false,
        }),
        config: Some(namespace_proto::NamespaceConfig {
            workflow_execution_retention_ttl: time::duration(found.retention),
            bad_binaries: Some(namespace_proto::BadBinaries::default()),
            history_archival_state: enums::ArchivalState::Disabled.into(),
            visibility_archival_state: enums::ArchivalState::Disabled.into(),
            ..namespace_proto::NamespaceConfig::default()
        }),
        replication_config: Some(replication::NamespaceReplicationConfig {
            active_cluster_name: CLUSTER.to_owned(),
            clusters: vec![replication::ClusterReplicationConfig {
                cluster_name: CLUSTER.to_owned(),
                ..replication::ClusterReplicationConfig::default()
            }],
            ..replication::NamespaceReplicationConfig::default()
        }),
        ..proto::DescribeNamespaceResponse::default()
    }
}

/// What a namespace can: exactly what is built, since SDKs use what is advertised.
fn capabilities() -> namespace_proto::namespace_info::Capabilities {
    namespace_proto::namespace_info::Capabilities {
        sync_update: true,
        async_update: true,
        worker_heartbeats: true,
        eager_workflow_start: true,
        reported_problems_search_attribute: true,
        workflow_pause: true,
        worker_poll_complete_on_shutdown: true,
        poller_autoscaling: true,
        ..namespace_proto::namespace_info::Capabilities::default()
    }
}
