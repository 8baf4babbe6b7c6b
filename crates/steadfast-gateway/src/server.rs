//! The gRPC server: both services, health and reflection on one listener, with TLS when it is set.

mod oversize;

use std::{future::Future, sync::Arc};

use futures::Stream;
use steadfast_engine::Engine;
use steadfast_temporal_api::{
    FILE_DESCRIPTOR_SET, operator_service::operator_service_server::OperatorServiceServer,
    workflow_service::workflow_service_server::WorkflowServiceServer,
};
use steadfast_visibility::Visibility;
use tokio::{io, net::TcpListener};
use tonic::codec::CompressionEncoding;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming};
use tower::util::MapResponseLayer;

use crate::{
    GatewayConfig, context::Context, ports::Namespaces, service::Services, workers::Workers,
};

/// The name under which Temporal's clients ask for health.
const HEALTH_NAME: &str = "temporal.api.workflowservice.v1.WorkflowService";

/// What the gateway stands on.
#[derive(Clone)]
pub struct Gateway {
    /// The engine.
    pub engine: Engine,
    /// Namespaces and their search attributes.
    pub namespaces: Arc<dyn Namespaces>,
    /// The list of runs; nothing when it is switched off.
    pub visibility: Option<Visibility>,
}

/// Why the gateway does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate, key or client CA cannot be used.
    #[error("the TLS settings of the gateway cannot be used")]
    Tls(#[source] tonic::transport::Error),
    /// The descriptors for reflection cannot be read.
    #[error("reflection cannot be set up")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The listener failed.
    #[error("the gateway's listener failed")]
    Listener(#[source] tonic::transport::Error),
}

/// Serves on the listener until `shutdown` resolves; requests that are being answered are finished.
pub async fn run(
    config: GatewayConfig,
    listener: TcpListener,
    gateway: Gateway,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    serve(config, incoming, gateway, shutdown).await
}

async fn serve(
    config: GatewayConfig,
    incoming: impl Stream<Item = io::Result<tokio::net::TcpStream>>,
    gateway: Gateway,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut server = Server::builder()
        .layer(MapResponseLayer::new(oversize::reworded))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_concurrent_streams(config.requests_per_connection_max)
        .tcp_nodelay(true);
    if let Some(tls) = &config.tls {
        let mut settings =
            ServerTlsConfig::new().identity(Identity::from_pem(&tls.certificate, &tls.key));
        if let Some(ca) = &tls.client_ca {
            settings = settings.client_ca_root(Certificate::from_pem(ca));
        }
        server = server.tls_config(settings).map_err(ServeError::Tls)?;
    }
    let max = config.request_bytes_max;
    let Gateway { engine, namespaces, visibility } = gateway;
    let workers = Arc::new(Workers::new(config.worker_heartbeats_bytes_max));
    let config = Arc::new(config);
    let services =
        Services { context: Context { config, engine, namespaces, visibility, workers } };
    // Clients may compress what they send; answers go as they are, which costs less than it saves.
    let workflow = WorkflowServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(max)
        .max_encoding_message_size(max);
    let operator = OperatorServiceServer::new(services)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(max);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(HEALTH_NAME, tonic_health::ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
    };
    let reflection_v1 = reflection().build_v1().map_err(ServeError::Reflection)?;
    // What older command-line tools ask for.
    let reflection_v1alpha = reflection().build_v1alpha().map_err(ServeError::Reflection)?;
    server
        .add_service(workflow)
        .add_service(operator)
        .add_service(health.accept_compressed(CompressionEncoding::Gzip))
        .add_service(reflection_v1.accept_compressed(CompressionEncoding::Gzip))
        .add_service(reflection_v1alpha.accept_compressed(CompressionEncoding::Gzip))
        .serve_with_incoming_shutdown(incoming, shutdown)
        .await
        .map_err(ServeError::Listener)
}
