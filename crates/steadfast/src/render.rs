//! Events, payloads and failures as people and programs read them.
//!
//! One generic walk instead of a mapping per kind: a value is written as MessagePack, where payloads
//! and times can be told apart, and read back as JSON. So a new event kind is printed without a
//! change here.

use rmpv::Value as Wire;
use serde::Serialize;
use serde_json::{Map, Value, json};
use steadfast_core::{Event, Payload, Timestamp};

/// A point in time as RFC 3339 text.
pub fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.0))
        .map_or_else(|_| at.0.to_string(), |time| format!("{time:.6}"))
}

/// A payload's value: what JSON says, or how it is encoded and its bytes as text.
pub fn payload(payload: &Payload) -> Value {
    decoded(payload.encoding().unwrap_or_default(), &payload.data)
}

/// A list of payloads.
pub fn payloads(list: &[Payload]) -> Value {
    Value::Array(list.iter().map(payload).collect())
}

fn decoded(encoding: &str, data: &[u8]) -> Value {
    match encoding {
        "binary/null" => return Value::Null,
        "json/plain" | "json/protobuf" | "" => {
            if let Ok(value) = serde_json::from_slice(data) {
                return value;
            }
        }
        _ => {}
    }
    match std::str::from_utf8(data) {
        Ok(text) => json!({"encoding": encoding, "text": text}),
        Err(_) => json!({"encoding": encoding, "hex": hex(data)}),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An event: its number, time, type and attributes.
pub fn event(event: &Event) -> Value {
    json!({
        "event_id": event.id,
        "time": time(event.at),
        "type": event.kind.name(),
        "attributes": attributes(event),
    })
}

/// What belongs to the event's kind.
pub fn attributes(event: &Event) -> Value {
    // The kind is a map of its name to its attributes.
    let Value::Object(kind) = value(&event.kind) else {
        return Value::Null;
    };
    kind.into_iter().next().map_or(Value::Null, |(_, attributes)| attributes)
}

/// Any of the core's values as JSON.
pub fn value<T: Serialize>(value: &T) -> Value {
    let mut bytes = Vec::new();
    let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    let written = value.serialize(&mut serializer).is_ok();
    match rmpv::decode::read_value(&mut bytes.as_slice()) {
        Ok(wire) if written => to_json("", wire),
        Ok(_) | Err(_) => Value::Null,
    }
}

fn to_json(name: &str, wire: Wire) -> Value {
    match wire {
        Wire::Nil => Value::Null,
        Wire::Boolean(flag) => Value::Bool(flag),
        Wire::Integer(number) => integer(name, number.as_i64(), number.as_u64()),
        Wire::F32(number) => json!(number),
        Wire::F64(number) => json!(number),
        Wire::String(text) => Value::String(text.into_str().unwrap_or_default()),
        Wire::Binary(bytes) => decoded("", &bytes),
        Wire::Array(items) => items.into_iter().map(|item| to_json(name, item)).collect(),
        Wire::Ext(kind, bytes) => json!({"ext": kind, "hex": hex(&bytes)}),
        Wire::Map(pairs) => match as_payload(&pairs) {
            Some(payload) => payload,
            None => object(pairs),
        },
    }
}

fn object(pairs: Vec<(Wire, Wire)>) -> Value {
    let mut map = Map::new();
    for (key, wire) in pairs {
        let key = key.as_str().map_or_else(|| key.to_string(), ToOwned::to_owned);
        let value = to_json(&key, wire);
        map.insert(key, value);
    }
    Value::Object(map)
}

/// A payload is the only map of `data` bytes with `metadata` bytes beside them.
fn as_payload(pairs: &[(Wire, Wire)]) -> Option<Value> {
    let get = |name: &str| pairs.iter().find(|(key, _)| key.as_str() == Some(name));
    let (_, Wire::Binary(data)) = get("data")? else {
        return None;
    };
    if pairs.len() > 2 {
        return None;
    }
    let encoding = get("metadata").and_then(|(_, metadata)| {
        let entries = metadata.as_map()?;
        let (_, encoding) = entries.iter().find(|(key, _)| key.as_str() == Some("encoding"))?;
        std::str::from_utf8(encoding.as_slice()?).ok()
    });
    Some(decoded(encoding.unwrap_or_default(), data))
}

/// Lengths and points of time are nanoseconds on the wire; the field's name tells them.
fn integer(name: &str, signed: Option<i64>, unsigned: Option<u64>) -> Value {
    const SPANS: [&str; 5] = ["_timeout", "_interval", "_backoff", "_delay", "start_delay"];
    const TIMES: [&str; 3] = ["_at", "_expiration", "not_before"];
    if let Some(nanos) = unsigned
        && SPANS.iter().any(|suffix| name.ends_with(suffix))
    {
        let span = crate::config::units::Time(std::time::Duration::from_nanos(nanos));
        return Value::String(span.to_string());
    }
    if let Some(nanos) = signed
        && TIMES.iter().any(|suffix| name.ends_with(suffix))
    {
        return Value::String(time(Timestamp(nanos)));
    }
    match (signed, unsigned) {
        (Some(number), _) => json!(number),
        (None, Some(number)) => json!(number),
        (None, None) => Value::Null,
    }
}

/// The few attributes that tell events of a kind apart, on one line.
pub fn brief(attributes: &Value) -> String {
    const TOLD: [&str; 17] = [
        "workflow_type",
        "activity_type",
        "activity_id",
        "timer_id",
        "signal_name",
        "marker_name",
        "workflow_id",
        "attempt",
        "start_to_fire_timeout",
        "cause",
        "reason",
        "name",
        "args",
        "input",
        "result",
        "details",
        "identity",
    ];
    let mut parts = Vec::new();
    let holders =
        [Some(attributes), attributes.get("accepted_request"), attributes.get("execution")];
    for holder in holders.into_iter().flatten() {
        for name in TOLD {
            match holder.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text.is_empty() => {}
                Some(Value::Array(list)) if list.is_empty() => {}
                Some(Value::String(text)) => parts.push(format!("{name}={}", cut(text))),
                Some(other) => parts.push(format!("{name}={}", cut(&other.to_string()))),
            }
        }
    }
    if let Some(failure) = attributes.get("failure") {
        parts.push(format!("failure={}", cut(&failure_line(failure))));
    }
    parts.join(" ")
}

/// A failure and its causes on one line.
pub fn failure_line(failure: &Value) -> String {
    let mut parts = Vec::new();
    let mut next = Some(failure);
    while let Some(failure) = next {
        let message = failure.get("message").and_then(Value::as_str).unwrap_or_default();
        let kind = failure.pointer("/info/Application/type").and_then(Value::as_str);
        parts.push(match kind {
            Some(kind) if !kind.is_empty() => format!("{kind}: {message}"),
            Some(_) | None => message.to_owned(),
        });
        next = failure.get("cause").filter(|cause| !cause.is_null());
    }
    parts.join(": ")
}

fn cut(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    let start: String = text.chars().take(CHARS_MAX).collect();
    format!("{start}...")
}

#[cfg(test)]
mod tests;
