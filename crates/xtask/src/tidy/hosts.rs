//! No file names a package registry's host: people have mirrors, and the ordinary clients know them.

use super::{Finding, sources::Source};

/// The hosts, in two parts so that this file does not name them either.
const HOSTS: [(&str, &str); 10] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("proxy.golang", ".org"),
    ("sum.golang", ".org"),
    ("maven", ".org"),
    ("rubygems", ".org"),
    ("nuget", ".org"),
];

/// Lock files, which clients write themselves.
const EXEMPT: [&str; 3] = ["Cargo.lock", "package-lock.json", "go.sum"];

/// Checks one file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if EXEMPT.contains(&name) {
        return Vec::new();
    }
    let named = |text: &str| HOSTS.iter().any(|(a, b)| names(text, &format!("{a}{b}")));
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, text)| named(text))
        .map(|(index, _)| {
            source.finding(
                index + 1,
                "name no package registry's host: say which client to use, it knows its registry",
            )
        })
        .collect()
}

/// Whether the host is there as a whole, not as the end of a longer word.
fn names(text: &str, host: &str) -> bool {
    let before = |at: usize| text[..at].chars().next_back();
    text.match_indices(host).any(|(at, _)| !before(at).is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    //! Hosts that fire, and names that only look like them.

    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn a_registry_is_found_in_any_file() {
        for (a, b) in HOSTS {
            let text = format!("# see\nhttps://registry.{a}{b}/thing\n");
            assert_eq!(found("README.md", &text), 1, "{text}");
            assert_eq!(found("Cargo.lock", &text), 0);
        }
    }

    #[test]
    fn other_names_are_not() {
        assert_eq!(found("pom.xml", "https://maven.apache.org/POM/4.0.0"), 0);
        assert_eq!(found("a.rs", concat!("mycrates", ".io")), 0);
    }
}
