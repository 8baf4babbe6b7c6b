//! Search attributes: what visibility can filter runs by, and of which type each is.
//!
//! Names and types are Temporal's (`common/searchattribute/sadefs`). Which custom ones a namespace has
//! is told from outside; what values look like inside is `steadfast-engine`'s to check.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

use crate::Payload;

/// The metadata key of a payload that names its type.
pub const TYPE_METADATA: &str = "type";

/// Custom names may not begin with this.
const RESERVED_PREFIX: &str = "Temporal";

/// What a search attribute holds (`temporal.api.enums.v1.IndexedValueType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttributeType {
    /// Words, found one by one.
    Text = 1,
    /// One text, found whole.
    Keyword = 2,
    /// A whole number.
    Int = 3,
    /// A number.
    Double = 4,
    /// Yes or no.
    Bool = 5,
    /// A point in time.
    Datetime = 6,
    /// Several texts, each found whole.
    KeywordList = 7,
}

impl AttributeType {
    /// All of them, by number.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Keyword,
        Self::Int,
        Self::Double,
        Self::Bool,
        Self::Datetime,
        Self::KeywordList,
    ];

    /// Its name, as Temporal writes it in a payload's metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Keyword => "Keyword",
            Self::Int => "Int",
            Self::Double => "Double",
            Self::Bool => "Bool",
            Self::Datetime => "Datetime",
            Self::KeywordList => "KeywordList",
        }
    }

    /// The type of that name, in Temporal's short or long form (`INDEXED_VALUE_TYPE_KEYWORD_LIST`).
    pub fn from_name(name: &str) -> Option<Self> {
        const LONG: &str = "INDEXED_VALUE_TYPE_";
        let long = |kind: &Self| {
            let rest = name.strip_prefix(LONG).unwrap_or_default().replace('_', "");
            rest.eq_ignore_ascii_case(kind.name())
        };
        Self::ALL.into_iter().find(|kind| kind.name() == name || long(kind))
    }

    /// Its number in Temporal's API.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The type of that number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

use AttributeType as T;

/// What every run has, kept by the server: nobody may set these.
pub const SYSTEM: [(&str, AttributeType); 16] = [
    ("WorkflowId", T::Keyword),
    ("RunId", T::Keyword),
    ("WorkflowType", T::Keyword),
    ("StartTime", T::Datetime),
    ("ExecutionTime", T::Datetime),
    ("CloseTime", T::Datetime),
    ("ExecutionStatus", T::Keyword),
    ("TaskQueue", T::Keyword),
    ("HistoryLength", T::Int),
    ("ExecutionDuration", T::Int),
    ("StateTransitionCount", T::Int),
    ("HistorySizeBytes", T::Int),
    ("ParentWorkflowId", T::Keyword),
    ("ParentRunId", T::Keyword),
    ("RootWorkflowId", T::Keyword),
    ("RootRunId", T::Keyword),
];

/// What every namespace has beside its custom ones; the last column says whether clients may set it.
pub const PREDEFINED: [(&str, AttributeType, bool); 17] = [
    ("TemporalChangeVersion", T::KeywordList, true),
    ("BinaryChecksums", T::KeywordList, true),
    ("BuildIds", T::KeywordList, true),
    ("BatcherNamespace", T::Keyword, true),
    ("BatcherUser", T::Keyword, true),
    ("TemporalScheduledStartTime", T::Datetime, true),
    ("TemporalScheduledById", T::Keyword, true),
    ("TemporalSchedulePaused", T::Bool, true),
    ("TemporalNamespaceDivision", T::Keyword, true),
    ("TemporalPauseInfo", T::KeywordList, true),
    ("TemporalReportedProblems", T::KeywordList, true),
    ("TemporalWorkerDeploymentVersion", T::Keyword, false),
    ("TemporalWorkflowVersioningBehavior", T::Keyword, false),
    ("TemporalWorkerDeployment", T::Keyword, false),
    ("TemporalUsedWorkerDeploymentVersions", T::KeywordList, false),
    ("TemporalExternalPayloadCount", T::Int, false),
    ("TemporalExternalPayloadSizeBytes", T::Int, false),
];

/// A value of type KeywordList.
pub fn keyword_list(entries: &[String]) -> Payload {
    let quoted: Vec<String> = entries.iter().map(|entry| json_string(entry)).collect();
    list_of_json(&quoted)
}

/// A value of type KeywordList, from texts that are JSON already.
pub(crate) fn list_of_json<S: Borrow<str>>(entries: &[S]) -> Payload {
    let mut payload = Payload::new("json/plain", format!("[{}]", entries.join(",")).into_bytes());
    let kind = bytes::Bytes::from_static(AttributeType::KeywordList.name().as_bytes());
    payload.metadata.insert(TYPE_METADATA.to_owned(), kind);
    payload
}

/// Text as JSON, for the few characters that JSON does not take as they are.
pub(crate) fn json_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Names that stand for something else.
const OTHER_RESERVED: [&str; 4] = ["NamespaceId", "MemoEncoding", "Memo", "VisibilityTaskKey"];

/// The type of a system attribute.
pub fn system(name: &str) -> Option<AttributeType> {
    SYSTEM.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// The type of a predefined attribute, and whether clients may set it.
pub fn predefined(name: &str) -> Option<(AttributeType, bool)> {
    PREDEFINED.iter().find(|(known, ..)| *known == name).map(|(_, kind, open)| (*kind, *open))
}

/// Whether no custom attribute may have this name.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED_PREFIX)
        || system(name).is_some()
        || predefined(name).is_some()
        || OTHER_RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_temporals_names_and_numbers() {
        for kind in AttributeType::ALL {
            assert_eq!(AttributeType::from_name(kind.name()), Some(kind));
            assert_eq!(AttributeType::from_number(kind.number()), Some(kind));
        }
        let long = AttributeType::from_name("INDEXED_VALUE_TYPE_KEYWORD_LIST");
        assert_eq!(long, Some(AttributeType::KeywordList));
        assert_eq!(AttributeType::from_name("keyword"), None);
        assert_eq!(AttributeType::from_number(0), None);
    }

    #[test]
    fn reserved_names_are_the_servers() {
        for name in ["WorkflowId", "BuildIds", "TemporalAnything", "Memo"] {
            assert!(is_reserved(name), "{name}");
        }
        assert!(!is_reserved("CustomerId"));
    }
}
