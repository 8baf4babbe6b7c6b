//! A namespace's settings, as they are stored.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use steadfast_core::{AttributeType, Namespace};
use steadfast_engine::{ports::NamespaceState, search_attributes::CustomAttributes};

use super::RETENTION_DEFAULT;

/// The version of the form.
pub(super) const VERSION: u32 = 1;
/// Where search attributes stood before they had a field of their own: among the free notes.
const ATTRIBUTE_NOTE: &str = "search_attribute.";
/// Characters of a namespace's id that its name gets when it is deleted.
const DELETED_SUFFIX: usize = 5;

/// A namespace's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The version of this form.
    pub version: u32,
    /// The namespace.
    pub name: Namespace,
    /// A UUID that stays when the name is given to another namespace.
    pub id: String,
    /// For people.
    pub description: String,
    /// Whom to ask.
    pub owner_email: String,
    /// How long closed runs are kept, in seconds.
    pub retention_secs: u64,
    /// Free notes.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// Whether it takes new runs.
    #[serde(default, with = "state", skip_serializing_if = "state::is_registered")]
    pub state: NamespaceState,
    /// Its custom search attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub search_attributes: CustomAttributes,
    /// Workers that must not work on it, by their binary's checksum.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bad_binaries: BTreeMap<String, BadBinary>,
}

/// Why a binary must not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadBinary {
    /// Why.
    pub reason: String,
    /// Who says so.
    pub operator: String,
    /// Since when, in milliseconds since 1970.
    pub created_ms: i64,
}

impl Settings {
    /// A namespace with the default retention.
    pub fn new(name: impl Into<Namespace>) -> Self {
        Self {
            version: VERSION,
            name: name.into(),
            id: uuid::Uuid::new_v4().to_string(),
            description: String::new(),
            owner_email: String::new(),
            retention_secs: RETENTION_DEFAULT.as_secs(),
            data: BTreeMap::new(),
            state: NamespaceState::Registered,
            search_attributes: CustomAttributes::new(),
            bad_binaries: BTreeMap::new(),
        }
    }

    /// How long closed runs are kept.
    pub fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_secs)
    }

    /// What a deleted namespace is called while its runs are removed.
    pub fn deleted_name(&self) -> Namespace {
        let suffix: String = self.id.chars().take(DELETED_SUFFIX).collect();
        format!("{}-deleted-{suffix}", self.name).into()
    }

    /// Search attributes that were kept among the notes get their own place. One of a type that this
    /// build does not know stays where it is.
    pub(super) fn migrate(&mut self) {
        let Self { data, search_attributes, .. } = self;
        data.retain(|key, kind| {
            let name = key.strip_prefix(ATTRIBUTE_NOTE);
            let (Some(name), Some(kind)) = (name, AttributeType::from_name(kind)) else {
                return true;
            };
            search_attributes.entry(name.to_owned()).or_insert(kind);
            false
        });
    }
}

/// A state by its name.
mod state {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use steadfast_engine::ports::NamespaceState;

    const NAMES: [(NamespaceState, &str); 3] = [
        (NamespaceState::Registered, "registered"),
        (NamespaceState::Deprecated, "deprecated"),
        (NamespaceState::Deleted, "deleted"),
    ];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn is_registered(state: &NamespaceState) -> bool {
        *state == NamespaceState::Registered
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        state: &NamespaceState,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let name = NAMES.iter().find(|(known, _)| known == state).map_or("", |(_, name)| name);
        serializer.serialize_str(name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NamespaceState, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = NAMES.iter().find(|(_, known)| *known == name);
        known
            .map(|(state, _)| *state)
            .ok_or_else(|| de::Error::custom(format!("there is no state {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_before_are_read_and_search_attributes_find_their_place() {
        let stored = r#"{"version":1,"name":"shop","id":"abcdefgh","description":"","owner_email":"",
            "retention_secs":60,"data":{"search_attribute.CustomerId":"Keyword","team":"x",
            "search_attribute.Odd":"Nothing"}}"#;
        let mut settings: Settings = serde_json::from_str(stored).unwrap();
        settings.migrate();
        assert_eq!(settings.state, NamespaceState::Registered);
        assert_eq!(settings.search_attributes["CustomerId"], AttributeType::Keyword);
        let kept: Vec<_> = settings.data.keys().map(String::as_str).collect();
        assert_eq!(kept, ["search_attribute.Odd", "team"]);
        assert_eq!(settings.deleted_name().as_str(), "shop-deleted-abcde");
        let written = serde_json::to_string(&settings).unwrap();
        assert!(!written.contains("state"), "{written}");
        settings.state = NamespaceState::Deleted;
        let written = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&written).unwrap(), settings);
    }
}
