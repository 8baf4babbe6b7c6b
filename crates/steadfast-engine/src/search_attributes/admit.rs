//! What a run may be given as search attributes (`common/searchattribute/validator.go`): names that its
//! namespace has, values of their types, within bounds. What is admitted carries its type from then on,
//! so that the log alone says what visibility shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast_core::{
    AttributeType, Command, Namespace, Payload, PayloadMap,
    command::CommandKind,
    search_attribute::{self, TYPE_METADATA},
};

use super::{CustomAttributes, SearchAttributes, decode};
use crate::ports::ReadError;

/// The bounds of one run's search attributes, with Temporal's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributeLimits {
    /// How many.
    pub keys_max: usize,
    /// Bytes of one value.
    pub value_bytes_max: usize,
    /// Bytes of all names and values.
    pub total_bytes_max: usize,
}

impl Default for AttributeLimits {
    fn default() -> Self {
        Self { keys_max: 100, value_bytes_max: 2 * 1024, total_bytes_max: 40 * 1024 }
    }
}

/// Why search attributes are refused; worded as Temporal words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The namespace has none of that name.
    #[error("Namespace {namespace} has no mapping defined for search attribute {name}")]
    Unknown {
        /// The namespace.
        namespace: Namespace,
        /// The name.
        name: String,
    },
    /// The server keeps it itself.
    #[error("{0} attribute can't be set in SearchAttributes")]
    Reserved(String),
    /// The value is of another type.
    #[error("invalid value for search attribute {name} of type {}: {value}", kind.name())]
    Value {
        /// The name.
        name: String,
        /// The type it should be of.
        kind: AttributeType,
        /// What it says.
        value: String,
    },
    /// Too many of them.
    #[error("number of search attributes {count} exceeds limit {max}")]
    TooMany {
        /// How many.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// One is too large.
    #[error("search attribute {name} value size {bytes} exceeds size limit {max}")]
    ValueSize {
        /// The name.
        name: String,
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// They are too large together.
    #[error("total size of search attributes {bytes} exceeds size limit {max}")]
    TotalSize {
        /// Their size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
}

/// Checks search attributes against what the namespace has, and notes their types.
pub async fn admit(
    registry: &dyn SearchAttributes,
    limits: &AttributeLimits,
    namespace: &Namespace,
    attributes: &mut PayloadMap,
) -> Result<Result<(), Refusal>, ReadError> {
    if attributes.is_empty() || registry.admits_anything() {
        return Ok(Ok(()));
    }
    let custom = registry.custom(namespace).await?;
    Ok(check(&custom, limits, namespace, attributes))
}

/// The same for everything that a workflow task's commands give to this and other runs.
pub(crate) async fn admit_commands(
    registry: &dyn SearchAttributes,
    limits: &AttributeLimits,
    namespace: &Namespace,
    commands: &mut [Command],
) -> Result<Result<(), Refusal>, ReadError> {
    for command in commands {
        let mut own = namespace.clone();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest brings no search attributes")]
        let attributes = match &mut command.kind {
            CommandKind::UpsertSearchAttributes { search_attributes } => search_attributes,
            CommandKind::ContinueAsNew(command) => &mut command.search_attributes,
            CommandKind::StartChildWorkflow(command) => {
                if !command.namespace.is_empty() {
                    own = command.namespace.clone();
                }
                &mut command.search_attributes
            }
            _ => continue,
        };
        if let Err(refusal) = admit(registry, limits, &own, attributes).await? {
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(()))
}

fn check(
    custom: &CustomAttributes,
    limits: &AttributeLimits,
    namespace: &Namespace,
    attributes: &mut PayloadMap,
) -> Result<(), Refusal> {
    let (count, max) = (attributes.len(), limits.keys_max);
    let mut types = Vec::with_capacity(count);
    for name in attributes.keys() {
        types.push(type_of(custom, namespace, name)?);
    }
    if count > max {
        return Err(Refusal::TooMany { count, max });
    }
    let mut bytes = 0;
    for ((name, payload), kind) in attributes.iter_mut().zip(types) {
        if decode(payload, kind).is_err() {
            let value = spoken(payload);
            return Err(Refusal::Value { name: name.clone(), kind, value });
        }
        let (size, max) = (payload.data.len(), limits.value_bytes_max);
        if size > max {
            return Err(Refusal::ValueSize { name: name.clone(), bytes: size, max });
        }
        bytes += name.len() + payload.size();
        let kind = bytes::Bytes::from_static(kind.name().as_bytes());
        payload.metadata.insert(TYPE_METADATA.to_owned(), kind);
    }
    let max = limits.total_bytes_max;
    if bytes > max { Err(Refusal::TotalSize { bytes, max }) } else { Ok(()) }
}

fn type_of(
    custom: &CustomAttributes,
    namespace: &Namespace,
    name: &str,
) -> Result<AttributeType, Refusal> {
    if let Some(kind) = custom.get(name) {
        return Ok(*kind);
    }
    match (search_attribute::system(name), search_attribute::predefined(name)) {
        (None, Some((kind, true))) => Ok(kind),
        (Some(_), _) | (None, Some((_, false))) => Err(Refusal::Reserved(name.to_owned())),
        (None, None) => {
            Err(Refusal::Unknown { namespace: namespace.clone(), name: name.to_owned() })
        }
    }
}

/// What a payload says, for whoever reads the error.
fn spoken(payload: &Payload) -> String {
    match serde_json::from_slice(&payload.data) {
        Ok(Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => "a value that is not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(pairs: &[(&str, &str)]) -> Result<PayloadMap, String> {
        let custom = [("Amount", AttributeType::Int), ("Tags", AttributeType::KeywordList)];
        let custom = custom.map(|(name, kind)| (name.to_owned(), kind)).into();
        let pair = |(name, json): &(&str, &str)| {
            ((*name).to_owned(), Payload::new("json/plain", (*json).to_owned()))
        };
        let mut attributes: PayloadMap = pairs.iter().map(pair).collect();
        let limits = AttributeLimits { keys_max: 3, value_bytes_max: 20, total_bytes_max: 120 };
        let checked = check(&custom, &limits, &"shop".into(), &mut attributes);
        checked.map(|()| attributes).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn what_is_admitted_carries_its_type() {
        let admitted = admitted(&[("Amount", "3"), ("BuildIds", r#"["b"]"#)]).unwrap();
        assert_eq!(admitted["Amount"].metadata[TYPE_METADATA].as_ref(), b"Int");
        assert_eq!(admitted["BuildIds"].metadata[TYPE_METADATA].as_ref(), b"KeywordList");
    }

    #[rustfmt::skip] // a line per case
    #[test]
    fn refusals_say_what_temporal_says() {
        let refused = |pairs: &[(&str, &str)]| admitted(pairs).unwrap_err();
        assert_eq!(refused(&[("Nothing", "1")]), "Namespace shop has no mapping defined for search attribute Nothing");
        assert_eq!(refused(&[("WorkflowId", "\"a\"")]), "WorkflowId attribute can't be set in SearchAttributes");
        assert_eq!(refused(&[("TemporalWorkerDeployment", "\"a\"")]), "TemporalWorkerDeployment attribute can't be set in SearchAttributes");
        assert_eq!(refused(&[("Amount", "\"much\"")]), "invalid value for search attribute Amount of type Int: much");
        assert_eq!(refused(&[("Amount", "nonsense")]), "invalid value for search attribute Amount of type Int: a value that is not JSON");
        assert_eq!(refused(&[("Tags", r#"["123456789012345678"]"#)]), "search attribute Tags value size 22 exceeds size limit 20");
        let many = [("Amount", "1"), ("Tags", "[]"), ("BuildIds", "[]"), ("BinaryChecksums", "[]")];
        assert_eq!(refused(&many), "number of search attributes 4 exceeds limit 3");
        let large = [("BuildIds", r#"["1234567890123"]"#), ("BinaryChecksums", r#"["1234567890123"]"#), ("Tags", r#"["1234567890123"]"#)];
        assert_eq!(refused(&large), "total size of search attributes 132 exceeds size limit 120");
    }
}
