//! Which builds of its workers a run has seen, as a search attribute that the server keeps
//! (`addBuildIdToLoadedSearchAttribute`).
//!
//! It follows from the completed workflow tasks alone, so the run and visibility both fold it, and
//! nothing is written for it.

use crate::{
    Payload, PayloadMap,
    event::WorkerVersion,
    search_attribute::{json_string, list_of_json},
};

/// The search attribute.
pub const BUILDS_ATTRIBUTE: &str = "BuildIds";

/// What stands first while the run's workers are not versioned, as JSON.
const UNVERSIONED: &str = "\"unversioned\"";
/// How the entry begins that names the build a run is bound to, as JSON.
const ASSIGNED: &str = "\"assigned:";
/// Bytes of the whole value: the oldest builds give way (`limit.searchAttributesSizeOfValue`).
const BYTES_MAX: usize = 2 * 1024;

/// Notes the build that completed a workflow task; whether that is news.
pub fn note_build(attributes: &mut PayloadMap, worker: &WorkerVersion) -> bool {
    let known = attributes.get(BUILDS_ATTRIBUTE).map(entries).unwrap_or_default();
    let own = entry(worker);
    let mut noted = Vec::with_capacity(known.len() + 2);
    if !worker.use_versioning {
        noted.push(UNVERSIONED);
    }
    let lasts = |entry: &&str| *entry != UNVERSIONED && !entry.starts_with(ASSIGNED);
    noted.extend(known.iter().copied().filter(lasts));
    if !noted.contains(&own.as_str()) {
        noted.push(&own);
    }
    if noted == known {
        return false;
    }
    let value = shorten(&mut noted);
    let is_news = noted != known;
    if is_news {
        attributes.insert(BUILDS_ATTRIBUTE.to_owned(), value);
    }
    is_news
}

/// What the attribute says of a build, as JSON.
fn entry(worker: &WorkerVersion) -> String {
    let WorkerVersion { build_id, use_versioning } = worker;
    match (build_id.as_str(), use_versioning) {
        ("", _) => UNVERSIONED.to_owned(),
        (build_id, true) => json_string(&format!("versioned:{build_id}")),
        (build_id, false) => json_string(&format!("unversioned:{build_id}")),
    }
}

/// The texts in the attribute's list, each as the JSON that it is.
fn entries(payload: &Payload) -> Vec<&str> {
    let json = std::str::from_utf8(&payload.data).unwrap_or_default();
    let (mut entries, mut begin, mut is_escaped) = (Vec::new(), None, false);
    for (at, byte) in json.bytes().enumerate() {
        match (begin, byte) {
            (None, b'"') => begin = Some(at),
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(from), b'"') => {
                entries.push(&json[from..=at]);
                begin = None;
            }
            _ => {}
        }
    }
    entries
}

/// The value, without the oldest builds where it would be too large.
fn shorten(entries: &mut Vec<&str>) -> Payload {
    let oldest = usize::from(entries.first() == Some(&UNVERSIONED));
    loop {
        let value = list_of_json(entries);
        if value.data.len() <= BYTES_MAX || entries.len() <= oldest {
            return value;
        }
        entries.remove(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(build_id: &str) -> WorkerVersion {
        WorkerVersion { build_id: build_id.to_owned(), use_versioning: false }
    }

    fn shown(attributes: &PayloadMap) -> &str {
        std::str::from_utf8(&attributes[BUILDS_ATTRIBUTE].data).unwrap()
    }

    #[test]
    fn builds_are_noted_once_and_in_their_order() {
        let mut attributes = PayloadMap::new();
        let news = ["one", "one", "two", "one"].map(|id| note_build(&mut attributes, &worker(id)));
        assert_eq!(news, [true, false, true, false]);
        assert_eq!(shown(&attributes), r#"["unversioned","unversioned:one","unversioned:two"]"#);
        let versioned = WorkerVersion { use_versioning: true, ..worker("three") };
        assert!(note_build(&mut attributes, &versioned));
        let expected = r#"["unversioned:one","unversioned:two","versioned:three"]"#;
        assert_eq!(shown(&attributes), expected);
        assert_eq!(attributes[BUILDS_ATTRIBUTE].metadata["type"].as_ref(), b"KeywordList");
    }

    #[test]
    fn a_list_is_read_however_it_was_written() {
        let written = r#" [ "unversioned", "unversioned:a\"b\\", "é" ] "#;
        let mut attributes = PayloadMap::new();
        attributes.insert(BUILDS_ATTRIBUTE.to_owned(), Payload::new("json/plain", written));
        assert!(!note_build(&mut attributes, &worker("a\"b\\")));
        assert!(note_build(&mut attributes, &worker("c")));
        let expected = r#"["unversioned","unversioned:a\"b\\","é","unversioned:c"]"#;
        assert_eq!(shown(&attributes), expected);
    }

    #[test]
    fn a_worker_without_a_build_is_unversioned() {
        let mut attributes = PayloadMap::new();
        assert!(note_build(&mut attributes, &worker("")));
        assert!(!note_build(&mut attributes, &worker("")));
        assert_eq!(shown(&attributes), r#"["unversioned"]"#);
    }

    #[test]
    fn the_oldest_builds_give_way() {
        let mut attributes = PayloadMap::new();
        let build = |number| worker(&format!("{number:0>90}"));
        assert!((0..30).all(|number| note_build(&mut attributes, &build(number))));
        let kept = entries(&attributes[BUILDS_ATTRIBUTE]);
        assert!(shown(&attributes).len() <= BYTES_MAX);
        assert_eq!((kept[0], *kept.last().unwrap()), (UNVERSIONED, entry(&build(29)).as_str()));
        assert!(!kept.contains(&entry(&build(0)).as_str()));
        let endless = worker(&"x".repeat(3_000));
        let news = [(); 2].map(|()| note_build(&mut attributes, &endless));
        assert_eq!((news, shown(&attributes)), ([true, false], r#"["unversioned"]"#));
    }
}
