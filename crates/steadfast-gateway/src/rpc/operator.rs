//! The operator service: search attributes, and the one cluster there is.

use std::collections::BTreeMap;

use steadfast_core::{AttributeType, search_attribute};
use steadfast_temporal_api::api::operatorservice::v1 as proto;
use tonic::Code;

use super::{system, visibility::system_attributes};
use crate::{
    context::{Context, Patience, namespace},
    fault::Fault,
};

pub(crate) async fn add_search_attributes(
    context: &Context,
    _patience: Patience,
    request: proto::AddSearchAttributesRequest,
) -> Result<proto::AddSearchAttributesResponse, Fault> {
    let namespace = namespace(request.namespace)?;
    if request.search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let known = context.namespaces.search_attributes(&namespace).await?;
    let mut added = BTreeMap::new();
    for (name, kind) in request.search_attributes {
        let kind = AttributeType::from_number(kind)
            .ok_or_else(|| Fault::invalid(format!("Unknown search attribute type: {kind}.")))?;
        if search_attribute::is_reserved(&name) {
            let message = format!("Search attribute {name} is reserved by system.");
            return Err(Fault::invalid(message));
        }
        match known.get(&name) {
            None => drop(added.insert(name, kind)),
            // What is there already is what was asked for.
            Some(known) if *known == kind => {}
            Some(_) => {
                let message = format!("Search attribute {name} already exists.");
                return Err(Fault::new(Code::AlreadyExists, message));
            }
        }
    }
    context.namespaces.add_search_attributes(&namespace, added).await?;
    Ok(proto::AddSearchAttributesResponse {})
}

pub(crate) async fn remove_search_attributes(
    context: &Context,
    _patience: Patience,
    request: proto::RemoveSearchAttributesRequest,
) -> Result<proto::RemoveSearchAttributesResponse, Fault> {
    let namespace = namespace(request.namespace)?;
    if request.search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let known = context.namespaces.search_attributes(&namespace).await?;
    for name in &request.search_attributes {
        if search_attribute::is_reserved(name) {
            let message = format!("Unable to remove non-custom search attributes: {name}.");
            return Err(Fault::invalid(message));
        }
        if !known.contains_key(name) {
            return Err(Fault::not_found(format!("Search attribute {name} doesn't exist.")));
        }
    }
    context.namespaces.remove_search_attributes(&namespace, request.search_attributes).await?;
    Ok(proto::RemoveSearchAttributesResponse {})
}

pub(crate) async fn list_search_attributes(
    context: &Context,
    _patience: Patience,
    request: proto::ListSearchAttributesRequest,
) -> Result<proto::ListSearchAttributesResponse, Fault> {
    let namespace = namespace(request.namespace)?;
    let custom = context.namespaces.search_attributes(&namespace).await?;
    let custom = custom.into_iter().map(|(name, kind)| (name, kind.number()));
    Ok(proto::ListSearchAttributesResponse {
        custom_attributes: custom.collect(),
        system_attributes: system_attributes().collect(),
        storage_schema: std::collections::HashMap::new(),
    })
}

pub(crate) async fn list_clusters(
    _context: &Context,
    _patience: Patience,
    _request: proto::ListClustersRequest,
) -> Result<proto::ListClustersResponse, Fault> {
    Ok(proto::ListClustersResponse {
        clusters: vec![proto::ClusterMetadata {
            cluster_name: system::CLUSTER.to_owned(),
            cluster_id: uuid::Uuid::nil().to_string(),
            initial_failover_version: 1,
            history_shard_count: 1,
            is_connection_enabled: true,
            ..proto::ClusterMetadata::default()
        }],
        next_page_token: Vec::new(),
    })
}

pub(crate) async fn delete_namespace(
    context: &Context,
    _patience: Patience,
    request: proto::DeleteNamespaceRequest,
) -> Result<proto::DeleteNamespaceResponse, Fault> {
    let name = match (request.namespace.is_empty(), request.namespace_id.is_empty()) {
        (true, true) | (false, false) => {
            let message = "only one of namespace name or Id should be set on request.";
            return Err(Fault::invalid(message));
        }
        (false, true) => request.namespace.into(),
        (true, false) => {
            let all = context.namespaces.list().await?;
            let found = all.into_iter().find(|settings| settings.id == request.namespace_id);
            found.ok_or_else(|| crate::fault::namespace_not_found(request.namespace_id))?.name
        }
    };
    let deleted = context.namespaces.delete(&name).await?;
    Ok(proto::DeleteNamespaceResponse { deleted_namespace: deleted.to_string() })
}
