//! Metrics for Prometheus: a registry that the OpenTelemetry instruments are read into.

use opentelemetry_sdk::{
    Resource,
    metrics::{Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream},
};
use prometheus::Registry;

use crate::Error;

/// Buckets for instruments whose unit is seconds. OpenTelemetry's own are made for milliseconds; an
/// append takes 30 us to 1 ms (design, section 1), a workflow may take minutes.
const SECONDS: [f64; 18] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 10.0, 60.0, 300.0,
];

/// The provider of instruments, and the registry to read them from.
pub(crate) fn provider(resource: Resource) -> Result<(SdkMeterProvider, Registry), Error> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(Error::Metrics)?;
    let provider = SdkMeterProvider::builder()
        .with_reader(exporter)
        .with_view(view)
        .with_resource(resource)
        .build();
    Ok((provider, registry))
}

fn view(instrument: &Instrument) -> Option<Stream> {
    let seconds = instrument.kind() == InstrumentKind::Histogram && instrument.unit() == "s";
    if !seconds {
        return None;
    }
    let buckets = Aggregation::ExplicitBucketHistogram {
        boundaries: SECONDS.to_vec(),
        record_min_max: false,
    };
    // The boundaries are sorted and finite, which is all that is checked.
    Stream::builder().with_aggregation(buckets).build().ok()
}
