//! Points in time and lengths of time.

use steadfast_core::{Span, Timestamp};
use steadfast_temporal_api::well_known as wkt;

use crate::fault::Fault;

const NANOS_PER_SEC: i64 = 1_000_000_000;

/// A point in time, in protobuf's form.
pub(crate) fn timestamp(at: Timestamp) -> wkt::Timestamp {
    let nanos = i32::try_from(at.0.rem_euclid(NANOS_PER_SEC)).unwrap_or(0);
    wkt::Timestamp { seconds: at.0.div_euclid(NANOS_PER_SEC), nanos }
}

/// A length of time, in protobuf's form: zero too.
pub(crate) fn duration(span: Span) -> Option<wkt::Duration> {
    let (seconds, nanos) = (span.0 / 1_000_000_000, span.0 % 1_000_000_000);
    Some(wkt::Duration {
        seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos).unwrap_or(0),
    })
}

/// A limit, in protobuf's form; one of zero is no limit, and shown only where it was said.
pub(crate) fn limit(span: Span, was_said: bool) -> Option<wkt::Duration> {
    if span.is_zero() && !was_said { None } else { duration(span) }
}

/// Whether a length is there and zero.
pub(crate) fn is_blank(span: Option<&wkt::Duration>) -> bool {
    span.is_some_and(|span| (span.seconds, span.nanos) == (0, 0))
}

/// A length of time, from protobuf's form; nothing is zero, and what is negative is refused.
pub(crate) fn span(name: &str, duration: Option<wkt::Duration>) -> Result<Span, Fault> {
    let Some(duration) = duration else { return Ok(Span::ZERO) };
    let seconds = u64::try_from(duration.seconds);
    let nanos = u64::try_from(duration.nanos);
    match (seconds, nanos) {
        (Ok(seconds), Ok(nanos)) => {
            Ok(Span(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)))
        }
        (Err(_), _) | (_, Err(_)) => Err(Fault::invalid(format!("Invalid {name}."))),
    }
}

/// The same where a negative length was checked elsewhere, or means zero.
pub(crate) fn lenient_span(duration: Option<wkt::Duration>) -> Span {
    span("", duration).unwrap_or_default()
}
