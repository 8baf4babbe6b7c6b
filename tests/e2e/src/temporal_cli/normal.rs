//! What is different every time, as words: the second run id of a transcript is `ID2` wherever it is.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Keys whose values are this server's own business, and how they are shown.
const OWN: [(&str, &str); 13] = [
    ("executionDuration", "DURATION"),
    ("durationMillis", "DURATION"),
    ("historySizeBytes", "BYTES"),
    ("stateTransitionCount", "COUNT"),
    ("buildId", "BUILD"),
    ("stackTrace", "STACK"),
    ("taskId", "TASK"),
    ("serverVersion", "VERSION"),
    ("sdkVersion", "VERSION"),
    ("backlogIncreaseRate", "RATE"),
    ("tasksAddRate", "RATE"),
    ("tasksDispatchRate", "RATE"),
    ("approximateBacklogAge", "DURATION"),
];
/// What workers tell of themselves, which is not the server's word.
const WORKERS: [&str; 4] = ["sdkMetadata", "meteringMetadata", "workerVersion", "BuildIds"];

/// The words found so far.
#[derive(Debug, Default)]
pub(super) struct Normal {
    ids: HashMap<String, usize>,
    names: Vec<(String, &'static str)>,
}

impl Normal {
    /// Shows a name by a word.
    pub(super) fn name(&mut self, name: &str, word: &'static str) {
        self.names.push((name.to_owned(), word));
    }

    /// A value with its words; the order of keys is the alphabet's.
    pub(super) fn json(&mut self, value: Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(self.object(fields)),
            Value::Array(items) => {
                let mut items: Vec<Value> = items.into_iter().map(|item| self.json(item)).collect();
                // Whose order is nobody's word.
                items.sort_by_key(|item| item["taskQueueType"].as_str().map(ToOwned::to_owned));
                Value::Array(items)
            }
            Value::String(text) => Value::String(self.text(&text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn object(&mut self, fields: Map<String, Value>) -> Map<String, Value> {
        let kept = fields.into_iter().filter(|(key, _)| !WORKERS.contains(&key.as_str()));
        let shown = |(key, value): (String, Value)| {
            let own = OWN.iter().find(|(own, _)| *own == key);
            let value = match own {
                Some((_, word)) => Value::String((*word).to_owned()),
                None => self.json(value),
            };
            (self.text(&key), value)
        };
        let mut shown: Vec<(String, Value)> = kept.map(shown).collect();
        shown.sort_by(|a, b| a.0.cmp(&b.0));
        shown.into_iter().collect()
    }

    /// A text with its words.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (name, word) in &self.names {
            shown = shown.replace(name.as_str(), word);
        }
        let mut result = String::with_capacity(shown.len());
        let mut rest = shown.as_str();
        while let Some(first) = rest.chars().next() {
            if let Some(id) = uuid_at(rest) {
                let next = self.ids.len() + 1;
                let number = *self.ids.entry(id.to_owned()).or_insert(next);
                result.push_str(&format!("ID{number}"));
                rest = &rest[id.len()..];
            } else if let Some(length) = time_at(rest) {
                result.push_str("TIME");
                rest = &rest[length..];
            } else {
                result.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        result
    }
}

/// The uuid that a text begins with, with dashes or without.
fn uuid_at(text: &str) -> Option<&str> {
    const DASHED: &[usize] = &[8, 4, 4, 4, 12];
    const PLAIN: &[usize] = &[32];
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    [DASHED, PLAIN].into_iter().find_map(|shape| {
        let candidate = text.get(..shape.iter().sum::<usize>() + shape.len() - 1)?;
        let mut parts = candidate.split('-');
        let fits = |length: &usize| parts.next().is_some_and(|p| p.len() == *length && hex(p));
        (shape.iter().all(fits) && parts.next().is_none()).then_some(candidate)
    })
}

/// The length of the time (of this century) that a text begins with.
fn time_at(text: &str) -> Option<usize> {
    const SHAPE: &str = "20dd-dd-ddTdd:dd:dd";
    let candidate = text.get(..SHAPE.len())?;
    let fits = |(shape, found): (u8, u8)| match shape {
        b'd' => found.is_ascii_digit(),
        _ => found == shape,
    };
    if !SHAPE.bytes().zip(candidate.bytes()).all(fits) {
        return None;
    }
    let rest = &text[SHAPE.len()..];
    let fraction = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    let zone = usize::from(rest[fraction..].starts_with('Z'));
    Some(SHAPE.len() + fraction + zone)
}

#[cfg(test)]
mod tests {
    //! Words where they belong, and nowhere else.

    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_numbered_and_times_are_words() {
        let mut normal = Normal::default();
        let id = "01a21376-009a-75eb-883c-4ec938775d71";
        assert_eq!(normal.text(&format!("run {id} of ü {id}")), "run ID1 of ü ID1");
        assert_eq!(normal.text("2026-11-25T16:07:10.234388621Z, 2026-11-25"), "TIME, 2026-11-25");
        assert_eq!(normal.text("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_the_servers_own_is_a_word() {
        let mut normal = Normal::default();
        let value =
            json!({ "b": 1, "a": { "taskId": "7", "sdkMetadata": {} }, "historySizeBytes": "9" });
        let shown = json!({ "a": { "taskId": "TASK" }, "b": 1, "historySizeBytes": "BYTES" });
        assert_eq!(normal.json(value), shown);
    }
}
