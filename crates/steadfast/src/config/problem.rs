//! What is wrong with a configuration, said so that it can be mended: where, which key, what is
//! allowed.

use std::path::{Path, PathBuf};

use super::document::section_docs;

/// Why a configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}: not TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the line.
        message: String,
    },
    /// There is no such key.
    #[error("{origin}: unknown key `{key}`; {advice}")]
    UnknownKey {
        /// The file and line, variable or flag.
        origin: String,
        /// The key, with its section.
        key: String,
        /// What there is.
        advice: String,
    },
    /// The value cannot be.
    #[error("{origin}: bad value for `{key}`: {reason}; allowed: {allowed}")]
    BadValue {
        /// The file and line, variable or flag.
        origin: String,
        /// The key, with its section.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// What is allowed.
        allowed: String,
    },
    /// A flag `--set` without an equals sign.
    #[error("--set {0}: write it as section.key=value")]
    BadSet(String),
}

/// What to say of a key that does not exist: the nearest one, or all of its section.
pub fn advice(key: &str) -> String {
    let sections = section_docs();
    let name = key.rsplit('.').next().unwrap_or(key);
    let all: Vec<(String, &str)> = sections
        .iter()
        .flat_map(|s| s.keys.iter().map(move |k| (format!("{}.{}", s.name, k.name), k.name)))
        .collect();
    let nearest = all
        .iter()
        .map(|(path, short)| (distance(key, path).min(distance(name, short)), path))
        .min();
    if let Some((edits, path)) = nearest
        && edits <= 2
    {
        return format!("did you mean `{path}`?");
    }
    let section = key.split('.').next().unwrap_or_default();
    match sections.iter().find(|s| s.name == section) {
        Some(section) => {
            let keys: Vec<_> = section.keys.iter().map(|key| key.name).collect();
            format!("[{}] has {}", section.name, keys.join(", "))
        }
        None => {
            let names: Vec<_> = sections.iter().map(|section| section.name).collect();
            format!("the sections are {}", names.join(", "))
        }
    }
}

/// What a key's value may be.
pub(crate) fn allowed(key: &str) -> String {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    section_docs()
        .into_iter()
        .find(|doc| doc.name == section)
        .and_then(|doc| doc.keys.into_iter().find(|key| key.name == name))
        .map_or_else(|| "a table of keys".to_owned(), |key| key.allowed)
}

/// The file and the line in it where the key is set, if it can be found.
pub(crate) fn place(path: &Path, text: &str, key: &str) -> String {
    let (wanted_section, wanted_key) = key.split_once('.').unwrap_or((key, ""));
    let mut section = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').trim().to_owned();
            if wanted_key.is_empty() && section == wanted_section {
                return format!("{}:{number}", path.display());
            }
            continue;
        }
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        let full = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
        if full == key || (section.is_empty() && name == wanted_section && wanted_key.is_empty()) {
            return format!("{}:{number}", path.display());
        }
    }
    path.display().to_string()
}

/// Edits between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
