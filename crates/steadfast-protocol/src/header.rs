//! Names of NATS headers.

/// On records: the kinds of the events inside, in order, separated by commas.
pub const EVENTS: &str = "Sf-Events";
/// On records: the run's status after them.
pub const STATUS: &str = "Sf-Status";
/// On records: the run's workflow type, percent-escaped like a subject token.
pub const RUN_TYPE: &str = "Sf-Run-Type";
/// On records and snapshots: the version of the encoding.
pub const VERSION: &str = "Sf-Version";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace state.
pub const TRACESTATE: &str = "tracestate";
/// On native messages: the protocol's version; a missing one is [`crate::PROTOCOL_VERSION`].
pub const PROTOCOL: &str = "Sf-Protocol";
/// On the answer to a poll that found nothing before its deadline.
pub const EMPTY: &str = "Sf-Empty";
/// On error answers: the error's code, a number (NATS services' convention).
pub const ERROR_CODE: &str = "Nats-Service-Error-Code";
/// On error answers: the error's name and message (NATS services' convention).
pub const ERROR: &str = "Nats-Service-Error";
/// On service activities' requests: the same for every attempt of one activity.
pub const IDEMPOTENCY_KEY: &str = "Steadfast-Idempotency-Key";
/// On service activities' requests: the payload's encoding, which the answer is taken to have too.
pub const ENCODING: &str = "Steadfast-Encoding";
/// JetStream: the last sequence that an append expects on its subject, or on the filter below.
pub const EXPECTED_LAST_SUBJECT_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";
/// JetStream: the filter that the expected sequence speaks of.
pub const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: &str =
    "Nats-Expected-Last-Subject-Sequence-Subject";

/// The value of [`EVENTS`] for a record, cut off after [`EVENTS_LISTED_MAX`] kinds.
pub fn events_value(record: &steadfast_core::Record) -> String {
    let mut value = String::new();
    for (index, event) in record.events().enumerate() {
        if index == EVENTS_LISTED_MAX {
            value.push_str(",...");
            break;
        }
        if index > 0 {
            value.push(',');
        }
        value.push_str(event.kind.name());
    }
    value
}

/// How many events a record's header lists: headers are read by people, and must stay small.
pub const EVENTS_LISTED_MAX: usize = 32;
