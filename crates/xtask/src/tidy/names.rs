//! File names say what is inside. `foo.rs` beside `foo/`, and nothing called after its lack of theme.

use super::{Finding, sources::Source};

/// Names that say nothing, and what to do instead.
const BANNED: [(&str, &str); 5] = [
    ("mod.rs", "name it after its module and put it beside the folder"),
    ("utils.rs", "name it after what it does"),
    ("util.rs", "name it after what it does"),
    ("common.rs", "name it after what its users have in common"),
    ("helpers.rs", "name it after what it helps with"),
];

/// Checks one file's name.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let banned = BANNED.iter().filter(|(banned, _)| *banned == name);
    banned.map(|(_, advice)| source.finding(1, *advice)).collect()
}

#[cfg(test)]
mod tests {
    //! Names that fire, and names that do not.

    use super::*;

    #[test]
    fn nameless_files_are_found() {
        for path in ["crates/a/src/mod.rs", "crates/a/src/b/utils.rs", "common.rs"] {
            assert_eq!(check(&Source::new(path, "")).len(), 1, "{path}");
        }
        assert!(check(&Source::new("crates/a/src/model.rs", "")).is_empty());
    }
}
