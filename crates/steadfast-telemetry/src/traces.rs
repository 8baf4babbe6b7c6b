//! Spans over OTLP, and trace context in headers.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::{Error, config::TelemetryConfig, ids::SuggestedIds};

/// Our spans' targets begin with this. Other libraries' spans stay out: the exporter's own HTTP
/// client makes some, and each would cause the next.
const TARGETS: &str = "steadfast";

/// The provider that exports; `None` when no endpoint is set.
pub(crate) fn provider(
    config: &TelemetryConfig,
    resource: Resource,
) -> Result<Option<SdkTracerProvider>, Error> {
    let Some(url) = config.traces_url()? else {
        return Ok(None);
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .build()
        .map_err(Error::Exporter)?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_id_generator(SuggestedIds::default())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            config.trace_sample_ratio,
        ))))
        .with_resource(resource)
        .build();
    Ok(Some(provider))
}

/// The layer that makes OpenTelemetry spans of ours.
pub(crate) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let tracer: SdkTracer = provider.tracer("steadfast");
    let ours = Targets::new().with_target(TARGETS, LevelFilter::INFO);
    tracing_opentelemetry::layer().with_tracer(tracer).with_filter(ours)
}

/// Makes the provider and the W3C propagator the process's own.
pub(crate) fn install(provider: Option<&SdkTracerProvider>) {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    if let Some(provider) = provider {
        opentelemetry::global::set_tracer_provider(provider.clone());
    }
}
