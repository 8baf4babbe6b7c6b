//! What a search attribute's payload says, read as its type (`sadefs.DecodeValue`).

use serde_json::Value;
use steadfast_core::{AttributeType, Payload, Timestamp, search_attribute::TYPE_METADATA};

/// One value of a search attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A text: of a keyword, of a keyword list's item, or whole words.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Yes or no.
    Bool(bool),
    /// A point in time.
    Datetime(Timestamp),
}

/// What a payload says: its type, and its values. None means that the attribute is not set.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeValue {
    /// Of which type it was read.
    pub kind: AttributeType,
    /// Its values: several of a keyword list, and of any other type that was given a list.
    pub values: Vec<Scalar>,
}

/// Why a payload is no value of its attribute's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Search attributes are JSON.
    #[error("the payload is not JSON")]
    NotJson,
    /// It is JSON of another type.
    #[error("{found} is not of type {}", kind.name())]
    WrongType {
        /// What it should be.
        kind: AttributeType,
        /// What it is.
        found: String,
    },
}

/// The type that a payload itself names.
pub fn type_of(payload: &Payload) -> Option<AttributeType> {
    let name = payload.metadata.get(TYPE_METADATA)?;
    AttributeType::from_name(std::str::from_utf8(name).ok()?)
}

/// Reads a payload as a value of the type.
pub fn decode(payload: &Payload, kind: AttributeType) -> Result<AttributeValue, ValueError> {
    let values = match json(payload)? {
        Value::Null => Vec::new(),
        Value::Array(items) => {
            items.iter().map(|item| scalar(item, kind)).collect::<Result<_, _>>()?
        }
        single @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            if kind == AttributeType::KeywordList {
                return Err(wrong(&single, kind));
            }
            vec![scalar(&single, kind)?]
        }
    };
    Ok(AttributeValue { kind, values })
}

/// The payload's JSON.
fn json(payload: &Payload) -> Result<Value, ValueError> {
    match payload.encoding() {
        Some("binary/null") => Ok(Value::Null),
        Some("json/plain") | None => {
            serde_json::from_slice(&payload.data).map_err(|_| ValueError::NotJson)
        }
        Some(_) => Err(ValueError::NotJson),
    }
}

fn scalar(value: &Value, kind: AttributeType) -> Result<Scalar, ValueError> {
    let text = || value.as_str().map(|text| Scalar::Text(text.to_owned()));
    let found = match kind {
        AttributeType::Text | AttributeType::Keyword => text(),
        // Go reads a null in a list of texts as an empty one.
        AttributeType::KeywordList if value.is_null() => Some(Scalar::Text(String::new())),
        AttributeType::KeywordList => text(),
        AttributeType::Int => value.as_i64().map(Scalar::Int),
        AttributeType::Double => value.as_f64().map(Scalar::Double),
        AttributeType::Bool => value.as_bool().map(Scalar::Bool),
        AttributeType::Datetime => value.as_str().and_then(datetime).map(Scalar::Datetime),
    };
    found.ok_or_else(|| wrong(value, kind))
}

fn wrong(value: &Value, kind: AttributeType) -> ValueError {
    ValueError::WrongType { kind, found: value.to_string() }
}

/// A point in time as RFC 3339 writes it.
pub fn datetime(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let nanos = time.as_nanosecond();
    let last = if nanos < 0 { i64::MIN } else { i64::MAX };
    Some(Timestamp(i64::try_from(nanos).unwrap_or(last)))
}

/// The type that fits a payload which names none: for runs that were started without a registry.
pub fn guess(payload: &Payload) -> Option<AttributeType> {
    Some(match json(payload).ok()? {
        Value::Bool(_) => AttributeType::Bool,
        Value::Number(number) if number.is_i64() => AttributeType::Int,
        Value::Number(_) => AttributeType::Double,
        Value::String(_) => AttributeType::Keyword,
        Value::Array(_) => AttributeType::KeywordList,
        Value::Null | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(json: &str) -> Payload {
        Payload::new("json/plain", json.to_owned())
    }

    fn read(json: &str, kind: AttributeType) -> Result<Vec<Scalar>, String> {
        decode(&payload(json), kind).map(|v| v.values).map_err(|error| error.to_string())
    }

    #[test]
    fn each_type_reads_its_own_json_and_no_other() {
        use AttributeType as T;
        let text = |text: &str| Scalar::Text(text.to_owned());
        assert_eq!(read(r#""a""#, T::Keyword), Ok(vec![text("a")]));
        assert_eq!(read(r#"["a","b"]"#, T::KeywordList), Ok(vec![text("a"), text("b")]));
        assert_eq!(read("7", T::Int), Ok(vec![Scalar::Int(7)]));
        assert_eq!(read("7", T::Double), Ok(vec![Scalar::Double(7.0)]));
        assert_eq!(read("true", T::Bool), Ok(vec![Scalar::Bool(true)]));
        let time = read(r#""1970-01-01T02:00:00.5+02:00""#, T::Datetime);
        assert_eq!(time, Ok(vec![Scalar::Datetime(Timestamp(500_000_000))]));
        assert_eq!(read("null", T::Int), Ok(Vec::new()));
        assert_eq!(read("7.5", T::Int), Err("7.5 is not of type Int".to_owned()));
        assert_eq!(read("7", T::Keyword), Err("7 is not of type Keyword".to_owned()));
        let single = read(r#""a""#, T::KeywordList);
        assert_eq!(single, Err("\"a\" is not of type KeywordList".to_owned()));
        assert_eq!(read("{", T::Text), Err("the payload is not JSON".to_owned()));
    }
}
