//! Which of several waiting tasks goes first (`temporal.api.common.v1.Priority`).

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::limits::LimitError;

/// The most urgent key, and the least urgent one that has a line of its own.
pub const KEYS: std::ops::RangeInclusive<i32> = 1..=5;
/// The key of a task that names none (`matching.priorityLevels`: the middle of five).
pub const DEFAULT_KEY: i32 = 3;
/// Bytes in a fairness key (`common/priorities`).
const FAIRNESS_KEY_BYTES_MAX: usize = 64;

const FIELDS: &[&str] = &["priority_key", "fairness_key", "fairness_weight"];

/// How urgent a task is, and among which others of its kind it takes turns. Fields that are not set
/// (zero, empty) are the workflow's, or the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Priority {
    /// 1 is the most urgent; 0 is not set.
    pub priority_key: i32,
    /// Tasks of the same urgency take turns by this.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fairness_key: String,
    /// How many turns.
    #[serde(skip_serializing_if = "is_unset")]
    pub fairness_weight: f32,
}

fn is_unset(weight: &f32) -> bool {
    *weight == 0.0
}

impl Priority {
    /// What is set here, and else in `base`.
    pub fn over(self, base: &Self) -> Self {
        Self {
            priority_key: if self.priority_key == 0 {
                base.priority_key
            } else {
                self.priority_key
            },
            fairness_key: if self.fairness_key.is_empty() {
                base.fairness_key.clone()
            } else {
                self.fairness_key
            },
            fairness_weight: if is_unset(&self.fairness_weight) {
                base.fairness_weight
            } else {
                self.fairness_weight
            },
        }
    }

    /// An activity's or a child's priority within its workflow's.
    pub fn merged(own: Option<&Self>, base: Option<&Self>) -> Option<Self> {
        match (own, base) {
            (Some(own), Some(base)) => Some(own.clone().over(base)),
            (own, base) => own.or(base).cloned(),
        }
    }

    /// Its place among the lines of a task queue, from the most urgent, 0.
    pub fn line(priority: Option<&Self>) -> usize {
        let key = priority.map_or(0, |priority| priority.priority_key);
        let key = if key == 0 { DEFAULT_KEY } else { key.clamp(*KEYS.start(), *KEYS.end()) };
        usize::try_from(key - KEYS.start()).unwrap_or(0)
    }

    /// What is wrong with it, in words for its author.
    pub fn check(&self) -> Result<(), LimitError> {
        if self.priority_key < 0 {
            return Err(LimitError::Negative { what: "priority key" });
        }
        if self.fairness_weight < 0.0 {
            return Err(LimitError::Negative { what: "fairness weight" });
        }
        let (bytes, max) = (self.fairness_key.len(), FAIRNESS_KEY_BYTES_MAX);
        if bytes > max {
            return Err(LimitError::IdTooLong { field: "fairness key", bytes, max });
        }
        Ok(())
    }
}

/// The first records held a priority as bytes, which nobody ever set: they are no priority.
impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Priority;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a priority")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Priority, A::Error> {
                while bytes.next_element::<u8>()?.is_some() {}
                Ok(Priority::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Priority, A::Error> {
                let mut priority = Priority::default();
                while let Some(field) = map.next_key::<String>()? {
                    match field.as_str() {
                        "priority_key" => priority.priority_key = map.next_value()?,
                        "fairness_key" => priority.fairness_key = map.next_value()?,
                        "fairness_weight" => priority.fairness_weight = map.next_value()?,
                        unknown => {
                            map.next_value::<IgnoredAny>()?;
                            return Err(de::Error::unknown_field(unknown, FIELDS));
                        }
                    }
                }
                Ok(priority)
            }
        }
        deserializer.deserialize_struct("Priority", FIELDS, Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(priority_key: i32) -> Priority {
        Priority { priority_key, ..Priority::default() }
    }

    #[test]
    fn what_an_activity_does_not_set_is_its_workflows() {
        let base = Priority { fairness_key: "tenant".to_owned(), ..key(2) };
        let own = key(1);
        let merged = Priority::merged(Some(&own), Some(&base)).unwrap();
        assert_eq!(merged, Priority { priority_key: 1, ..base.clone() });
        assert_eq!(Priority::merged(None, Some(&base)), Some(base));
    }

    #[test]
    fn the_lines_are_those_of_the_five_keys_and_unset_is_the_middle() {
        assert_eq!(Priority::line(None), 2);
        let lines = [0, 1, 5, 900].map(|priority| Priority::line(Some(&key(priority))));
        assert_eq!(lines, [2, 0, 4, 4]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(key(-1).check().is_err());
        assert!(Priority { fairness_key: "x".repeat(65), ..key(1) }.check().is_err());
        assert!(key(5).check().is_ok());
    }
}
