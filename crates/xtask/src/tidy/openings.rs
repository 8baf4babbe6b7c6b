//! Every Rust file opens with `//!`: what it is for, before anything else.

use super::{Finding, sources::Source};

/// Checks one file's first line.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    if !source.is_rust() || first.starts_with("//! ") {
        return Vec::new();
    }
    vec![source.finding(1, "open the file with `//!` and what it is for")]
}

#[cfg(test)]
mod tests {
    //! Files that fire, and files that do not.

    use super::*;

    #[test]
    fn a_file_without_an_opening_is_found() {
        for text in ["", "use std::fs;\n", "// a comment\n", "\n//! late\n"] {
            assert_eq!(check(&Source::new("a.rs", text)).len(), 1, "{text:?}");
        }
        assert!(check(&Source::new("a.rs", "//! What it is for.\n")).is_empty());
        assert!(check(&Source::new("a.py", "import os\n")).is_empty());
    }
}
